import type { Receipt } from './durable/receipt.ts'
import { expiryOf } from './message-expiry.ts'
import { Publication } from './publication.ts'
import { type RetainedLimits, type RetainedMessage, RetainedMessages } from './retained.ts'
import type { RetainedRecord } from './store/session-store.ts'

export interface RetentionOptions {
  readonly limits: RetainedLimits
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Where they outlive this process; without it they don't. */
  readonly journal: RetentionJournal | undefined
  /** What the store held at the start. */
  readonly stored: readonly RetainedRecord[]
}

/** As much of the ledger as this needs. */
export interface RetentionJournal {
  /** A topic's retained message from now on; undefined = none. */
  retain(topic: string, message: RetainedRecord | undefined): void
  /** Done when what was handed over so far is stored, and what is handed over meanwhile. */
  awaited(): Receipt
}

/** What becomes of messages with RETAIN: the last one of each topic stays, until an empty one removes it. */
export class Retention {
  readonly messages: RetainedMessages
  readonly #limits: RetainedLimits
  readonly #now: () => number
  readonly #journal: RetentionJournal | undefined

  constructor({ limits, now, journal, stored }: RetentionOptions) {
    this.messages = new RetainedMessages(limits)
    this.#limits = limits
    this.#now = now
    this.#journal = journal
    for (const { packet, ...record } of stored) {
      this.messages.set({ ...record, packet: ownBytes(packet) })
    }
  }

  /** Why there is no room for the message, in words for the operator; undefined = there is, or it removes one. */
  refusal(topic: string, publication: Publication): string | undefined {
    const { start, end, payloadStart } = publication
    if (payloadStart === end || this.messages.hasRoom(topic, end - start)) return undefined
    const { count, bytes } = this.messages
    return `${count} messages of ${bytes} bytes are retained already, the limits are ${this.#limits.messages} and ${this.#limits.bytes}`
  }

  /** False if there is no room. `from` is the session it came from, empty for the platform. */
  take(publication: Publication, from: string): boolean {
    const { topic, buffer, start, end, payloadStart, wire } = publication
    if (payloadStart === end) {
      if (this.messages.clear(topic)) this.#record(publication, undefined) // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
      return true
    }
    if (!this.messages.hasRoom(topic, end - start)) return false
    const packet = ownBytes(buffer.subarray(start, end))
    const expiresAtMs = expiryOf(publication, this.#now())
    const message = { topic, packet, level: wire === 1 ? 5 : 4, from, expiresAtMs } as const
    this.messages.set(message) // [MQTT-3.3.1-5]
    this.#record(publication, message)
    return true
  }

  /** Removes what has expired. */
  sweep(): void {
    for (const topic of this.messages.expire(this.#now())) this.#journal?.retain(topic, undefined)
  }

  /** Whoever sent it with QoS 1 or 2 gets its acknowledgement when this is stored. */
  #record(publication: Publication, message: RetainedMessage | undefined): void {
    if (this.#journal === undefined) return
    this.#journal.retain(publication.topic, message)
    if (publication.qos > 0) publication.retention = this.#journal.awaited()
  }

  /** The message as it is sent, undefined if its time has passed. */
  publicationOf({ topic, packet, level, expiresAtMs }: RetainedMessage): Publication | undefined {
    if (expiresAtMs !== 0 && expiresAtMs <= this.#now()) return undefined
    const publication = Publication.of(packet, level)
    publication.topic = topic
    publication.expiresAtMs = expiresAtMs
    return publication
  }
}

/** Memory of its own: a slice of a shared slab would keep the whole slab. */
function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}
