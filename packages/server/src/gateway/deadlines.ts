/**
 * One time-out for many things: each gets the same time from when it was added, so the oldest is always due first, and
 * a single timer serves them all. Adding and removing cost no timer. Ends up to one tick late, never early.
 */
export class Deadlines<Item> {
  readonly #timeoutMs: number
  readonly #expire: (item: Item) => void
  readonly #now: () => number
  /** In order of their due time. */
  readonly #dueAt = new Map<Item, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number, expire: (item: Item) => void, now: () => number = () => performance.now()) {
    this.#timeoutMs = timeoutMs
    this.#expire = expire
    this.#now = now
  }

  get size(): number {
    return this.#dueAt.size
  }

  /** Starts an item's time, anew if it is there already. */
  add(item: Item): void {
    this.#dueAt.delete(item)
    this.#dueAt.set(item, this.#now() + this.#timeoutMs)
    this.#timer ??= this.#wait(this.#timeoutMs)
  }

  remove(item: Item): void {
    this.#dueAt.delete(item)
  }

  /** Expires nothing more. */
  close(): void {
    this.#dueAt.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** The timer of an emptied list runs out idle: cheaper than one cleared and set for each connection. */
  #wait(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), delayMs).unref()
  }

  #sweep(): void {
    this.#timer = undefined
    const now = this.#now()
    for (const [item, dueAt] of this.#dueAt) {
      if (dueAt > now) break
      this.#dueAt.delete(item)
      this.#expire(item)
    }
    const next = this.#dueAt.values().next()
    if (next.done !== true) this.#timer ??= this.#wait(Math.max(1, Math.ceil(next.value - now)))
  }
}
