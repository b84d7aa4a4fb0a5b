import { useEffect, useRef } from 'react'
import 'uplot/dist/uPlot.min.css'
import uPlot from 'uplot'
import { usePreferences } from '../i18n/preferences.ts'
import { clockTime, figure } from './time-text.ts'

export interface Series {
  label: string
  color: 'good' | 'accent' | 'bad'
  values: readonly number[]
}

const HALF_TIME_PX = 32
const HEIGHT_PX = 180
const SECOND_MS = 1000
const SHORT_SECONDS = 600
const AXIS_PX = 30

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/**
 * Lines over time. What the lines show stands in words beside it for those who can't see them.
 *
 * @param times seconds since 1970, one for each value
 */
export function TimeSeries({
  times,
  series,
  label,
}: {
  times: readonly number[]
  series: readonly Series[]
  label: string
}) {
  const { isDark, language } = usePreferences()
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(null)
  const shape = series.map(({ label: name, color: stroke }) => `${name}:${stroke}`).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new plot only for another look; values are set below
  useEffect(() => {
    if (place.current === null) return
    const axis = { stroke: color('quiet'), grid: { stroke: color('line'), width: 1 }, ticks: { show: false } }
    const time = (_plot: uPlot, splits: number[]): string[] =>
      splits.map(at => clockTime(at * SECOND_MS, language, (splits.at(-1) ?? 0) - (splits[0] ?? 0) < SHORT_SECONDS))
    const created = new uPlot(
      {
        width: place.current.clientWidth,
        height: HEIGHT_PX,
        // Room for the second half of a time that stands at the right end.
        padding: [null, HALF_TIME_PX, null, null],
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [
          { ...axis, values: time, space: 90, size: AXIS_PX },
          { ...axis, size: 44, values: (_plot, splits) => splits.map(value => figure(value, language)) },
        ],
        series: [
          {},
          ...series.map(one => ({ label: one.label, stroke: color(one.color), width: 2, points: { show: false } })),
        ],
      },
      dataOf(times, series),
      place.current,
    )
    plot.current = created
    const observer = new ResizeObserver(([entry]) => {
      created.setSize({ width: entry?.contentRect.width ?? 0, height: HEIGHT_PX })
    })
    observer.observe(place.current)
    return () => {
      observer.disconnect()
      created.destroy()
    }
  }, [isDark, language, shape])
  useEffect(() => plot.current?.setData(dataOf(times, series)), [times, series])
  return (
    <>
      <ul className="legend">
        {series.map(one => (
          <li key={one.label}>
            <i className={`line-${one.color}`} />
            {one.label}
          </li>
        ))}
      </ul>
      <div ref={place} className="chart" role="img" aria-label={label} />
    </>
  )
}

const dataOf = (times: readonly number[], series: readonly Series[]): uPlot.AlignedData => [
  [...times],
  ...series.map(({ values }) => [...values]),
]
