import { expect, test } from 'vitest'
import { HandshakeRate } from './handshake-rate.ts'

const limits = { min: 0.1, max: 1, start: 0.5, targetUtilization: 0.7 }

/** How many begin in so many milliseconds, asked each millisecond. */
function begunIn(rate: HandshakeRate, fromMs: number, forMs: number): number {
  let begun = 0
  for (let at = fromMs; at < fromMs + forMs; at++) while (rate.take(at)) begun++
  return begun
}

test('so many begin in a time as the rate says', () => {
  const rate = new HandshakeRate(limits)
  begunIn(rate, 0, 10)
  expect(begunIn(rate, 10, 100)).toBe(50)
})

test('what was not used in calm times is not made up for at once', () => {
  const rate = new HandshakeRate(limits)
  rate.take(0)
  expect(begunIn(rate, 10_000, 1)).toBe(2)
})

test('a process that has half a core counts on half of it', () => {
  const whole = new HandshakeRate(limits)
  const half = new HandshakeRate(limits, 0.5)
  for (const rate of [whole, half]) rate.observe(0.5)
  expect(whole.perMs).toBeGreaterThan(limits.start)
  expect(half.perMs).toBeLessThan(limits.start)
})

test('a busy loop slows it down, an idle one speeds it up, both within bounds', () => {
  const rate = new HandshakeRate(limits)
  rate.observe(0.95)
  expect(rate.perMs).toBeLessThan(limits.start)
  for (let times = 0; times < 100; times++) rate.observe(0.95)
  expect(rate.perMs).toBe(limits.min)
  rate.observe(0.3)
  expect(rate.perMs).toBeGreaterThan(limits.min)
  for (let times = 0; times < 100; times++) rate.observe(0.3)
  expect(rate.perMs).toBe(limits.max)
})
