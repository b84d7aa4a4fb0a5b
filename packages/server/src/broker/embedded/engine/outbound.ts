import type { ProtocolLevel, Puback, Pubcomp, Pubrec, Qos } from '../../../mqtt/index.ts'
import { type Effect, nothing, pump } from './effects.ts'
import { Fifo } from './fifo.ts'

export interface OutboundLimits {
  /** Messages sent and not acknowledged: the client's Receive Maximum, or the server's own bound. [MQTT-3.3.4-9] */
  readonly window: number
  readonly queuedMessages: number
  readonly queuedBytes: number
}

/** Either kind of outgoing flow, as far as the two are alike. */
export interface OutboundFlow<Message> {
  readonly queuedMessages: number
  readonly queuedBytes: number
  /** How full the queue is, 0 to 1: the fuller of its two bounds. */
  readonly fullness: number
  /** Whether a message offered now would go out at once, as far as the client's window goes. */
  readonly sendsAtOnce: boolean
  /** Whether there is something to `take`. */
  readonly isReady: boolean
  /** The usual PUBACK, without a packet object. */
  acknowledgeQos1(packetId: number): readonly Effect<Message>[]
  acknowledge(packet: Puback | Pubrec | Pubcomp): readonly Effect<Message>[]
}

/** One message that waits for the window. */
export interface Queued<Message> {
  readonly message: Message
  readonly qos: 1 | 2
  readonly sizeBytes: number
}

/** What to do with a QoS 1 or 2 message: a packet identifier (> 0) to send it with at once, or one of the two below. */
export type Offer = number
export const queueIt = 0
/** The queue is full: the client reads too slowly. */
export const overflow = -1

type Awaits = 'puback' | 'pubrec' | 'pubcomp'

/** A QoS 1 message that someone else gets if this client does not acknowledge it. */
interface Held<Message> {
  readonly message: Message
}

/**
 * The server's half of QoS 1 and 2 towards one client: which packet identifiers are out and what waits behind them.
 * Knows nothing of bytes: it says which message goes when.
 */
export class Outbound<Message> implements OutboundFlow<Message> {
  readonly #level: ProtocolLevel
  readonly #limits: OutboundLimits
  /** Made when first needed: most clients are never sent anything but QoS 0. */
  #inFlight: Map<number, Awaits | Held<Message>> | undefined
  #queue: Fifo<Queued<Message>> | undefined
  #queuedBytes = 0
  #lastPacketId = 0

  constructor(level: ProtocolLevel, limits: OutboundLimits) {
    this.#level = level
    this.#limits = limits
  }

  get inFlight(): number {
    return this.#inFlight === undefined ? 0 : this.#inFlight.size
  }

  get queuedMessages(): number {
    return this.#queue?.length ?? 0
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** How full the queue is, 0 to 1: the fuller of its two bounds. */
  get fullness(): number {
    if (this.#queue === undefined) return 0
    const { queuedMessages, queuedBytes } = this.#limits
    return Math.max(this.#queue.length / queuedMessages, this.#queuedBytes / queuedBytes)
  }

  /** `mayWrite`: the link can take bytes now. Messages keep their order: nothing overtakes the queue. [MQTT-4.6.0-6] */
  offer(qos: 1 | 2, sizeBytes: number, mayWrite: boolean): Offer {
    if (mayWrite && this.queuedMessages === 0 && this.#hasRoom()) return this.#send(qos)
    const { queuedMessages, queuedBytes } = this.#limits
    if (this.queuedMessages >= queuedMessages || this.#queuedBytes + sizeBytes > queuedBytes) return overflow
    return queueIt
  }

  /** Queues what `offer` said to queue. */
  enqueue(queued: Queued<Message>): void {
    this.#queue ??= new Fifo()
    this.#queue.push(queued)
    this.#queuedBytes += queued.sizeBytes
  }

  /** Whether a message offered now would go out at once, as far as the client's window goes. */
  get sendsAtOnce(): boolean {
    return this.queuedMessages === 0 && this.#hasRoom()
  }

  /** A message that `take` gave is not sent after all. */
  discard(packetId: number): void {
    this.#inFlight?.delete(packetId)
  }

  /** Whether `take` would give something. */
  get isReady(): boolean {
    return this.queuedMessages > 0 && this.#hasRoom()
  }

  /** The next queued message, if the window has room; send it with the packet identifier. */
  take(): { queued: Queued<Message>; packetId: number } | undefined {
    if (!this.#hasRoom()) return undefined
    const queued = this.#queue?.shift()
    if (queued === undefined) return undefined
    this.#queuedBytes -= queued.sizeBytes
    return { queued, packetId: this.#send(queued.qos) }
  }

  /** Keeps a QoS 1 message that was sent until it is acknowledged. */
  hold(packetId: number, message: Message): void {
    this.#inFlight?.set(packetId, { message })
  }

  /** The messages that are held, in their order. */
  held(): readonly Message[] {
    return [...(this.#inFlight?.values() ?? [])].flatMap(held => (typeof held === 'object' ? held.message : []))
  }

  /** The messages that wait for the window, in their order. */
  waiting(): readonly Message[] {
    return [...(this.#queue?.values() ?? [])].map(({ message }) => message)
  }

  clear(): void {
    this.#inFlight = undefined
    this.#queue = undefined
    this.#queuedBytes = 0
  }

  /** The usual PUBACK, without a packet object: this runs for every QoS 1 message. */
  acknowledgeQos1(packetId: number): readonly Effect[] {
    const awaits = this.#inFlight?.get(packetId)
    if (awaits !== 'puback' && typeof awaits !== 'object') return nothing // late or unknown: harmless
    this.#inFlight?.delete(packetId)
    return this.queuedMessages > 0 ? pump : nothing
  }

  acknowledge(packet: Puback | Pubrec | Pubcomp): readonly Effect[] {
    if (packet.type === 'puback') return this.acknowledgeQos1(packet.packetId)
    return packet.type === 'pubrec' ? this.#received(packet) : this.#completed(packet.packetId)
  }

  #received({ packetId, reasonCode }: Pubrec): readonly Effect[] {
    const awaits = this.#inFlight?.get(packetId)
    if (awaits === 'pubrec' && reasonCode >= 0x80) {
      this.#inFlight?.delete(packetId) // refused by the client: the flow ends here [MQTT-4.3.3-4]
      return this.queuedMessages > 0 ? pump : nothing
    }
    const known = awaits === 'pubrec' || awaits === 'pubcomp'
    if (known) this.#inFlight?.set(packetId, 'pubcomp')
    const code = known || this.#level !== 5 ? 0 : 0x92
    return [{ do: 'send', packet: { type: 'pubrel', packetId, reasonCode: code } }]
  }

  #completed(packetId: number): readonly Effect[] {
    if (this.#inFlight?.get(packetId) !== 'pubcomp') return nothing
    this.#inFlight?.delete(packetId)
    return this.queuedMessages > 0 ? pump : nothing
  }

  #hasRoom(): boolean {
    return this.inFlight < this.#limits.window
  }

  #send(qos: Qos): number {
    // The window is below 65,535, so a free packet identifier exists. [MQTT-2.2.1-4]
    this.#inFlight ??= new Map()
    const inFlight = this.#inFlight
    do this.#lastPacketId = this.#lastPacketId === 0xffff ? 1 : this.#lastPacketId + 1
    while (inFlight.has(this.#lastPacketId))
    inFlight.set(this.#lastPacketId, qos === 1 ? 'puback' : 'pubrec')
    return this.#lastPacketId
  }
}
