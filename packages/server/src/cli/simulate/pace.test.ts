import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Pace } from './pace.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const comers = (pace: Pace, count: number): { entered: number[]; refused: number[] } => {
  const seen = { entered: [] as number[], refused: [] as number[] }
  for (let index = 0; index < count; index++) {
    pace.enter().then(mayEnter => (mayEnter ? seen.entered : seen.refused).push(index))
  }
  return seen
}

describe('Pace', () => {
  it('lets in at its rate, in the order in which they came', async () => {
    const pace = new Pace({ perSecond: 10, atOnce: 100 })
    const { entered } = comers(pace, 4)
    await vi.advanceTimersByTimeAsync(50)
    expect(entered).toEqual([0])
    await vi.advanceTimersByTimeAsync(200)
    expect(entered).toEqual([0, 1, 2])
    await vi.advanceTimersByTimeAsync(100)
    expect(entered).toEqual([0, 1, 2, 3])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lets in no more at once than it may, until one leaves', async () => {
    const pace = new Pace({ perSecond: 1000, atOnce: 2 })
    const { entered } = comers(pace, 3)
    await vi.advanceTimersByTimeAsync(1000)
    expect(entered).toEqual([0, 1])
    pace.leave()
    await vi.advanceTimersByTimeAsync(0)
    expect(entered).toEqual([0, 1, 2])
  })

  it('saves up no rush while nobody comes', async () => {
    const pace = new Pace({ perSecond: 10, atOnce: 100 })
    await vi.advanceTimersByTimeAsync(10_000)
    const { entered } = comers(pace, 3)
    await vi.advanceTimersByTimeAsync(50)
    expect(entered).toEqual([0])
  })

  it('tells all who wait or come later that it is over, and leaves no timer', async () => {
    const pace = new Pace({ perSecond: 1, atOnce: 1 })
    const seen = comers(pace, 3)
    await vi.advanceTimersByTimeAsync(0)
    pace.stop()
    await vi.advanceTimersByTimeAsync(0)
    expect(seen).toEqual({ entered: [0], refused: [1, 2] })
    expect(await pace.enter()).toBe(false)
    pace.leave()
    expect(vi.getTimerCount()).toBe(0)
  })
})
