import { expect, it } from 'vitest'
import { Deadlines } from './deadlines.ts'

it('gives each item once, when its second has passed, in the order of their times', () => {
  const deadlines = new Deadlines<string>(10_000)
  deadlines.set('b', 12_500)
  deadlines.set('a', 11_000)
  deadlines.set('past', 5000)
  expect(deadlines.take(10_999)).toEqual([])
  expect(deadlines.take(11_000)).toEqual(['a', 'past'])
  expect(deadlines.take(12_900)).toEqual([])
  expect(deadlines.take(13_000)).toEqual(['b'])
  expect([deadlines.take(99_000), deadlines.size]).toEqual([[], 0])
})

it('gives what is moved at its new time, and what is deleted never', () => {
  const deadlines = new Deadlines<string>(0)
  deadlines.set('moved', 1000)
  deadlines.set('moved', 3000)
  deadlines.set('deleted', 2000)
  deadlines.delete('deleted')
  expect(deadlines.take(2000)).toEqual([])
  expect(deadlines.take(3000)).toEqual(['moved'])
})

it('takes a leap of the clock by years, and one back', () => {
  const deadlines = new Deadlines<string>(0)
  deadlines.set('late', 100_000_000_000)
  deadlines.set('early', 2000)
  expect(deadlines.take(200_000_000_000)).toEqual(['early', 'late'])
  deadlines.set('next', 1000)
  expect(deadlines.take(5000)).toEqual([])
  expect(deadlines.take(200_000_001_000)).toEqual(['next'])
})
