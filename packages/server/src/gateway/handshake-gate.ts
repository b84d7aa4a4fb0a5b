import { defaultPaceLimits, HandshakePace, type PaceLimits } from './handshake-pace.ts'
import { defaultRateLimits, HandshakeRate } from './handshake-rate.ts'

/** A connection that wants to do its TLS handshake. */
export interface HandshakeCandidate {
  startHandshake(): void
}

export interface HandshakeGateOptions {
  maxWaiting: number
  pace?: PaceLimits
  /** What of a core this process may count on, at most 1. */
  coreShare?: number
  /** Whether clients are connected that must not feel a storm of others. */
  isGuarded?: () => boolean
  /** Milliseconds, monotonic. */
  now?: () => number
}

/** A peer that takes longer than this waits on its network; it no longer counts, so slow ones can't hold the gate shut. */
const slowAfterMs = 1000
/** Without a waiting line a turn of the loop is taken to last this long: asking for its end would cost each handshake more. */
const windowMs = 1
/** While clients are connected, handshakes wait so long at least for the next turn: theirs is the time between. */
const guardedTurnMs = 1
/** How often the loop's lag is measured while handshakes wait; also when slow ones are looked for. */
const measureEveryMs = 10

/**
 * Lets TLS handshakes begin at a pace that keeps the event loop's lag bounded, so that a storm of new devices doesn't
 * stall those already connected. In calm times a handshake begins at once; timers run only while some wait.
 */
export class HandshakeGate {
  readonly #maxWaiting: number
  readonly #pace: HandshakePace
  readonly #rate: HandshakeRate
  readonly #isGuarded: () => boolean
  readonly #now: () => number
  readonly #waiting = new Set<HandshakeCandidate>()
  /** With the time of their start, oldest first. */
  readonly #inFlight = new Map<HandshakeCandidate, number>()
  #windowStartedAt = Number.NEGATIVE_INFINITY
  #startedInWindow = 0
  #turn: NodeJS.Immediate | NodeJS.Timeout | undefined
  #measuring: NodeJS.Timeout | undefined
  #measuredAt = 0
  #measuredLoop = performance.eventLoopUtilization()

  constructor(options: HandshakeGateOptions) {
    this.#maxWaiting = options.maxWaiting
    this.#pace = new HandshakePace(options.pace ?? defaultPaceLimits)
    this.#rate = new HandshakeRate(defaultRateLimits, options.coreShare)
    this.#isGuarded = options.isGuarded ?? (() => false)
    this.#now = options.now ?? (() => performance.now())
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  get maxInFlight(): number {
    return this.#pace.maxInFlight
  }

  /** Starts the candidate now or later; false if the waiting line is full. */
  enter(candidate: HandshakeCandidate): boolean {
    if (this.#waiting.size === 0 && this.#mayStart()) {
      this.#start(candidate)
      return true
    }
    if (this.#waiting.size >= this.#maxWaiting) return false
    this.#waiting.add(candidate)
    this.#measure()
    if (!this.#full()) this.#scheduleTurn()
    return true
  }

  /** The handshake is over, or its connection is gone; also for one that still waits. */
  leave(candidate: HandshakeCandidate): void {
    this.#waiting.delete(candidate)
    if (this.#inFlight.delete(candidate) && this.#waiting.size > 0) this.#scheduleTurn()
  }

  isWaiting(candidate: HandshakeCandidate): boolean {
    return this.#waiting.has(candidate)
  }

  close(): void {
    this.#waiting.clear()
    this.#inFlight.clear()
    clearTimeout(this.#measuring)
    this.#measuring = undefined
  }

  #full(): boolean {
    return this.#inFlight.size >= this.#pace.maxInFlight
  }

  #mayStart(): boolean {
    if (this.#full()) return false
    const now = this.#now()
    if (this.#isGuarded()) return this.#rate.take(now)
    if (now - this.#windowStartedAt >= windowMs) {
      this.#windowStartedAt = now
      this.#startedInWindow = 0
    }
    return this.#startedInWindow < this.#pace.maxPerTurn
  }

  #start(candidate: HandshakeCandidate): void {
    this.#startedInWindow += 1
    this.#inFlight.set(candidate, this.#now())
    candidate.startHandshake()
  }

  #scheduleTurn(): void {
    if (this.#turn !== undefined) return
    const run = (): void => {
      this.#turn = undefined
      this.#windowStartedAt = Number.NEGATIVE_INFINITY
      this.#admitWaiting()
    }
    this.#turn = this.#isGuarded() ? setTimeout(run, guardedTurnMs) : setImmediate(run)
  }

  #admitWaiting(): void {
    for (const candidate of this.#waiting) {
      if (!this.#mayStart()) break
      this.#waiting.delete(candidate)
      this.#start(candidate)
    }
    if (this.#waiting.size > 0 && !this.#full()) this.#scheduleTurn()
  }

  /** Runs from the first that has to wait until none does. */
  #measure(): void {
    if (this.#measuring !== undefined) return
    this.#measuredAt = this.#now()
    this.#measuredLoop = performance.eventLoopUtilization()
    this.#measuring = setTimeout(() => {
      this.#measuring = undefined
      const now = this.#now()
      this.#pace.observe(now - this.#measuredAt - measureEveryMs, this.#full())
      this.#rate.observe(performance.eventLoopUtilization(this.#measuredLoop).utilization)
      this.#forgetSlow(now)
      if (this.#waiting.size === 0) return
      this.#measure()
      this.#scheduleTurn()
    }, measureEveryMs).unref()
  }

  #forgetSlow(now: number): void {
    for (const [candidate, startedAt] of this.#inFlight) {
      if (now - startedAt < slowAfterMs) return
      this.#inFlight.delete(candidate)
    }
  }
}
