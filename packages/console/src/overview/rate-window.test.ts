import { expect, it } from 'vitest'
import type { Rates } from '../live/live.ts'
import { quietWindow, sum, timesOf, valuesOf, WINDOW_SECONDS, withRates } from './rate-window.ts'

const ratesAt = (second: number): Rates => ({
  time: new Date(second * 1000).toISOString(),
  registrations: second,
  logins: 0,
  refusals: 0.5,
})

it('the window keeps the newest rates and forgets what is too old', () => {
  const seconds = Array.from({ length: WINDOW_SECONDS + 5 }, (_, index) => index)
  const window = seconds.reduce((shown, second) => withRates(shown, ratesAt(second)), quietWindow(0))
  expect(timesOf(window)).toEqual(seconds.slice(-WINDOW_SECONDS))
  expect(valuesOf(window).registrations).toEqual(seconds.slice(-WINDOW_SECONDS))
  expect(sum(valuesOf(window).refusals)).toBe(WINDOW_SECONDS / 2)
})
