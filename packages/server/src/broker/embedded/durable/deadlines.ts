const bucketMs = 1000

/** Who is due when, to the second: adding, removing and the passing of a second cost no more with more of them. */
export class Deadlines<Item> {
  readonly #buckets = new Map<number, Set<Item>>()
  readonly #bucketOf = new Map<Item, number>()
  #checkedUpTo: number

  constructor(nowMs: number) {
    this.#checkedUpTo = Math.floor(nowMs / bucketMs)
  }

  get size(): number {
    return this.#bucketOf.size
  }

  /** Sets or moves the item's time, milliseconds since 1970. What is past is due at the next `take`. */
  set(item: Item, atMs: number): void {
    this.delete(item)
    const bucket = Math.max(Math.ceil(atMs / bucketMs), this.#checkedUpTo + 1)
    const items = this.#buckets.get(bucket)
    if (items === undefined) this.#buckets.set(bucket, new Set([item]))
    else items.add(item)
    this.#bucketOf.set(item, bucket)
  }

  delete(item: Item): void {
    const bucket = this.#bucketOf.get(item)
    if (bucket === undefined) return
    this.#bucketOf.delete(item)
    const items = this.#buckets.get(bucket)
    items?.delete(item)
    if (items?.size === 0) this.#buckets.delete(bucket)
  }

  /** Takes out who is due by now. */
  take(nowMs: number): readonly Item[] {
    const upTo = Math.floor(nowMs / bucketMs)
    if (upTo <= this.#checkedUpTo) return [] // the clock was set back: nobody is due twice
    const passed = upTo - this.#checkedUpTo
    const due: Item[] = []
    if (passed > this.#buckets.size) {
      for (const bucket of [...this.#buckets.keys()].sort((one, other) => one - other))
        this.#takeBucket(bucket, upTo, due)
    } else for (let bucket = this.#checkedUpTo + 1; bucket <= upTo; bucket++) this.#takeBucket(bucket, upTo, due)
    this.#checkedUpTo = upTo
    return due
  }

  #takeBucket(bucket: number, upTo: number, due: Item[]): void {
    const items = bucket <= upTo ? this.#buckets.get(bucket) : undefined
    if (items === undefined) return
    this.#buckets.delete(bucket)
    for (const item of items) {
      this.#bucketOf.delete(item)
      due.push(item)
    }
  }
}
