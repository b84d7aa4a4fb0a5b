import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { Ledger } from './ledger.ts'
import { type Login, publishBytes } from './mqtt-bytes.ts'
import { SoakClient } from './soak-client.ts'

/** The clients of the soak test. Argument: a file with JSON of `SoakLoad`. Prints one JSON line `SoakReport`. */
export interface SoakLoad {
  port: number
  caFile: string
  productKey: string
  devices: readonly { name: string; login: Login; persistent: boolean }[]
  application: { userName: string; password: string }
  /** Messages a second, half to devices, half from them. */
  ratePerSecond: number
  durationMs: number
}
export interface SoakReport {
  /** Acknowledged messages that never arrived, to devices and from devices. */
  lostDown: number
  lostUp: number
  sentDown: number
  sentUp: number
  duplicates: number
  connects: number
  /** Code 3: try again later. */
  postponed: number
  refused: Record<string, number>
  /** Connections that the server closed on a client that had done nothing wrong. */
  closedByServer: number
  /** Persistent sessions that were gone when their client came back. */
  sessionsLost: number
  cpuSeconds: number
}

const LOAD = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as SoakLoad
const secureContext = createSecureContext({ ca: readFileSync(LOAD.caFile) })
const LIFE_MS = { from: 5000, to: 30_000 }
const AWAY_MS = { from: 500, to: 8000 }
const RAMP_MS = 10_000
const FOLLOWER_LIFE_MS = { from: 15_000, to: 40_000 }
const FOLLOWER_AWAY_MS = { from: 200, to: 2000 }
const QUIESCE_TIMEOUT_MS = 30_000
const PUBLISHERS = 4
const TICK_MS = 10
const UNACKNOWLEDGED_A_DEVICE = 10
const UNACKNOWLEDGED_A_PUBLISHER = 500
const LATER = 3
const RETRY_MS = 1000
const PING_MS = 30_000

const report: SoakReport = {
  ...{ lostDown: 0, lostUp: 0, sentDown: 0, sentUp: 0, duplicates: 0, connects: 0, postponed: 0 },
  ...{ refused: {}, closedByServer: 0, sessionsLost: 0, cpuSeconds: 0 },
}
const over = new AbortController()
const between = ({ from, to }: { from: number; to: number }): number => from + Math.random() * (to - from)
const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: over.signal }).catch(() => {})
/** Sending goes on. */
let isRunning = true

/** Opens a connection, as often as the server says "later"; undefined when it refuses. */
async function opened(make: () => SoakClient): Promise<{ client: SoakClient; sessionPresent: boolean } | undefined> {
  for (;;) {
    const client = make()
    const { code, sessionPresent } = await client.open()
    if (code === 0) {
      report.connects++
      return { client, sessionPresent }
    }
    if (code !== LATER) {
      report.refused[code] = (report.refused[code] ?? 0) + 1
      return undefined
    }
    report.postponed++
    await sleep(RETRY_MS)
  }
}

class Device {
  /** Messages to it, and from it. */
  readonly down = new Ledger()
  readonly up = new Ledger()
  readonly downTemplate: Buffer
  readonly #upTemplate: Buffer
  readonly #filter: string
  readonly #login: Login
  readonly #persistent: boolean
  #client: SoakClient | undefined
  #next = 0
  #knowsSession = false
  /** Whether messages may be sent to it: a persistent session takes them while its device is away. */
  isTarget = false

  constructor({ name, login, persistent }: SoakLoad['devices'][number], index: number) {
    this.#filter = `/${LOAD.productKey}/${name}/user/get`
    this.#login = login
    this.#persistent = persistent
    this.downTemplate = publishBytes(this.#filter, { qos: 1, sender: index })
    this.#upTemplate = publishBytes(`/${LOAD.productKey}/${name}/user/update`, { qos: 1, sender: index })
  }

  async live(): Promise<void> {
    await pause(Math.random() * RAMP_MS)
    while (isRunning) {
      await this.#come()
      await pause(between(LIFE_MS))
      if (!isRunning) break
      await this.#go()
      await pause(between(AWAY_MS))
    }
    // To fetch what waits for it.
    if (this.#persistent && this.#client?.isOpen !== true) await this.#come()
  }

  get mayPublish(): boolean {
    return this.#client?.isOpen === true && this.#client.unacknowledged < UNACKNOWLEDGED_A_DEVICE && this.isTarget
  }

  publish(): void {
    const number = this.#next++
    const { up } = this
    up.sent(number)
    report.sentUp++
    this.#client?.publish(this.#upTemplate, number, {
      acknowledged: () => up.acknowledged(number),
      abandoned: () => up.abandoned(number),
    })
  }

  ping(): void {
    this.#client?.ping()
  }

  async #come(): Promise<void> {
    const result = await opened(
      () =>
        new SoakClient({
          ...{ port: LOAD.port, login: this.#login, clean: !this.#persistent, secureContext: undefined },
          onMessage: (_, number) => this.down.received(number),
          onLost: () => this.#lost(),
        }),
    )
    if (result === undefined) return
    this.#client = result.client
    if (this.#knowsSession && !result.sessionPresent) report.sessionsLost++
    if (!result.sessionPresent && (await result.client.subscribe(this.#filter)) !== 1) return
    this.#knowsSession = this.#persistent
    this.isTarget = true
  }

  async #go(): Promise<void> {
    if (this.#persistent) {
      this.#client?.leave(Math.random() < 0.5)
      return
    }
    // Whatever the server owes to a session that its device ends is not lost: so it ends when nothing is owed.
    this.isTarget = false
    await drained(() => this.down.underWay === 0 && this.#client?.unacknowledged === 0)
    report.lostDown += this.down.close()
    this.#client?.leave(true)
  }

  #lost(): void {
    report.closedByServer++
    if (this.#persistent) return
    this.isTarget = false
    this.down.close()
  }
}

async function drained(isDrained: () => boolean): Promise<boolean> {
  const deadline = performance.now() + QUIESCE_TIMEOUT_MS
  while (!isDrained()) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}

const devices = LOAD.devices.map((device, index) => new Device(device, index))
const application = (clientId: string, clean: boolean, onMessage: (sender: number, number: number) => void) => () =>
  new SoakClient({
    ...{ port: LOAD.port, login: { clientId, ...LOAD.application }, clean, secureContext, onMessage },
    onLost: () => {
      report.closedByServer++
    },
  })

/** An application that is to get every message of every device, and is away now and then. */
let follower: SoakClient | undefined
let isFollowed = false
async function follow(persistent: boolean): Promise<void> {
  const make = application('follower', !persistent, (sender, number) => devices[sender]?.up.received(number))
  for (let first = true; isRunning; first = false) {
    const result = await opened(make)
    if (result === undefined) return
    follower = result.client
    if (!first && !result.sessionPresent) report.sessionsLost++
    if (!result.sessionPresent) await follower.subscribe(`/${LOAD.productKey}/+/user/update`)
    isFollowed = true
    // One whose session ends with its connection would miss what comes meanwhile: it stays.
    await pause(persistent ? between(FOLLOWER_LIFE_MS) : LOAD.durationMs)
    if (!isRunning) break
    follower.leave(false)
    await pause(between(FOLLOWER_AWAY_MS))
  }
  if (follower?.isOpen !== true) await opened(make)
}

/** Applications that send to devices, and lose their connections now and then. */
const publishers: (SoakClient | undefined)[] = []
async function serve(index: number): Promise<void> {
  while (isRunning) {
    const result = await opened(application(`publisher${index}`, true, () => {}))
    publishers[index] = result?.client
    await pause(between(LIFE_MS))
    if (isRunning) result?.client.leave(false)
  }
}

let turn = 0
function sendDown(): void {
  const publisher = publishers[turn++ % PUBLISHERS]
  const device = devices[Math.floor(Math.random() * devices.length)]
  if (publisher?.isOpen !== true || publisher.unacknowledged >= UNACKNOWLEDGED_A_PUBLISHER) return
  if (device?.isTarget !== true) return
  const { down } = device
  const number = report.sentDown++
  down.sent(number)
  publisher.publish(device.downTemplate, number, {
    acknowledged: () => down.acknowledged(number),
    abandoned: () => down.abandoned(number),
  })
}

function sendUp(): void {
  const device = devices[Math.floor(Math.random() * devices.length)]
  if (isFollowed && device?.mayPublish === true) device.publish()
}

const persistent = LOAD.devices.some(device => device.persistent)
const lives = [
  ...devices.map(device => device.live()),
  follow(persistent),
  ...Array.from({ length: PUBLISHERS }, (_, index) => serve(index)),
]
let due = 0
const ticks = setInterval(() => {
  due += (LOAD.ratePerSecond * TICK_MS) / 2000
  for (; due >= 1; due--) {
    sendDown()
    sendUp()
  }
}, TICK_MS)
const pings = setInterval(() => {
  for (const device of devices) device.ping()
  for (const client of [follower, ...publishers]) client?.ping()
}, PING_MS)

await sleep(LOAD.durationMs)
isRunning = false
clearInterval(ticks)
over.abort()
await Promise.all(lives)
await drained(() => devices.every(({ down, up }) => down.owed === 0 && up.owed === 0))
clearInterval(pings)
for (const { down, up } of devices) {
  report.lostDown += down.close()
  report.lostUp += up.close()
  report.duplicates += down.duplicates + up.duplicates
}
const { user, system } = process.cpuUsage()
report.cpuSeconds = (user + system) / 1e6
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
