import { expect, it, test } from 'vitest'
import { fitLine, formatFigure, formatFigures, formatSpread, quantile, spreadOf } from './figures.ts'
import { memoryTrend } from './soak.ts'

test.each<[number[], number, number, number]>([
  [[3, 1, 2], 2, 1, 3],
  [[4, 1, 3, 2], 2.5, 1, 4],
  [[7], 7, 7, 7],
])('the spread of %j', (values, median, min, max) => {
  expect(spreadOf(values)).toEqual({ median, min, max })
})

test.each<[number, string]>([
  [0.0943, '0.094'],
  [0.5, '0.500'],
  [9.876, '9.88'],
  [13.66, '13.7'],
  [123.4, '123'],
  [45_678, '45678'],
  [0, '0'],
  [Number.NaN, '-'],
])('%d is shown as %s', (value, shown) => {
  expect(formatFigure(value)).toBe(shown)
})

it('spreads are shown as median and range', () => {
  expect(formatSpread(spreadOf([1, 2, 4]), 1)).toBe('2.0 (1.0-4.0)')
  expect(formatFigures(spreadOf([0.5, 20, 1]))).toBe('1.00 (0.500-20.0)')
})

test.each<[number, number]>([
  [0.5, 51],
  [0.99, 100],
  [1, 100],
  [0, 1],
])('the quantile %d of 1 to 100', (share, value) => {
  expect(
    quantile(
      Array.from({ length: 100 }, (_, index) => 100 - index),
      share,
    ),
  ).toBe(value)
})

it('a line is fitted with its error', () => {
  expect(fitLine([0, 1, 2, 3].map(x => [x, 5 + 2 * x] as const))).toEqual({ slope: 2, intercept: 5, slopeError: 0 })
  const noisy = fitLine([0, 1, 2, 3].map(x => [x, x % 2] as const))
  expect(noisy.slope).toBeCloseTo(0.2)
  expect(noisy.slopeError).toBeGreaterThan(0.2)
  expect(fitLine([[0, 1]]).slope).toBeNaN()
})

const MB = 1024 * 1024
test.each<[string, (second: number) => number, boolean]>([
  ['that stands still', () => 200, true],
  ['that saws within bounds', second => 200 + (second % 20), true],
  ['that warms up and then stands', second => Math.min(200, 100 + second), true],
  ['that grows all the time', second => 200 + second / 5, false],
])('memory %s', (_, mebibytes, isFlat) => {
  const samples = Array.from({ length: 600 }, (_, second) => [second, mebibytes(second) * MB] as const)
  expect(memoryTrend(samples).isFlat).toBe(isFlat)
})
