/** Bounds of the pace; all counts are handshakes. */
export interface PaceLimits {
  minInFlight: number
  maxInFlight: number
  startInFlight: number
  /** The event loop may run this late; above it handshakes slow down, below half of it they speed up. */
  targetLagMs: number
}

export const defaultPaceLimits: PaceLimits = { minInFlight: 8, maxInFlight: 512, startInFlight: 32, targetLagMs: 25 }

/**
 * How many handshakes may be under way at once. All of them can send their next flight in the same instant and each
 * costs up to a millisecond of CPU, so this number is what bounds the stall of everything else. Adds while the loop is on
 * time, takes a quarter away when it is late: pure, fed with measurements.
 */
export class HandshakePace {
  readonly #limits: PaceLimits
  #inFlight: number

  constructor(limits: PaceLimits = defaultPaceLimits) {
    this.#limits = limits
    this.#inFlight = limits.startInFlight
  }

  get maxInFlight(): number {
    return Math.floor(this.#inFlight)
  }

  /** How many may be started in one turn of the loop. */
  get maxPerTurn(): number {
    return Math.max(1, Math.min(8, this.maxInFlight >> 2))
  }

  /** `lagMs`: how much later than due the loop came round. `saturated`: whether the limit was what held handshakes back. */
  observe(lagMs: number, saturated: boolean): void {
    const { minInFlight, maxInFlight, targetLagMs } = this.#limits
    if (lagMs > targetLagMs) this.#inFlight = Math.max(minInFlight, this.#inFlight * 0.75)
    else if (saturated && lagMs < targetLagMs / 2) this.#inFlight = Math.min(maxInFlight, this.#inFlight + 4)
  }
}
