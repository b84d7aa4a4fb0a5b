import type { Device } from '../api/types.ts'
import { STATUSES } from '../parts/device-status.tsx'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const PERIOD_DAYS = { today: 1, week: 7, month: 30 } as const
export const PERIODS = ['today', 'week', 'month'] as const satisfies readonly (keyof typeof PERIOD_DAYS)[]

/** What the address of the device list says to show; undefined is all. */
export interface DeviceFilters {
  product: string | undefined
  search: string | undefined
  status: Device['status'] | undefined
  created: (typeof PERIODS)[number] | undefined
}

export const NO_FILTERS: DeviceFilters = {
  product: undefined,
  search: undefined,
  status: undefined,
  created: undefined,
}

export const filtersOf = (search: URLSearchParams): DeviceFilters => ({
  product: search.get('product') || undefined,
  search: search.get('search') || undefined,
  status: STATUSES.find(status => status === search.get('status')),
  created: PERIODS.find(period => period === search.get('created')),
})

export const searchOf = (filters: DeviceFilters): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).filter((entry): entry is [string, string] => Boolean(entry[1])))

/** The same as the API takes them. */
export interface DeviceChoice {
  productKey?: string
  search?: string
  status?: Device['status']
  createdSince?: string
}

/** The start is a whole hour, so that the pages of one list share it. */
export function choiceOf({ product, search, status, created }: DeviceFilters, nowMs: number): DeviceChoice {
  const since = created === undefined ? undefined : nowMs - PERIOD_DAYS[created] * DAY_MS
  return {
    ...(product === undefined ? {} : { productKey: product }),
    ...(search === undefined ? {} : { search }),
    ...(status === undefined ? {} : { status }),
    ...(since === undefined ? {} : { createdSince: new Date(Math.floor(since / HOUR_MS) * HOUR_MS).toISOString() }),
  }
}
