import { describe, expect, test } from 'vitest'
import { SignInDelays } from './sign-in-delays.ts'

const NOW = 1_800_000_000_000

describe('delays between attempts to sign in', () => {
  test('double from the first failure on that is not free, up to the longest', () => {
    const delays = new SignInDelays({ freeFailures: 2, firstDelayMs: 1000, maxDelayMs: 5000 })
    const waits = Array.from({ length: 6 }, () => {
      delays.begin('name', NOW)
      return delays.waitMs('name', NOW)
    })
    expect(waits).toEqual([0, 1000, 2000, 4000, 5000, 5000])
  })

  test('are no longer than the longest when the clock is set back', () => {
    const delays = new SignInDelays({ freeFailures: 1, firstDelayMs: 1000, maxDelayMs: 5000 })
    delays.begin('name', NOW)
    expect(delays.waitMs('name', NOW - 3_500_000)).toBe(5000)
  })
})
