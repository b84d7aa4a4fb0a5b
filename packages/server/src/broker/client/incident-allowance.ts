/** Lets one connection report only so many incidents, so that a client that errs without end does not fill the journal. */
export class IncidentAllowance {
  readonly #burst: number
  #left: number

  constructor(burst: number) {
    this.#burst = burst
    this.#left = burst
  }

  /** False if one more must be kept back. */
  take(): boolean {
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** True when nothing is used up any more. */
  refill(count: number): boolean {
    this.#left = Math.min(this.#left + count, this.#burst)
    return this.#left === this.#burst
  }
}
