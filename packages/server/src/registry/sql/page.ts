import type { DeviceStatus, Page } from '../types.ts'
import type { StatusCounts } from './rows.ts'

const MAX_PAGE_ITEMS = 1000
export const MAX_API_KEYS_LISTED = 10_000

export const pageSize = (limit: number): number => Math.min(Math.max(1, Math.floor(limit)), MAX_PAGE_ITEMS)

/** One row more than the page was read: whether there is a next page. */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  cursorOf: (last: Row) => string,
): Page<Item> {
  const kept = rows.slice(0, pageSize(limit))
  const last = kept.at(-1)
  return { items: kept.map(item), nextCursor: last && rows.length > kept.length ? cursorOf(last) : null }
}

/** For LIKE with `ESCAPE '\'`: the text itself, wherever it stands. */
export const anywhere = (search: string): string => `%${search.replace(/[\\%_]/g, '\\$&')}%`

export function countByStatus(product: StatusCounts, status: DeviceStatus | undefined): number {
  const counts: Record<DeviceStatus, number> = {
    UNACTIVE: product.unactive_count,
    ONLINE: product.online_count,
    OFFLINE: product.offline_count,
    DISABLE: product.disabled_count,
  }
  return status === undefined ? Object.values(counts).reduce((sum, count) => sum + count, 0) : counts[status]
}
