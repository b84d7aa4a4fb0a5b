import { topicMatches } from '@hatchway/protocol'

/** A client that is sent nothing back holds no more than this. */
const maxAwaited = 256
/** Of a large payload its beginning tells enough, together with its length. */
const digestedBytes = 1024

interface Awaited {
  readonly topic: string
  readonly digest: number
}

/**
 * What `_ss` subscribes a device to covers what it publishes itself. MQTT 5 has No Local for that; an older cluster sends
 * each message back, and this is where it is recognised, so that the device does not get it. A filter that the device
 * has asked for itself is its own wish: what matches that comes back.
 *
 * A message that the cluster keeps for a session and delivers on a later connection is not recognised.
 */
export class Echoes {
  readonly #filters: readonly string[]
  readonly #wished = new Set<string>()
  readonly #awaited: Awaited[] = []

  constructor(filters: readonly string[]) {
    this.#filters = filters
  }

  /** Whether any message is to come back. */
  get isAwaiting(): boolean {
    return this.#awaited.length > 0
  }

  /** Whether the cluster sends a message on this topic back, `_ss` being the cause. */
  covers(topic: string): boolean {
    return this.#filters.some(filter => topicMatches(filter, topic))
  }

  subscribed(filter: string): void {
    this.#wished.add(filter)
  }

  unsubscribed(filter: string): void {
    this.#wished.delete(filter)
  }

  published(topic: string, payload: Uint8Array): void {
    for (const filter of this.#wished) if (topicMatches(filter, topic)) return
    if (this.#awaited.length === maxAwaited) this.#awaited.shift()
    this.#awaited.push({ topic, digest: digestOf(payload) })
  }

  /** True once for each message that was published. */
  takes(topic: string, payload: Uint8Array): boolean {
    const digest = digestOf(payload)
    const at = this.#awaited.findIndex(one => one.digest === digest && one.topic === topic)
    if (at === -1) return false
    this.#awaited.splice(at, 1)
    return true
  }
}

/** FNV-1a in 32 bits. Two messages that it takes for one another are both the device's own topics: at worst one is lost to it. */
function digestOf(payload: Uint8Array): number {
  let value = 0x811c9dc5 ^ payload.length
  const end = Math.min(payload.length, digestedBytes)
  for (let at = 0; at < end; at++) value = Math.imul(value ^ (payload[at] ?? 0), 0x01000193)
  return value
}
