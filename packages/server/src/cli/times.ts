import { usageError } from './io.ts'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `2026-01-31 12:00:05` in this machine's time zone; `-` for null. */
export function localTime(iso: string | null): string {
  if (iso === null) return '-'
  const at = new Date(iso)
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** `10m`, `2h`, `7d` before `now`, or an ISO 8601 date or time; returned as ISO 8601. */
export function parseSince(text: string, now: number, option = '--since'): string {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (amount !== undefined && unit !== undefined) {
    return new Date(now - Number(amount) * (UNIT_MS[unit] ?? 0)).toISOString()
  }
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) {
    throw usageError(`${option}: "${text}" is not a time. Give one such as 10m, 2h, 7d or 2026-01-31T12:00:00Z.`)
  }
  return new Date(at).toISOString()
}
