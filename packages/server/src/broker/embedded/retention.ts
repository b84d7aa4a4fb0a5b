import { expiryOf } from './message-expiry.ts'
import { Publication } from './publication.ts'
import { type RetainedLimits, type RetainedMessage, RetainedMessages } from './retained.ts'

export interface RetentionOptions {
  readonly limits: RetainedLimits
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What becomes of messages with RETAIN: the last one of each topic stays, until an empty one removes it. */
export class Retention {
  readonly messages: RetainedMessages
  readonly #limits: RetainedLimits
  readonly #now: () => number

  constructor({ limits, now }: RetentionOptions) {
    this.messages = new RetainedMessages(limits)
    this.#limits = limits
    this.#now = now
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
      this.messages.clear(topic) // [MQTT-3.3.1-6] [MQTT-3.3.1-7]
      return true
    }
    if (!this.messages.hasRoom(topic, end - start)) return false
    // Memory of its own: a slice of a shared slab would keep the whole slab.
    const bytes = Buffer.allocUnsafeSlow(end - start)
    buffer.copy(bytes, 0, start, end)
    const expiresAtMs = expiryOf(publication, this.#now())
    this.messages.set({ topic, bytes, level: wire === 1 ? 5 : 4, from, expiresAtMs }) // [MQTT-3.3.1-5]
    return true
  }

  /** Removes what has expired. */
  sweep(): void {
    this.messages.expire(this.#now())
  }

  /** The message as it is sent, undefined if its time has passed. */
  publicationOf({ topic, bytes, level, expiresAtMs }: RetainedMessage): Publication | undefined {
    if (expiresAtMs !== 0 && expiresAtMs <= this.#now()) return undefined
    const publication = Publication.of(bytes, level)
    publication.topic = topic
    publication.expiresAtMs = expiresAtMs
    return publication
  }
}
