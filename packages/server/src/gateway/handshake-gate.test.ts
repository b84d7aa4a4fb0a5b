import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type HandshakeCandidate, HandshakeGate } from './handshake-gate.ts'

const pace = { minInFlight: 2, maxInFlight: 8, startInFlight: 4, targetLagMs: 20 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

class Candidate implements HandshakeCandidate {
  started = 0
  startHandshake(): void {
    this.started += 1
  }
}

function gateWith(count: number, maxWaiting = 100): { gate: HandshakeGate; candidates: Candidate[]; taken: boolean[] } {
  const gate = new HandshakeGate({ maxWaiting, pace, now: () => Date.now() })
  const candidates = Array.from({ length: count }, () => new Candidate())
  return { gate, candidates, taken: candidates.map(candidate => gate.enter(candidate)) }
}

const startedOf = (candidates: readonly Candidate[]): number =>
  candidates.filter(candidate => candidate.started === 1).length

test('in calm times a handshake starts at once, and no timer stays', () => {
  const { gate, candidates } = gateWith(1)
  expect(startedOf(candidates)).toBe(1)
  expect(gate.waiting).toBe(0)
  vi.advanceTimersByTime(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('one turn of the loop starts a few only; the next turns go on, up to the limit', () => {
  const { gate, candidates } = gateWith(10)
  expect(startedOf(candidates)).toBe(1)
  expect(gate.waiting).toBe(9)
  vi.advanceTimersToNextTimer()
  expect(startedOf(candidates)).toBe(2)
  vi.advanceTimersByTime(5)
  expect(gate.inFlight).toBe(4)
  expect(startedOf(candidates)).toBe(4)
})

test('they start in the order in which they came', () => {
  const { gate, candidates } = gateWith(6)
  for (const candidate of candidates) {
    vi.advanceTimersByTime(5)
    expect(candidate.started).toBe(1)
    gate.leave(candidate)
  }
  expect(gate.waiting).toBe(0)
})

test('a finished handshake lets the next one in, and the last leaves no timer', () => {
  const { gate, candidates } = gateWith(5)
  vi.advanceTimersByTime(5)
  expect(startedOf(candidates)).toBe(4)
  gate.leave(candidates[0]!) // five were made
  vi.advanceTimersByTime(5)
  expect(startedOf(candidates)).toBe(5)
  for (const candidate of candidates) gate.leave(candidate)
  vi.advanceTimersByTime(20)
  expect(gate.inFlight).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('beyond the waiting line they are turned away', () => {
  const { taken, gate } = gateWith(10, 3)
  expect(taken.filter(Boolean)).toHaveLength(4)
  expect(gate.waiting).toBe(3)
})

test('one that left while it waited is never started', () => {
  const { gate, candidates } = gateWith(3)
  gate.leave(candidates[2]!) // three were made
  vi.advanceTimersByTime(50)
  expect(candidates.map(candidate => candidate.started)).toEqual([1, 1, 0])
})

test('peers that never finish do not hold the gate shut', () => {
  const { candidates } = gateWith(12)
  vi.advanceTimersByTime(50)
  const before = startedOf(candidates)
  expect(before).toBeLessThan(12)
  vi.advanceTimersByTime(2500)
  expect(startedOf(candidates)).toBe(12)
})

test('a late loop lowers the number under way', () => {
  let lateMs = 0
  const gate = new HandshakeGate({ maxWaiting: 100, pace, now: () => Date.now() + lateMs })
  for (let count = 0; count < 20; count++) gate.enter(new Candidate())
  lateMs = 100
  vi.advanceTimersByTime(10)
  expect(gate.maxInFlight).toBe(3)
})

test('the waiting line can be emptied, and after close nothing runs', () => {
  const { gate, candidates } = gateWith(6)
  expect(gate.isWaiting(candidates[5]!)).toBe(true) // six were made
  gate.close()
  expect(gate.waiting).toBe(0)
  vi.advanceTimersByTime(50)
  expect(startedOf(candidates)).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
})

test('while clients are connected, few begin at a time, and all in the end', () => {
  const gate = new HandshakeGate({ maxWaiting: 100, isGuarded: () => true, now: () => Date.now() })
  const candidates = Array.from({ length: 20 }, () => new Candidate())
  for (const candidate of candidates) gate.enter(candidate)
  expect(startedOf(candidates)).toBeLessThan(3)
  vi.advanceTimersByTime(5)
  expect(startedOf(candidates)).toBeLessThan(8)
  vi.advanceTimersByTime(500)
  expect(startedOf(candidates)).toBe(20)
  for (const candidate of candidates) gate.leave(candidate)
  vi.advanceTimersByTime(50)
  expect(vi.getTimerCount()).toBe(0)
})
