export interface RateLimits {
  /** Handshakes a millisecond. */
  min: number
  max: number
  start: number
  /** Part of its time that the event loop may be at work if it has a core; above it handshakes begin more slowly. */
  targetUtilization: number
}

export const defaultRateLimits: RateLimits = { min: 0.05, max: 8, start: 0.5, targetUtilization: 0.8 }

/** More than this is never saved up: what begins in one moment also comes to its end in one. */
const maxSaved = 2
const slower = 0.85
const faster = 0.05

/**
 * How many handshakes may begin in a given time while clients are connected. A loop that is always at work lets each of their
 * messages wait for whatever stands before it; one that is idle for a good part of its time hardly lets any of them wait. Pure, fed with
 * measurements.
 */
export class HandshakeRate {
  readonly #limits: RateLimits
  readonly #targetUtilization: number
  #perMs: number
  #saved = 1
  #countedAt = 0

  /** `coreShare`: what of a core this process may count on, at most 1. */
  constructor(limits: RateLimits = defaultRateLimits, coreShare = 1) {
    this.#limits = limits
    this.#targetUtilization = limits.targetUtilization * coreShare
    this.#perMs = limits.start
  }

  get perMs(): number {
    return this.#perMs
  }

  /** Whether one may begin now; if so it is counted. `nowMs`: monotonic. */
  take(nowMs: number): boolean {
    this.#saved = Math.min(maxSaved, this.#saved + (nowMs - this.#countedAt) * this.#perMs)
    this.#countedAt = nowMs
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }

  /** `utilization`: part of the last moment that the loop was at work. Asked only while handshakes wait. */
  observe(utilization: number): void {
    const { min, max } = this.#limits
    if (utilization > this.#targetUtilization) this.#perMs = Math.max(min, this.#perMs * slower)
    else this.#perMs = Math.min(max, this.#perMs + faster)
  }
}
