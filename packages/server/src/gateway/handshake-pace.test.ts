import { expect, test } from 'vitest'
import { HandshakePace, type PaceLimits } from './handshake-pace.ts'

const limits: PaceLimits = { minInFlight: 4, maxInFlight: 40, startInFlight: 20, targetLagMs: 20 }

test('a late loop takes a quarter away, never below the minimum', () => {
  const pace = new HandshakePace(limits)
  pace.observe(21, true)
  expect(pace.maxInFlight).toBe(15)
  for (let times = 0; times < 20; times++) pace.observe(500, true)
  expect(pace.maxInFlight).toBe(limits.minInFlight)
  expect(pace.maxPerTurn).toBe(1)
})

test('a loop on time adds while the limit holds handshakes back, never above the maximum', () => {
  const pace = new HandshakePace(limits)
  pace.observe(1, true)
  expect(pace.maxInFlight).toBe(24)
  for (let times = 0; times < 20; times++) pace.observe(0, true)
  expect(pace.maxInFlight).toBe(limits.maxInFlight)
})

test('nothing changes while the limit is not reached or the lag is between half the target and the target', () => {
  const pace = new HandshakePace(limits)
  pace.observe(1, false)
  pace.observe(10, true)
  pace.observe(20, true)
  expect(pace.maxInFlight).toBe(limits.startInFlight)
})
