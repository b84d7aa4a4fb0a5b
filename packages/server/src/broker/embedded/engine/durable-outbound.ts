import type { ProtocolLevel, Puback, Pubcomp, Pubrec } from '../../../mqtt/index.ts'
import { type Effect, nothing, pump } from './effects.ts'
import type { Entry } from './entry.ts'
import { Fifo } from './fifo.ts'
import type { OutboundFlow, OutboundLimits } from './outbound.ts'

export interface DurableOutboundOptions {
  readonly level: ProtocolLevel
  readonly limits: OutboundLimits
}

export type NewEntry<Message> = Pick<Entry<Message>, 'qos' | 'sizeBytes' | 'message'>

/** Packet identifiers that are never in use at the same time, so that a free one is found. */
const spareIds = 1024
const maxEntries = 0xffff - spareIds

/**
 * The server's half of QoS 1 and 2 towards a client whose session outlives its connections. Each message has its packet
 * identifier from the moment it is queued. A new connection gets everything that is not settled again, in the order of
 * the first time and under the same packet identifiers. [MQTT-4.4.0-1] [MQTT-4.6.0-1]
 */
export class DurableOutbound<Message> implements OutboundFlow<Message> {
  /** All that is not settled, by packet identifier, in their order. */
  readonly #entries = new Map<number, Entry<Message>>()
  /** Those that were not sent on this connection. */
  #waiting = new Fifo<Entry<Message>>()
  #level: ProtocolLevel
  #limits: OutboundLimits
  #inFlight = 0
  #queuedBytes = 0
  #lastPacketId = 0
  #lastSequence = 0
  #sentUpTo = 0

  constructor({ level, limits }: DurableOutboundOptions) {
    this.#level = level
    this.#limits = limits
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Messages that are not settled, those in flight included. */
  get queuedMessages(): number {
    return this.#entries.size
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get fullness(): number {
    const { queuedMessages, queuedBytes } = this.#limits
    return Math.max(this.#entries.size / queuedMessages, this.#queuedBytes / queuedBytes)
  }

  /** The last message that was ever sent. */
  get sentUpTo(): number {
    return this.#sentUpTo
  }

  /** Whether a message added now would go out at once, as far as the client's window goes. */
  get sendsAtOnce(): boolean {
    return this.#waiting.length === 0 && this.#inFlight < this.#limits.window
  }

  /** Whether `take` would give something. */
  get isReady(): boolean {
    const first = this.#waiting.first
    return first !== undefined && this.#inFlight < this.#limits.window && maySend(first)
  }

  /** Unsettled messages in their order. */
  entries(): IterableIterator<Entry<Message>> {
    return this.#entries.values()
  }

  hasRoomFor(sizeBytes: number): boolean {
    const { queuedMessages, queuedBytes } = this.#limits
    return this.#entries.size < Math.min(queuedMessages, maxEntries) && this.#queuedBytes + sizeBytes <= queuedBytes
  }

  /** Queues a message, for which there is room. */
  add({ qos, sizeBytes, message }: NewEntry<Message>): Entry<Message> {
    const entry = {
      ...{ sequence: ++this.#lastSequence, packetId: this.#freePacketId(), qos, sizeBytes, message },
      ...{ isStored: false, wasSent: false, isReleased: false },
    }
    this.#put(entry)
    return entry
  }

  /** Puts back what an earlier process stored, in order of sequence. */
  restore(entries: readonly Entry<Message>[], sentUpTo: number): void {
    for (const entry of entries) {
      this.#put(entry)
      this.#lastPacketId = entry.packetId
    }
    this.#lastSequence = Math.max(sentUpTo, entries.at(-1)?.sequence ?? 0)
    this.#sentUpTo = sentUpTo
  }

  /** A new connection: everything is sent once more, within its window. */
  reopen({ level, limits }: DurableOutboundOptions): void {
    this.#level = level
    this.#limits = limits
    this.#inFlight = 0
    this.#waiting = new Fifo()
    for (const entry of this.#entries.values()) this.#waiting.push(entry)
  }

  /**
   * The next one that the window has room for: send PUBREL if it is released, else PUBLISH, with DUP if it `isRepeat`.
   * Nothing overtakes a QoS 2 message that is not stored yet.
   */
  take(): { readonly entry: Entry<Message>; readonly isRepeat: boolean } | undefined {
    if (!this.isReady) return undefined
    const entry = this.#waiting.shift()
    if (entry === undefined) return undefined
    const isRepeat = entry.wasSent // [MQTT-3.3.1-1]
    entry.wasSent = true
    this.#inFlight++
    this.#sentUpTo = Math.max(this.#sentUpTo, entry.sequence)
    return { entry, isRepeat }
  }

  /** An entry that `take` gave is not sent after all, and never will be. */
  discard(entry: Entry<Message>): void {
    this.#settle(entry)
  }

  /** Takes out those that were never sent and are of no use any more. */
  purge(isUseless: (message: Message) => boolean): readonly Entry<Message>[] {
    const purged: Entry<Message>[] = []
    const kept = new Fifo<Entry<Message>>()
    for (const entry of this.#waiting.values()) {
      if (!entry.wasSent && isUseless(entry.message)) purged.push(entry)
      else kept.push(entry)
    }
    this.#waiting = kept
    for (const { packetId, sizeBytes } of purged) {
      this.#entries.delete(packetId)
      this.#queuedBytes -= sizeBytes
    }
    return purged
  }

  acknowledgeQos1(packetId: number): readonly Effect<Message>[] {
    const entry = this.#sent(packetId)
    if (entry === undefined || entry.qos !== 1) return nothing // late or unknown: harmless
    return this.#settled(entry)
  }

  acknowledge(packet: Puback | Pubrec | Pubcomp): readonly Effect<Message>[] {
    if (packet.type === 'puback') return this.acknowledgeQos1(packet.packetId)
    return packet.type === 'pubrec' ? this.#received(packet) : this.#completed(packet.packetId)
  }

  #received({ packetId, reasonCode }: Pubrec): readonly Effect<Message>[] {
    const entry = this.#sent(packetId)
    const isKnown = entry !== undefined && entry.qos === 2
    if (isKnown && !entry.isReleased && reasonCode >= 0x80) return this.#settled(entry) // [MQTT-4.3.3-4]
    const code = isKnown || this.#level !== 5 ? 0 : 0x92
    const pubrel: Effect<Message> = { do: 'send', packet: { type: 'pubrel', packetId, reasonCode: code } }
    if (!isKnown || entry.isReleased) return [pubrel]
    entry.isReleased = true
    // Stored before PUBREL leaves: the message must not be sent again once the client has let go of its identifier.
    return [{ do: 'released', entry }, pubrel]
  }

  #completed(packetId: number): readonly Effect<Message>[] {
    const entry = this.#sent(packetId)
    return entry?.isReleased ? this.#settled(entry) : nothing
  }

  #settled(entry: Entry<Message>): readonly Effect<Message>[] {
    this.#settle(entry)
    const settled: Effect<Message> = { do: 'settled', entry }
    return this.#waiting.length > 0 ? [settled, ...pump] : [settled]
  }

  #settle(entry: Entry<Message>): void {
    this.#entries.delete(entry.packetId)
    this.#queuedBytes -= entry.sizeBytes
    this.#inFlight--
  }

  /** What is out on this connection under the identifier. */
  #sent(packetId: number): Entry<Message> | undefined {
    const entry = this.#entries.get(packetId)
    if (entry === undefined) return undefined
    // Behind the first that waits nothing was sent on this connection, whatever was on an earlier one.
    const first = this.#waiting.first
    return first === undefined || entry.sequence < first.sequence ? entry : undefined
  }

  #put(entry: Entry<Message>): void {
    this.#entries.set(entry.packetId, entry)
    this.#queuedBytes += entry.sizeBytes
    this.#waiting.push(entry)
  }

  #freePacketId(): number {
    // Fewer than `maxEntries` are in use, so there is a free one. [MQTT-2.2.1-4]
    do this.#lastPacketId = this.#lastPacketId === 0xffff ? 1 : this.#lastPacketId + 1
    while (this.#entries.has(this.#lastPacketId))
    return this.#lastPacketId
  }
}

function maySend<Message>({ qos, isStored }: Entry<Message>): boolean {
  return qos === 1 || isStored
}
