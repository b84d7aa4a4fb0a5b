/** Who is told when something is stored. */
export interface ReceiptHolder {
  stored(): void
}

/** Becomes `isDone` when what it stands for would survive a crash, or need not be stored any more. */
export class Receipt {
  isDone = false
  /** Changes that are not stored yet. */
  #open = 0
  #holders: ReceiptHolder[] = []

  opens(): void {
    this.#open++
  }

  /** One of the changes was called off. */
  calledOff(): void {
    this.#open--
    if (this.#open === 0) this.done()
  }

  done(): void {
    if (this.isDone) return
    this.isDone = true
    const holders = this.#holders
    this.#holders = []
    for (const holder of holders) holder.stored()
  }

  /** Tells the holder when it is done. Call it only before. */
  tell(holder: ReceiptHolder): void {
    if (this.#holders.at(-1) !== holder) this.#holders.push(holder)
  }
}
