import { type Connect, decode, encode, Framer, type Packet, type ProtocolLevel } from '../../mqtt/index.ts'
import type { Attachment, AttachRequest, BrokerIncident, DrainListener, Identity, Link, Presence } from '../port.ts'
import { createEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from './broker.ts'
import type { BrokerSettings } from './settings.ts'

/** A link whose bytes end in memory. `unread` of them are pretended to wait in the socket. */
export class FakeLink implements Link {
  readonly address = '192.0.2.1'
  readonly transport = 'tls'
  drainListener: DrainListener | undefined
  pendingBytes = 0
  writes = 0
  isPaused = false
  hasEnded = false
  isDestroyed = false
  /** Whether the peer takes what is written. */
  isRead = true
  readonly #framer = new Framer({ maxPacketSizeBytes: 2 ** 28 })

  write(bytes: Uint8Array): void {
    this.writes++
    if (!this.isRead) this.pendingBytes += bytes.length
    this.#framer.push(Buffer.from(bytes))
  }

  /** The peer reads all that waits, and goes on reading. */
  drain(): void {
    this.isRead = true
    this.pendingBytes = 0
    this.drainListener?.drained()
  }

  pauseReading(): void {
    this.isPaused = true
  }

  resumeReading(): void {
    this.isPaused = false
  }

  end(): void {
    this.hasEnded = true
  }

  destroy(): void {
    this.isDestroyed = true
  }

  /** What came since the last call. */
  take(level: ProtocolLevel): Packet[] {
    const packets: Packet[] = []
    while (this.#framer.next()) packets.push(decode(this.#framer, level))
    return packets
  }
}

export interface AttachOptions {
  readonly level?: ProtocolLevel
  readonly connect?: Partial<Connect>
  readonly keepAliveSeconds?: number
  readonly keepAliveChanged?: boolean
  readonly serverSubscriptions?: readonly string[]
}

/** A client of a broker under test; `received` gives what it was sent after the CONNACK. */
export class FakeClient {
  readonly link = new FakeLink()
  readonly level: ProtocolLevel
  readonly connack: Packet | undefined
  readonly #behindConnack: Packet[]
  readonly #attachment: Attachment
  readonly #rig: Rig

  constructor(rig: Rig, identity: Identity, options: AttachOptions) {
    const { level = 4, connect, keepAliveSeconds = 60, keepAliveChanged = false, serverSubscriptions = [] } = options
    this.level = level
    this.#rig = rig
    const request: AttachRequest = {
      identity,
      connect: { type: 'connect', protocolLevel: level, cleanStart: true, keepAliveSeconds, clientId: 'c', ...connect },
      link: this.link,
      keepAliveSeconds,
      keepAliveChanged,
      serverSubscriptions,
    }
    this.#attachment = rig.broker.attach(request)
    rig.runTurns()
    const [connack, ...behind] = this.link.take(level)
    this.connack = connack
    this.#behindConnack = behind
  }

  get isOpen(): boolean {
    return !this.link.hasEnded && !this.link.isDestroyed
  }

  /** Sends packets in one chunk and lets the broker come to rest. */
  send(...packets: Packet[]): void {
    this.sendBytes(Buffer.concat(packets.map(packet => encode(packet, this.level))))
  }

  sendBytes(bytes: Buffer): void {
    this.push(bytes)
    this.#rig.runTurns()
  }

  /** The same without the end of the turn. */
  push(bytes: Buffer): void {
    this.#attachment.receive(bytes)
  }

  publish(topic: string, payload = 'x', rest: { qos?: 0 | 1 | 2; packetId?: number; retain?: boolean } = {}): void {
    this.send(publishPacket(topic, payload, rest))
  }

  subscribe(...filters: string[]): void {
    this.subscribeAt(1, ...filters)
  }

  /** Subscribes and takes the SUBACK. */
  subscribeAt(qos: 0 | 1 | 2, ...filters: string[]): readonly number[] {
    const subscriptions = filters.map(filter => ({ ...plainSubscription, filter, qos }))
    this.send({ type: 'subscribe', packetId: 1, subscriptions })
    const [suback] = this.received()
    if (suback?.type !== 'suback') throw new Error(`expected SUBACK, got ${suback?.type}`)
    return suback.reasonCodes
  }

  received(): Packet[] {
    return [...this.#behindConnack.splice(0), ...this.link.take(this.level)]
  }

  /** Topic, payload and QoS of the messages it was sent. */
  messages(): string[] {
    return this.received().flatMap(packet =>
      packet.type === 'publish' ? [`${packet.topic} ${packet.payload.toString()} ${packet.qos}`] : [],
    )
  }

  hangUp(): void {
    this.#attachment.closed()
    this.#rig.runTurns()
  }
}

export const plainSubscription = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const

export function publishPacket(
  topic: string,
  payload: string,
  { qos = 0, packetId = 1, retain = false }: { qos?: 0 | 1 | 2; packetId?: number; retain?: boolean } = {},
): Packet {
  const packet = { type: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup: false } as const
  return qos === 0 ? packet : { ...packet, packetId }
}

export function device(deviceName = 'dev1', productKey = 'pk1'): Identity {
  return { kind: 'device', sessionId: `${productKey}/${deviceName}`, productKey, deviceName, clientId: null }
}

export function application(products: readonly string[] | 'all' = 'all', clientId = 'app'): Identity {
  const covered = products === 'all' ? products : new Set(products)
  return { kind: 'application', sessionId: `@key1/${clientId}`, keyId: 'key1', products: covered }
}

/** A broker whose turns and sweeps happen when the test says so. */
export interface Rig {
  readonly broker: EmbeddedBroker
  readonly presence: Presence[]
  readonly incidents: BrokerIncident[]
  readonly errors: unknown[]
  client(identity: Identity, options?: AttachOptions): FakeClient
  /** Ends the turn. */
  runTurn(): void
  /** Ends the turn, and those that follow from it. */
  runTurns(): void
  /** Puts the clock on, without a sweep. */
  advance(milliseconds: number): void
  /** Seconds pass for keep alive and patience. */
  sweep(times?: number): void
}

const mostTurns = 1000

export function rig(settings: Partial<BrokerSettings> = {}, more: Partial<EmbeddedBrokerOptions> = {}): Rig {
  const scheduled: (() => void)[] = []
  const presence: Presence[] = []
  const incidents: BrokerIncident[] = []
  const errors: unknown[] = []
  let now = 1_700_000_000_000
  let sweep = (): void => {}
  const broker = createEmbeddedBroker({
    settings,
    now: () => now,
    onError: error => errors.push(error),
    schedule: run => scheduled.push(run),
    // A flush that waits for more is one turn later here.
    after(delayMs, run) {
      if (delayMs <= 1) scheduled.push(run)
      const timer = delayMs > 1 ? setTimeout(run, delayMs) : undefined
      return () => clearTimeout(timer)
    },
    every: (_intervalMs, run) => {
      sweep = run
      return () => {}
    },
    ...more,
  })
  broker.onPresence(event => presence.push(event))
  broker.onIncident(incident => incidents.push(incident))
  const runTurns = () => {
    for (let turn = 0; scheduled.length > 0; turn++) {
      if (turn > mostTurns) throw new Error('the broker does not come to rest')
      scheduled.shift()?.()
    }
  }
  const made: Rig = {
    broker,
    presence,
    incidents,
    errors,
    client: (identity, options = {}) => new FakeClient(made, identity, options),
    runTurn: () => scheduled.shift()?.(),
    runTurns,
    advance(milliseconds) {
      now += milliseconds
    },
    sweep(times = 1) {
      for (let time = 0; time < times; time++) sweep()
      runTurns()
    },
  }
  return made
}
