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
    if (this.name(address) !== 'ok') return 'address'
    this.#total += 1
    return 'ok'
  }

  /** Counts a connection whose address will be told by `name`. */
  enterNameless(): 'ok' | 'total' {
    if (this.#total >= this.#maxTotal) return 'total'
    this.#total += 1
    return 'ok'
  }

  /** Counts the address of a connection that entered nameless. */
  name(address: string): 'ok' | 'address' {
    const count = this.#byAddress.get(address) ?? 0
    if (count >= this.#maxPerAddress) return 'address'
    this.#byAddress.set(address, count + 1)
    return 'ok'
  }

  /** Once for each `enterNameless` that was not followed by a `name` that said ok. */
  leaveNameless(): void {
    this.#total -= 1
  }

  /** Once for each `enter`, or `enterNameless` and `name`, that said ok. */
  leave(address: string): void {
    this.#total -= 1
    const count = (this.#byAddress.get(address) ?? 1) - 1
    if (count === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, count)
  }
}
