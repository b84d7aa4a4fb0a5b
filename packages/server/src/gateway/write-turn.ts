/** Something with bytes to hand over. */
export interface Flushable {
  flush(): void
}

/**
 * Gathers what is written to a link during one turn of the event loop into one system call: every link that got bytes
 * is flushed once, after the turn's reads. One instance serves all links of a gateway.
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
    setImmediate(this.#run)
  }

  #flushAll(): void {
    const due = this.#due
    this.#due = []
    this.#scheduled = false
    for (const link of due) link.flush()
  }
}
