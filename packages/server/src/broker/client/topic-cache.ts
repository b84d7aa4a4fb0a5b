interface Entry<Found> {
  readonly found: Found
  readonly bytes: Buffer
  /** Another topic of the same hash. */
  readonly next: Entry<Found> | undefined
}

/**
 * What one connection has found out about the topics that it publishes to, by their bytes: a repeated topic is neither decoded nor checked
 * again. Holds `limit` topics; when it is full it starts afresh.
 */
export class TopicCache<Found> {
  readonly #limit: number
  /** The topic of the message before this one: devices repeat themselves. */
  #last: Entry<Found> | undefined
  #entries: Map<number, Entry<Found>> | undefined
  #count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  find(buffer: Buffer, start: number, end: number): Found | undefined {
    const last = this.#last
    if (last === undefined) return undefined
    if (isSame(last.bytes, buffer, start, end)) return last.found
    let entry = this.#entries?.get(hash(buffer, start, end))
    while (entry !== undefined && !isSame(entry.bytes, buffer, start, end)) entry = entry.next
    if (entry === undefined) return undefined
    this.#last = entry
    return entry.found
  }

  add(topicBytes: Uint8Array, found: Found): void {
    const bytes = Buffer.from(topicBytes)
    if (this.#entries === undefined || this.#count >= this.#limit) {
      this.#entries = new Map()
      this.#count = 0
    }
    const key = hash(bytes, 0, bytes.length)
    const entry: Entry<Found> = { found, bytes, next: this.#entries.get(key) }
    this.#entries.set(key, entry)
    this.#last = entry
    this.#count++
  }
}

function isSame(bytes: Buffer, buffer: Buffer, start: number, end: number): boolean {
  const length = end - start
  if (bytes.length !== length) return false
  // Topics of one device differ at their ends.
  for (let at = length - 1; at >= 0; at--) if (bytes[at] !== buffer[start + at]) return false
  return true
}

/** FNV-1a in 32 bits: cheap, and collisions cost only a comparison. */
function hash(buffer: Buffer, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let at = start; at < end; at++) value = Math.imul(value ^ (buffer[at] ?? 0), 0x01000193)
  return value
}
