import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadlines } from './deadlines.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function recording(timeoutMs: number): { deadlines: Deadlines<string>; expired: string[] } {
  const expired: string[] = []
  const deadlines = new Deadlines<string>(
    timeoutMs,
    item => expired.push(item),
    () => Date.now(),
  )
  return { deadlines, expired }
}

test('each item expires when its own time is over, oldest first', () => {
  const { deadlines, expired } = recording(100)
  deadlines.add('a')
  vi.advanceTimersByTime(60)
  deadlines.add('b')
  vi.advanceTimersByTime(39)
  expect(expired).toEqual([])
  vi.advanceTimersByTime(1)
  expect(expired).toEqual(['a'])
  vi.advanceTimersByTime(59)
  expect(expired).toEqual(['a'])
  vi.advanceTimersByTime(1)
  expect(expired).toEqual(['a', 'b'])
})

test('a removed item never expires', () => {
  const { deadlines, expired } = recording(100)
  deadlines.add('a')
  deadlines.add('b')
  deadlines.remove('a')
  vi.advanceTimersByTime(1000)
  expect(expired).toEqual(['b'])
})

test('adding an item again starts its time anew', () => {
  const { deadlines, expired } = recording(100)
  deadlines.add('a')
  vi.advanceTimersByTime(90)
  deadlines.add('a')
  vi.advanceTimersByTime(90)
  expect(expired).toEqual([])
  vi.advanceTimersByTime(10)
  expect(expired).toEqual(['a'])
})

test('one timer serves all items, and none is left when they are gone', () => {
  const { deadlines } = recording(100)
  for (let index = 0; index < 1000; index++) deadlines.add(String(index))
  expect(vi.getTimerCount()).toBe(1)
  for (let index = 0; index < 1000; index++) deadlines.remove(String(index))
  vi.advanceTimersByTime(100)
  expect(vi.getTimerCount()).toBe(0)
})

test('an item added while others expire keeps its own time', () => {
  const expired: string[] = []
  const deadlines: Deadlines<string> = new Deadlines<string>(
    100,
    item => {
      expired.push(item)
      if (item === 'a') deadlines.add('b')
    },
    () => Date.now(),
  )
  deadlines.add('a')
  vi.advanceTimersByTime(100)
  expect(expired).toEqual(['a'])
  vi.advanceTimersByTime(100)
  expect(expired).toEqual(['a', 'b'])
})

test('nothing expires after close, and no timer is left', () => {
  const { deadlines, expired } = recording(100)
  deadlines.add('a')
  deadlines.close()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(1000)
  expect(expired).toEqual([])
})
