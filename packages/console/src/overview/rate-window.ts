import type { Rates } from '../live/live.ts'

export const RATE_KINDS = ['registrations', 'logins', 'refusals'] as const
export type RateKind = (typeof RATE_KINDS)[number]
export type Values = Readonly<Record<RateKind, readonly number[]>>

export const WINDOW_SECONDS = 120
const SECOND_MS = 1000

/** Two quiet minutes, so that the chart has its width from the beginning. */
export const quietWindow = (nowMs: number): readonly Rates[] =>
  Array.from({ length: WINDOW_SECONDS }, (_, index) => ({
    time: new Date(nowMs - (WINDOW_SECONDS - index) * SECOND_MS).toISOString(),
    registrations: 0,
    logins: 0,
    refusals: 0,
  }))

/** Newest last; no more than WINDOW_SECONDS of them. */
export const withRates = (window: readonly Rates[], rates: Rates): readonly Rates[] =>
  [...window, rates].slice(-WINDOW_SECONDS)

export const timesOf = (window: readonly Rates[]): number[] => window.map(({ time }) => Date.parse(time) / SECOND_MS)

export const valuesOf = (window: readonly Rates[]): Values => ({
  registrations: window.map(({ registrations }) => registrations),
  logins: window.map(({ logins }) => logins),
  refusals: window.map(({ refusals }) => refusals),
})

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
