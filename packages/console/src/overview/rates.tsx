import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { useLive } from '../live/live.ts'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { type Series, TimeSeries } from '../parts/time-series.tsx'
import { figure } from '../parts/time-text.ts'
import {
  quietWindow,
  RATE_KINDS,
  type RateKind,
  sum,
  timesOf,
  type Values,
  valuesOf,
  withRates,
} from './rate-window.ts'
import { overviewText } from './text.ts'

const MINUTE_SECONDS = 60
const REFRESH_MS = 60_000
const DAY_MINUTES = 1440
const COLORS = { registrations: 'good', logins: 'accent', refusals: 'bad' } as const

function useSeries(values: Values): Series[] {
  const t = useText(overviewText)
  return useMemo(
    () => RATE_KINDS.map(kind => ({ label: t[kind], color: COLORS[kind], values: values[kind] })),
    [t, values],
  )
}

function useTotals(values: Values): [string, string, string] {
  const { language } = usePreferences()
  const total = (kind: RateKind): string => figure(Math.round(sum(values[kind])), language)
  return [total('registrations'), total('logins'), total('refusals')]
}

export function LiveRates() {
  const t = useText(overviewText)
  const [window, setWindow] = useState(() => quietWindow(Date.now()))
  useLive('rates', rates => setWindow(shown => withRates(shown, rates)))
  const times = useMemo(() => timesOf(window), [window])
  const series = useSeries(useMemo(() => valuesOf(window), [window]))
  const label = t.liveLabel(...useTotals(valuesOf(window.slice(-MINUTE_SECONDS))))
  return (
    <Section title={t.live}>
      <TimeSeries times={times} series={series} label={label} />
      <p className="quiet">{label}</p>
    </Section>
  )
}

export function useHistory() {
  return useQuery({
    queryKey: ['history'],
    queryFn: ({ signal }) =>
      resultOf(api.GET('/api/v1/stats/history', { params: { query: { minutes: DAY_MINUTES } }, signal })),
    refetchInterval: REFRESH_MS,
  })
}

const NO_VALUES = { registrations: [], logins: [], refusals: [] }

export function DayRates() {
  const t = useText(overviewText)
  const { data, error } = useHistory()
  const values = data ?? NO_VALUES
  const times = useMemo(() => {
    if (data === undefined) return []
    const start = Date.parse(data.start) / 1000
    return data.registrations.map((_, index) => start + index * data.stepSeconds)
  }, [data])
  const series = useSeries(values)
  const label = t.dayLabel(...useTotals(values))
  return (
    <Section title={t.day}>
      <ProblemAlert error={error} />
      <TimeSeries times={times} series={series} label={label} />
      <p className="quiet">{label}</p>
    </Section>
  )
}
