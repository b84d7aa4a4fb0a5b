/** How often and how fast something is tried again. */
export interface RetryPolicy {
  /** Tries in all; 1 = no retry. */
  attempts: number
  /** Longest first wait; each further one is twice as long. */
  baseMs: number
  /** No wait is longer. */
  maxMs: number
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 10, baseMs: 2000, maxMs: 300_000 }

/**
 * The wait after failed attempt number `attempt` (from 1): between half and all of the doubled base, at most `maxMs`.
 * `random` is 0 to 1. The spread keeps a fleet that was cut off together from coming back together.
 */
export function backoffMs(policy: RetryPolicy, attempt: number, random: number): number {
  const longestMs = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(longestMs * (0.5 + random / 2))
}
