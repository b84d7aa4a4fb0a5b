import { describe, expect, test } from 'vitest'
import { FlushPace } from './flush-pace.ts'

/** How many flushes it takes, `gapMs` apart, until one may wait. */
function flushesUntilWait(pace: FlushPace, gapMs: number, startMs = 1_000_000): number {
  for (let flush = 1; flush <= 10_000; flush++) if (pace.mayWait(startMs + flush * gapMs)) return flush
  return Number.POSITIVE_INFINITY
}

describe('what a connection is about to be sent', () => {
  test('never waits where flushes are milliseconds apart', () => {
    expect(flushesUntilWait(new FlushPace(), 2)).toBe(Number.POSITIVE_INFINITY)
  })

  test('may wait after eight flushes without a pause', () => {
    expect(flushesUntilWait(new FlushPace(), 0)).toBe(8)
    expect(flushesUntilWait(new FlushPace(), 1)).toBe(8)
  })

  test('goes on waiting while waits find more', () => {
    const pace = new FlushPace()
    flushesUntilWait(pace, 0)
    for (let wait = 1; wait <= 20; wait++) {
      pace.waited(true)
      expect(pace.mayWait(1_000_000 + 2 * wait)).toBe(true)
    }
  })

  test('does not wait again after a pause', () => {
    const pace = new FlushPace()
    flushesUntilWait(pace, 0)
    pace.waited(true)
    expect(pace.mayWait(1_000_005)).toBe(false)
    expect(flushesUntilWait(pace, 0, 1_000_005)).toBe(7)
  })

  test('waits ever more seldom while waits find nothing, and as before once one does', () => {
    const pace = new FlushPace()
    const counts = Array.from({ length: 10 }, () => {
      const count = flushesUntilWait(pace, 0)
      pace.waited(false)
      return count
    })
    expect(counts).toEqual([8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024])
    flushesUntilWait(pace, 0)
    pace.waited(true)
    pace.waited(false)
    expect(flushesUntilWait(pace, 0)).toBe(16)
  })

  test('does not wait when the clock was set back', () => {
    const pace = new FlushPace()
    flushesUntilWait(pace, 0)
    pace.waited(true)
    expect(pace.mayWait(0)).toBe(false)
  })
})
