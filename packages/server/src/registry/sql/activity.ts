import { KEPT_ACTIVITY_MINUTES, type MinuteActivity } from '../store.ts'

/** One minute of one gateway. */
export interface ActivityRow {
  minute: number
  registrations: number
  logins: number
  /** JSON: counts by reason. */
  refusals: string
}

/** Minutes before this one are forgotten; -1 = none. */
export const oldestKeptMinute = (noted: readonly MinuteActivity[]): number =>
  Math.max(-1, ...noted.map(({ minute }) => minute)) - KEPT_ACTIVITY_MINUTES + 1

/** Sums the gateways of each minute; the rows come by minute. */
export function activityOf(rows: readonly ActivityRow[]): MinuteActivity[] {
  const minutes: { minute: number; registrations: number; logins: number; refusals: Record<string, number> }[] = []
  for (const { minute, registrations, logins, refusals } of rows) {
    let sum = minutes.at(-1)
    if (sum?.minute !== minute) {
      sum = { minute, registrations: 0, logins: 0, refusals: {} }
      minutes.push(sum)
    }
    sum.registrations += registrations
    sum.logins += logins
    for (const [reason, count] of Object.entries(JSON.parse(refusals) as Record<string, number>)) {
      sum.refusals[reason] = (sum.refusals[reason] ?? 0) + count
    }
  }
  return minutes
}
