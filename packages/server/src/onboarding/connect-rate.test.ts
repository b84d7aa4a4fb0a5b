import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createConnectRate } from './connect-rate.ts'

const start = 1_800_000_000_000

describe('connect rate', () => {
  test('lets a device connect as often as the limit at once, and not once more', () => {
    for (const limit of [1, 5, 7, 30, 1000]) {
      const rate = createConnectRate(limit)
      for (let count = 0; count < limit; count += 1) expect(rate.take('pk', 'dn', start)).toBe(true)
      expect(rate.take('pk', 'dn', start)).toBe(false)
    }
  })

  test('gives one more after each even share of a minute', () => {
    const rate = createConnectRate(30)
    for (let count = 0; count < 30; count += 1) rate.take('pk', 'dn', start)
    expect(rate.take('pk', 'dn', start + 1_999)).toBe(false)
    expect(rate.take('pk', 'dn', start + 2_000)).toBe(true)
    expect(rate.take('pk', 'dn', start + 2_000)).toBe(false)
  })

  test('counts each device for itself', () => {
    const rate = createConnectRate(1)
    expect(rate.take('pk', 'a', start)).toBe(true)
    expect(rate.take('pk', 'b', start)).toBe(true)
    expect(rate.take('pk2', 'a', start)).toBe(true)
    expect(rate.take('pk', 'a', start)).toBe(false)
  })

  test('looking is not taking', () => {
    const rate = createConnectRate(1)
    for (let count = 0; count < 5; count += 1) expect(rate.wouldTake('pk', 'dn', start)).toBe(true)
    rate.take('pk', 'dn', start)
    expect(rate.wouldTake('pk', 'dn', start)).toBe(false)
  })

  test('a clock that is set back locks no device out', () => {
    const rate = createConnectRate(2)
    for (let count = 0; count < 3; count += 1) rate.take('pk', 'dn', start)
    const back = start - 3_600_000
    expect(rate.wouldTake('pk', 'dn', back)).toBe(true)
    const taken = Array.from({ length: 3 }, () => rate.take('pk', 'dn', back))
    expect(taken).toEqual([true, true, false])
    expect(rate.take('pk', 'dn', back + 30_000)).toBe(true)
  })

  test('0 means no limit and remembers nobody', () => {
    const rate = createConnectRate(0)
    for (let count = 0; count < 1000; count += 1) expect(rate.take('pk', 'dn', start)).toBe(true)
    expect(rate.wouldTake('pk', 'dn', start)).toBe(true)
    expect(rate.trackedDevices).toBe(0)
  })

  test('never remembers more devices than its bound', () => {
    const rate = createConnectRate(30, 100)
    for (let count = 0; count < 1000; count += 1) rate.take('pk', `d${count}`, start)
    expect(rate.trackedDevices).toBe(100)
  })

  test('forgets devices that have been quiet for a minute', () => {
    const rate = createConnectRate(30)
    for (let count = 0; count < 100; count += 1) rate.take('pk', `d${count}`, start)
    for (let count = 0; count < 100; count += 1) rate.take('pk', 'other', start + 60_000 + count * 2_000)
    expect(rate.trackedDevices).toBe(1)
  })

  test('within any minute no device gets more than twice its limit, whatever the rhythm', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 100 }),
        (limit, gaps) => {
          const rate = createConnectRate(limit)
          let now = start
          const taken: number[] = []
          for (const gap of gaps) {
            now += gap
            if (rate.take('pk', 'dn', now)) taken.push(now)
          }
          for (const from of taken) {
            expect(taken.filter(at => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(limit * 2)
          }
        },
      ),
    )
  })
})
