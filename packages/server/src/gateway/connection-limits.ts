/** Counts open connections, in all and by peer address, against two limits. */
export class ConnectionLimits {
  readonly #maxTotal: number
  readonly #maxPerAddress: number
  readonly #byAddress = new Map<string, number>()
  #total = 0

  constructor(options: { maxConnections: number; maxConnectionsPerAddress: number }) {
    this.#maxTotal = options.maxConnections
    this.#maxPerAddress = options.maxConnectionsPerAddress
  }

  get total(): number {
    return this.#total
  }

  /** Counts the connection, or says which limit is reached. */
  enter(address: string): 'ok' | 'total' | 'address' {
    if (this.#total >= this.#maxTotal) return 'total'
    const count = this.#byAddress.get(address) ?? 0
    if (count >= this.#maxPerAddress) return 'address'
    this.#total += 1
    this.#byAddress.set(address, count + 1)
    return 'ok'
  }

  /** Once for each `enter` that said ok. */
  leave(address: string): void {
    this.#total -= 1
    const count = (this.#byAddress.get(address) ?? 1) - 1
    if (count === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, count)
  }
}
