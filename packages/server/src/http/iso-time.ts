import { Problem } from './problem.ts'

const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/

/** The time that a query parameter names. */
export function timeOf(field: string, value: string): number {
  const timeMs = ISO_TIME.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(timeMs)) return timeMs
  throw new Problem('field-invalid', {
    status: 400,
    field,
    detail: `${field} is not a time in ISO 8601 form.`,
    fix: 'Give a date or a date and time with its zone, such as 2026-01-31 or 2026-01-31T12:00:00Z.',
  })
}
