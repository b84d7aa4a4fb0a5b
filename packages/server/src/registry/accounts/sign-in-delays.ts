import type { TimeMs } from '../types.ts'

export interface DelayLimits {
  /** Attempts that may fail before the next one has to wait. */
  freeFailures: number
  /** The first wait; each further failure doubles it. */
  firstDelayMs: number
  maxDelayMs: number
}

interface Failures {
  count: number
  /** No attempt before. */
  notBefore: TimeMs
  lastAt: TimeMs
}

/** After so long without an attempt, nothing is remembered. */
const FORGET_AFTER_MS = 3_600_000
const MAX_REMEMBERED = 20_000

/**
 * Makes those wait who fail again and again. An attempt counts as failed from its beginning until it turns out good, so
 * that many at once are no way round the wait. In memory and bounded: the one that was quiet the longest goes first.
 */
export class SignInDelays {
  readonly #limits: DelayLimits
  // In the order of the last attempt.
  readonly #failures = new Map<string, Failures>()

  constructor(limits: DelayLimits) {
    this.#limits = limits
  }

  /** How long the next attempt has to wait; 0 = none. */
  waitMs(key: string, now: TimeMs): number {
    const waitMs = Math.max(0, (this.#of(key, now)?.notBefore ?? 0) - now)
    return Math.min(waitMs, this.#limits.maxDelayMs) // the clock may have been set back
  }

  begin(key: string, now: TimeMs): void {
    const { freeFailures, firstDelayMs, maxDelayMs } = this.#limits
    const count = (this.#of(key, now)?.count ?? 0) + 1
    const over = count - freeFailures
    const delayMs = over < 0 ? 0 : Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(over, 30))
    this.#failures.delete(key)
    this.#failures.set(key, { count, notBefore: now + delayMs, lastAt: now })
    const [quietest] = this.#failures.keys()
    if (this.#failures.size > MAX_REMEMBERED && quietest !== undefined) this.#failures.delete(quietest)
  }

  /** The attempt was good, or could not be judged: it counts for nothing. */
  takeBack(key: string): void {
    const failures = this.#failures.get(key)
    if (!failures) return
    failures.count -= 1
    failures.notBefore = 0
    if (failures.count <= 0) this.#failures.delete(key)
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }

  #of(key: string, now: TimeMs): Failures | undefined {
    const failures = this.#failures.get(key)
    return failures && Math.abs(now - failures.lastAt) <= FORGET_AFTER_MS ? failures : undefined
  }
}
