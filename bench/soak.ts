import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { secretLoginConnect } from '@hatchway/protocol'
import { Child } from './child.ts'
import { fitLine } from './figures.ts'
import { HatchwayServer } from './hatchway-server.ts'
import { LOAD_CORE, machineLine, processCpuUs, processRssBytes } from './machine.ts'
import { type MemoryProbe, PROBED } from './memory-probe.ts'
import { deviceNameOf } from './mqtt-bytes.ts'
import { readOptions } from './options.ts'
import type { BenchReport } from './report.ts'
import type { SoakLoad, SoakReport } from './soak-load.ts'

const SAMPLE_MS = 1000
const TELL_EVERY_SAMPLES = 15
/** Growth of the fitted line, beyond what chance explains, over what was looked at. */
const FLAT_SHARE = 0.1
const MB = 1024 * 1024

interface Memory {
  /** MB. */
  first: number
  last: number
  mean: number
  /** MB over the time that was looked at, and twice its standard error. */
  growth: number
  error: number
  seconds: number
  isFlat: boolean
}

/** Looks at the last two thirds of the samples (seconds, bytes): in the first, code and caches warm up. */
export function memoryTrend(samples: readonly (readonly [number, number])[]): Memory {
  const looked = samples.slice(Math.floor(samples.length / 3))
  const [firstAt = 0, first = 0] = looked.at(0) ?? []
  const [lastAt = 0, last = 0] = looked.at(-1) ?? []
  const seconds = lastAt - firstAt
  const { slope, slopeError } = fitLine(looked)
  const mean = looked.reduce((sum, [, bytes]) => sum + bytes, 0) / looked.length
  const growth = slope * seconds
  const error = 2 * slopeError * seconds
  const isFlat = growth - error <= FLAT_SHARE * mean
  return {
    first: first / MB,
    last: last / MB,
    mean: mean / MB,
    growth: growth / MB,
    error: error / MB,
    seconds,
    isFlat,
  }
}

/** Clients that come and go for minutes; fails when memory grows or an acknowledged message is lost. */
export async function run(args: readonly string[]): Promise<BenchReport> {
  const options = readOptions(args, {
    minutes: { from: 1, to: 1440, default: 10 },
    clients: { from: 10, to: 8000, default: 2000 },
    rate: { from: 10, to: 20_000, default: 2000 },
    persistent: { from: 0, to: 100, default: 50 },
  })
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const hatchway = await HatchwayServer.start(join(folder, 'data'), PROBED)
  let clients: Child | undefined
  try {
    const file = join(folder, 'load.json')
    writeFileSync(file, JSON.stringify(await loadOf(hatchway, options)))
    clients = new Child(LOAD_CORE, fileURLToPath(new URL('soak-load.ts', import.meta.url)), [file])
    const done = clients.message<SoakReport>()
    const heapEarly = heapAfter(hatchway.child, (options.minutes * 60_000) / 3)
    heapEarly.catch(() => {}) // if the server ends, `done` says so
    const samples = await sampled(hatchway.child, done)
    const cpuSeconds = processCpuUs(hatchway.child.pid) / 1e6
    const heap = { early: await heapEarly, late: await heapAfter(hatchway.child, 0) }
    return report(options, await done, { samples, heap, cpuSeconds })
  } finally {
    await clients?.stop()
    await hatchway.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** MB of the JavaScript heap that a forced collection leaves. */
async function heapAfter(server: Child, delayMs: number): Promise<number> {
  await sleep(delayMs, undefined, { ref: false })
  server.tell('memory')
  return (await server.message<MemoryProbe>()).heapUsed / MB
}

interface Observed {
  samples: [number, number][]
  heap: { early: number; late: number }
  cpuSeconds: number
}

interface Options {
  minutes: number
  clients: number
  rate: number
  persistent: number
}

async function loadOf(hatchway: HatchwayServer, options: Options): Promise<SoakLoad> {
  const { productKey } = await hatchway.createProduct({})
  const devices = Array.from({ length: options.clients }, (_, index) => {
    return { productKey, deviceName: deviceNameOf(index), deviceSecret: randomBytes(16).toString('hex') }
  })
  await hatchway.importDevices(
    productKey,
    devices.map(({ deviceName, deviceSecret }) => `${deviceName},${deviceSecret}`),
  )
  const { id, secret } = await hatchway.createApplicationKey(productKey)
  return {
    port: hatchway.port,
    caFile: hatchway.caFile,
    productKey,
    devices: devices.map((device, index) => {
      const persistent = (index * options.persistent) % 100 < options.persistent && options.persistent > 0
      return { name: device.deviceName, login: secretLoginConnect({ ...device, secureMode: 3 }), persistent }
    }),
    application: { userName: id, password: secret },
    ratePerSecond: options.rate,
    durationMs: options.minutes * 60_000,
  }
}

/** Resident memory once a second until the clients are done, as [seconds, bytes]. */
async function sampled(server: Child, done: Promise<unknown>): Promise<[number, number][]> {
  const samples: [number, number][] = []
  const started = performance.now()
  const sample = (): void => {
    const seconds = (performance.now() - started) / 1000
    samples.push([seconds, processRssBytes(server.pid)])
    if (samples.length % TELL_EVERY_SAMPLES !== 0) return
    console.error(`${seconds.toFixed(0)} s: ${((samples.at(-1)?.[1] ?? 0) / MB).toFixed(1)} MB`)
  }
  const timer = setInterval(() => {
    if (!server.hasEnded) sample()
  }, SAMPLE_MS)
  await done.finally(() => clearInterval(timer))
  return samples
}

function report(options: Options, soak: SoakReport, { samples, heap, cpuSeconds }: Observed): BenchReport {
  const memory = memoryTrend(samples)
  const { lostDown, lostUp, sessionsLost, closedByServer, refused } = soak
  const wrong = [
    ...(lostDown + lostUp > 0 ? [`${lostDown + lostUp} acknowledged messages were lost`] : []),
    ...(sessionsLost > 0 ? [`${sessionsLost} persistent sessions were gone`] : []),
    ...(closedByServer > 0 ? [`the server closed ${closedByServer} connections`] : []),
    ...Object.entries(refused).map(([code, count]) => `${count} CONNECTs were answered by ${code}`),
    ...(memory.isFlat ? [] : [`memory grew by ${memory.growth.toFixed(1)} MB`]),
  ]
  const { minutes, clients, rate, persistent } = options
  const growth = `${memory.growth.toFixed(1)} ± ${memory.error.toFixed(1)} MB in ${memory.seconds.toFixed(0)} s`
  const heapText = `${heap.early.toFixed(1)} MB / ${heap.late.toFixed(1)} MB`
  return {
    name: 'soak',
    how:
      `${clients} clients that come and go for ${minutes} minutes, ${persistent} % of them with persistent sessions, ` +
      `${rate} QoS 1 messages a second`,
    machine: machineLine(),
    versions: {},
    tables: [
      {
        title: wrong.length === 0 ? 'Passed' : `Failed: ${wrong.join('; ')}`,
        columns: ['', ''],
        rows: [
          ['connections made', soak.connects.toLocaleString('en')],
          ['told to come later (code 3)', soak.postponed.toLocaleString('en')],
          ['messages to devices', soak.sentDown.toLocaleString('en')],
          ['messages from devices', soak.sentUp.toLocaleString('en')],
          ['acknowledged and lost', (lostDown + lostUp).toLocaleString('en')],
          ['delivered twice', soak.duplicates.toLocaleString('en')],
          ['persistent sessions gone', sessionsLost.toLocaleString('en')],
          ['connections closed by the server', closedByServer.toLocaleString('en')],
          ['resident memory, mean', `${memory.mean.toFixed(1)} MB`],
          ['growth of the fitted line', growth],
          ['JavaScript heap after a collection, at a third / at the end', heapText],
          ['CPU of server / clients', `${cpuSeconds.toFixed(1)} s / ${soak.cpuSeconds.toFixed(1)} s`],
        ],
      },
    ],
    notes: [],
    figures: { options, soak, memory, heap, samples },
    passed: wrong.length === 0,
  }
}
