/** Something with bytes to hand over. */
export interface Flushable {
  flush(): void
}

/**
 * Gathers what is written to a link during one callback of the event loop into one system call: every link that got
 * bytes is flushed once, when the callback is over. The broker hands over all that a turn gathered in one callback. One
 * instance serves all links of a gateway.
 */
export class WriteTurn {
  #due: Flushable[] = []
  #scheduled = false
  readonly #run = (): void => this.#flushAll()

  /** The caller sees to it that it is in the list once. */
  add(link: Flushable): void {
    this.#due.push(link)
    if (this.#scheduled) return
    this.#scheduled = true
    // Not setImmediate: the broker writes from one, and the bytes would wait for another turn of the loop.
    process.nextTick(this.#run)
  }

  #flushAll(): void {
    const due = this.#due
    this.#due = []
    this.#scheduled = false
    for (const link of due) link.flush()
  }
}
