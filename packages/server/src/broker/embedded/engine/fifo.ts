const compactAbove = 64

/** First in, first out. Taking from the front costs the same however long the queue is. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  /** What `shift` would give. */
  get first(): Item | undefined {
    return this.#items[this.#head]
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  *values(): Generator<Item> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at]! // behind the head there is no gap
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined // let go of it now, not when the array is compacted
    if (this.#head > compactAbove && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
