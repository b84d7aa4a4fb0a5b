/** What became of the QoS 1 messages of one sender to one receiver, by their numbers. Holds only those still under way. */
export class Ledger {
  readonly #states = new Map<number, 'sent' | 'acknowledged' | 'received'>()
  /** Received more than once, or without being known any more: QoS 1 allows it. */
  duplicates = 0

  /** Sent, acknowledged or received, but not both acknowledged and received. */
  get underWay(): number {
    return this.#states.size
  }

  /** The receiver never got them although the server took them over. */
  get owed(): number {
    let count = 0
    for (const state of this.#states.values()) if (state === 'acknowledged') count++
    return count
  }

  sent(number: number): void {
    this.#states.set(number, 'sent')
  }

  acknowledged(number: number): void {
    const state = this.#states.get(number)
    if (state === 'sent') this.#states.set(number, 'acknowledged')
    else if (state === 'received') this.#states.delete(number)
  }

  received(number: number): void {
    const state = this.#states.get(number)
    if (state === 'sent') this.#states.set(number, 'received')
    else if (state === 'acknowledged') this.#states.delete(number)
    else this.duplicates++
  }

  /** The sender's connection went before the acknowledgement came: whether it arrives is open. */
  abandoned(number: number): void {
    if (this.#states.get(number) !== 'acknowledged') this.#states.delete(number)
  }

  /** The receiver's session has ended: nothing is owed to it any more. Returns what was. */
  close(): number {
    const { owed } = this
    this.#states.clear()
    return owed
  }
}
