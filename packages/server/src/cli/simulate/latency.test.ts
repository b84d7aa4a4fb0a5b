import { describe, expect, it } from 'vitest'
import { Latency } from './latency.ts'

describe('Latency', () => {
  it('knows nothing before the first measurement', () => {
    expect(new Latency().figures()).toEqual({ count: 0, p50: null, p90: null, p99: null, max: null })
  })

  it('gives percentiles that are right to 2 %, and the largest value as it is', () => {
    const latency = new Latency()
    for (let ms = 1; ms <= 1000; ms++) latency.add(ms)
    const { count, p50, p90, p99, max } = latency.figures()
    expect({ count, max }).toEqual({ count: 1000, max: 1000 })
    for (const [found, exact] of [
      [p50, 500],
      [p90, 900],
      [p99, 990],
    ] as const) {
      expect(found).toBeGreaterThanOrEqual(exact * 0.995) // three figures are shown
      expect(found).toBeLessThanOrEqual(exact * 1.025)
    }
  })

  it('takes values below and above its range', () => {
    const latency = new Latency()
    latency.add(0)
    latency.add(86_400_000)
    expect(latency.figures()).toMatchObject({ count: 2, p50: 0.01, max: 86_400_000 })
  })

  it('never shows a percentile above the largest value', () => {
    const latency = new Latency()
    latency.add(7.001)
    expect(latency.figures()).toEqual({ count: 1, p50: 7, p90: 7, p99: 7, max: 7 })
  })
})
