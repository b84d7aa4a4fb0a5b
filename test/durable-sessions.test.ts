import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Packet, ProtocolLevel } from '../packages/server/src/mqtt/index.ts'
import { ADMIN_TOKEN } from './harness/hatchway.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'
import { MqttConnection } from './harness/mqtt-connection.ts'

const ROUNDS = 6
const PUBLISHERS = 4
/** Messages that a publisher has out at a time. */
const WINDOW = 8
const FILTER = 'test/#'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hatchway-sessions-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

interface Key {
  id: string
  secret: string
}

async function createKey(http: string): Promise<Key> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'test', role: 'application' })
  const response = await fetch(`${http}/api/v1/keys`, { method: 'POST', headers, body })
  if (!response.ok) throw new Error(`keys: ${response.status} ${await response.text()}`)
  return (await response.json()) as Key
}

/** A client whose session outlives its connections. */
async function connect(
  server: HatchwayProcess,
  key: Key,
  clientId: string,
  { level = 4, cleanStart = false }: { level?: ProtocolLevel; cleanStart?: boolean } = {},
) {
  const connection = await MqttConnection.open(server.endpoint, 'tls', { level })
  const connack = await connection.connect({
    ...{ clientId, userName: key.id, password: Buffer.from(key.secret), cleanStart },
    properties: level === 5 ? { sessionExpiryIntervalSeconds: 3600 } : undefined,
  })
  expect(connack.reasonCode).toBe(0)
  return { connection, isPresent: connack.sessionPresent }
}

/** Takes messages by the rules of QoS 1 and 2, over as many connections as it needs, and notes what it was given. */
class Receiver {
  readonly got: string[] = []
  /** QoS 2 messages that came and are not released: the other half of exactly once is the receiver's. */
  readonly #unreleased = new Set<number>()
  #connection: MqttConnection | undefined
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  async comeOnline(server: HatchwayProcess, key: Key, subscribes = false): Promise<void> {
    const { connection, isPresent } = await connect(server, key, this.#name)
    expect(isPresent).toBe(!subscribes)
    this.#connection = connection
    if (subscribes) {
      const subscription = {
        filter: FILTER,
        qos: 2,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      } as const
      connection.send({ type: 'subscribe', packetId: 1, subscriptions: [subscription] })
      await connection.expect('suback')
    }
  }

  /** Until the server is gone, or `enough` says so. */
  async take(enough: () => boolean = () => false): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    while (!enough()) {
      const packet = await connection.next().catch(() => undefined)
      if (packet === undefined) return
      this.#answer(connection, packet)
    }
  }

  async goOffline(): Promise<void> {
    this.#connection?.destroy()
    await this.#connection?.closed
    this.#connection = undefined
  }

  #answer(connection: MqttConnection, packet: Packet): void {
    if (packet.type === 'pubrel') {
      this.#unreleased.delete(packet.packetId)
      connection.send({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 })
    }
    if (packet.type !== 'publish') return
    const { qos, packetId = 0 } = packet
    if (qos === 1 || !this.#unreleased.has(packetId)) this.got.push(packet.payload.toString())
    if (qos === 2) this.#unreleased.add(packetId)
    connection.send({ type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode: 0 })
  }
}

type Step = 'publish' | 'pubrel'

/** Publishes without end, a few messages at a time; after a crash it sends again what was not answered. */
class Sender {
  readonly acknowledged: string[] = []
  readonly #name: string
  readonly #qos: 1 | 2
  readonly #level: ProtocolLevel
  /** By packet identifier, in the order of sending. */
  readonly #open = new Map<number, { payload: string; step: Step }>()
  #count = 0

  constructor(name: string, qos: 1 | 2, level: ProtocolLevel) {
    this.#name = name
    this.#qos = qos
    this.#level = level
  }

  async run(server: HatchwayProcess, key: Key, isOver: () => boolean, onAcknowledged: () => void): Promise<void> {
    const { connection } = await connect(server, key, this.#name, { level: this.#level })
    for (const [packetId, { payload, step }] of this.#open) this.#send(connection, packetId, { payload, step }, true)
    for (;;) {
      while (!isOver() && this.#open.size < WINDOW) this.#sendNext(connection)
      if (this.#open.size === 0) break
      const packet = await connection.next().catch(() => undefined)
      if (packet === undefined) return // killed
      this.#answered(connection, packet)
      onAcknowledged()
    }
    connection.destroy()
    await connection.closed
  }

  #sendNext(connection: MqttConnection): void {
    this.#count++
    const packetId = 1 + (this.#count % 60_000)
    const flow = { payload: `${this.#name} ${this.#count}`, step: 'publish' } as const
    this.#open.set(packetId, flow)
    this.#send(connection, packetId, flow, false)
  }

  #send(connection: MqttConnection, packetId: number, flow: { payload: string; step: Step }, dup: boolean): void {
    if (flow.step === 'pubrel') {
      connection.send({ type: 'pubrel', packetId, reasonCode: 0 })
      return
    }
    const message = { topic: `test/${this.#name}`, payload: Buffer.from(flow.payload), qos: this.#qos, retain: false }
    connection.send({ type: 'publish', ...message, dup, packetId })
  }

  #answered(connection: MqttConnection, packet: Packet): void {
    if (packet.type !== 'puback' && packet.type !== 'pubrec' && packet.type !== 'pubcomp') return
    const flow = this.#open.get(packet.packetId)
    if (flow === undefined) return
    if (packet.type !== 'pubcomp' && flow.step === 'publish') this.acknowledged.push(flow.payload)
    if (packet.type === 'pubrec') {
      flow.step = 'pubrel'
      connection.send({ type: 'pubrel', packetId: packet.packetId, reasonCode: 0 })
    } else this.#open.delete(packet.packetId)
  }
}

const of = (sender: string) => (payload: string) => payload.startsWith(`${sender} `)
const numberOf = (payload: string): number => Number(payload.split(' ')[1])

/** The first time that each came, in the order of coming. */
const firsts = (payloads: readonly string[]): string[] => [...new Set(payloads)]

describe('a server that is killed while messages flow', () => {
  it(`${ROUNDS} times over, delivers what it acknowledged to every session, in order, QoS 2 exactly once`, async () => {
    let server = await HatchwayProcess.start(dataDir)
    const key = await createKey(server.http)
    const [online, away] = [new Receiver('online'), new Receiver('away')]
    for (const receiver of [online, away]) await receiver.comeOnline(server, key, true)
    await away.goOffline()
    const senders = Array.from(
      { length: PUBLISHERS },
      (_, at) => new Sender(`sender-${at}`, at % 2 === 0 ? 1 : 2, at < 2 ? 4 : 5),
    )
    for (let round = 0; round < ROUNDS; round++) {
      const killAfter = 20 + Math.floor(Math.random() * 300)
      let answers = 0
      let killed: Promise<unknown> | undefined
      const answered = (): void => {
        if (++answers >= killAfter) killed ??= server.end('SIGKILL')
      }
      if (round > 0) await online.comeOnline(server, key)
      // The one that is away most of the time is killed in the middle of catching up, too.
      if (round % 2 === 1) await away.comeOnline(server, key)
      const flows = senders.map(sender => sender.run(server, key, () => killed !== undefined, answered))
      await Promise.all([online.take(), away.take(), ...flows])
      await killed
      for (const receiver of [online, away]) await receiver.goOffline()
      server = await HatchwayProcess.start(dataDir)
    }
    await Promise.all(
      senders.map(sender =>
        sender.run(
          server,
          key,
          () => true,
          () => undefined,
        ),
      ),
    )
    for (const receiver of [online, away]) {
      const missing = () =>
        senders.some(({ acknowledged }) => acknowledged.some(payload => !receiver.got.includes(payload)))
      await receiver.comeOnline(server, key)
      await receiver.take(() => !missing())
      await receiver.goOffline()
    }
    for (const { got } of [online, away]) {
      for (const [at, { acknowledged }] of senders.entries()) {
        expect(acknowledged.length).toBeGreaterThan(0)
        const mine = got.filter(of(`sender-${at}`))
        if (at % 2 === 1) expect(mine).toEqual(acknowledged) // exactly once, in order
        const order = firsts(mine).map(numberOf)
        expect(order).toEqual(order.toSorted((one, other) => one - other))
      }
    }
    expect(await server.end('SIGTERM')).toBe(0)
  }, 180_000)
})

describe('a server that is killed while a session is owed something', () => {
  async function crash(server: HatchwayProcess): Promise<HatchwayProcess> {
    await server.end('SIGKILL')
    return HatchwayProcess.start(dataDir)
  }

  const payloads = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at))

  async function publishAll(connection: MqttConnection, count: number, retain: boolean): Promise<void> {
    for (const [at, payload] of payloads(count).entries()) {
      const topic = `test/${payload}`
      const message = { topic, payload: Buffer.from(payload), qos: 1, retain, dup: false } as const
      connection.send({ type: 'publish', ...message, packetId: at + 1 })
    }
    for (let answered = 0; answered < count; answered++) await connection.expect('puback')
  }

  async function subscribe(connection: MqttConnection, filter: string): Promise<void> {
    const rest = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    connection.send({ type: 'subscribe', packetId: 1, subscriptions: [{ filter, ...rest }] })
    await connection.expect('suback')
  }

  /** Acknowledges what comes until that many different messages have come. */
  async function take(connection: MqttConnection, count: number): Promise<Set<string>> {
    const got = new Set<string>()
    while (got.size < count) {
      const { payload, packetId = 0 } = await connection.expect('publish')
      got.add(payload.toString())
      connection.send({ type: 'puback', packetId, reasonCode: 0 })
    }
    return got
  }

  it('sends all of the retained messages of its subscription, of which the first were on their way', async () => {
    let server = await HatchwayProcess.start(dataDir)
    const key = await createKey(server.http)
    const count = 300 // more than the server has out to one client
    const publisher = await connect(server, key, 'publisher')
    await publishAll(publisher.connection, count, true)
    const cutOff = await connect(server, key, 'subscriber')
    await subscribe(cutOff.connection, FILTER)
    await take(cutOff.connection, 10)
    server = await crash(server)
    const back = await connect(server, key, 'subscriber')
    expect(back.isPresent).toBe(true)
    expect(await take(back.connection, count)).toEqual(new Set(payloads(count)))
    expect(await server.end('SIGTERM')).toBe(0)
  })

  it('gives the queue of a shared group’s member that ends to the others', async () => {
    let server = await HatchwayProcess.start(dataDir)
    const key = await createKey(server.http)
    const shared = `$share/workers/${FILTER}`
    const member = await connect(server, key, 'member')
    await subscribe(member.connection, shared)
    member.connection.destroy()
    await member.connection.closed
    const publisher = await connect(server, key, 'publisher')
    await publishAll(publisher.connection, 20, false)
    server = await crash(server)
    const other = await connect(server, key, 'other')
    await subscribe(other.connection, shared)
    await connect(server, key, 'member', { cleanStart: true })
    expect(await take(other.connection, 20)).toEqual(new Set(payloads(20)))
    expect(await server.end('SIGTERM')).toBe(0)
  })
})
