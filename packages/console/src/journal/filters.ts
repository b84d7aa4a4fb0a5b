import type { JournalEntry } from '../api/types.ts'

export const OUTCOMES = [
  'refused',
  'registered',
  'admitted',
  'closed',
  'dropped',
] as const satisfies readonly JournalEntry['outcome'][]
export const PERIODS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const
type Period = keyof typeof PERIODS

/** What the address of the journal page says to show; undefined is all. */
export interface JournalFilters {
  product: string | undefined
  device: string | undefined
  outcome: JournalEntry['outcome'] | undefined
  reason: string | undefined
  since: Period | undefined
}

export function filtersOf(search: URLSearchParams): JournalFilters {
  const text = (name: string): string | undefined => search.get(name) || undefined
  return {
    product: text('product'),
    device: text('device'),
    outcome: OUTCOMES.find(outcome => outcome === search.get('outcome')),
    reason: text('reason'),
    since: (['hour', 'day', 'week'] as const).find(period => period === search.get('since')),
  }
}

/** The address's part for these filters. */
export const searchOf = (filters: JournalFilters): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).filter((entry): entry is [string, string] => Boolean(entry[1])))

export const matches = (entry: JournalEntry, { product, device, outcome, reason }: JournalFilters): boolean =>
  (product === undefined || entry.productKey === product) &&
  (device === undefined || entry.deviceName === device) &&
  (outcome === undefined || entry.outcome === outcome) &&
  (reason === undefined || entry.reason === reason)
