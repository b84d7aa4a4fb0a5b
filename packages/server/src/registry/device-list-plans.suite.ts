import { orderOf } from './sql/device-order.ts'
import { DeviceSearch, type SearchDialect } from './sql/device-search.ts'
import type { DeviceQuery } from './store.ts'

type Filter = Partial<DeviceQuery>
interface PlanCase {
  filter: Filter
  statement: 'few' | 'page' | 'lastLookedAt'
  index: 'devices_by_status' | 'devices_by_creation'
}

/** Which index a list reads by, so that it passes over nothing that an index could have spared it. */
export const PLANS: readonly PlanCase[] = [
  { filter: { createdSince: 9000 }, statement: 'page', index: 'devices_by_creation' },
  { filter: { createdBefore: 9000, order: 'oldest' }, statement: 'page', index: 'devices_by_creation' },
  { filter: { order: 'newest', search: 'zz' }, statement: 'page', index: 'devices_by_creation' },
  { filter: { createdSince: 1, status: 'UNACTIVE' }, statement: 'page', index: 'devices_by_creation' },
  { filter: { createdSince: 1, status: 'UNACTIVE' }, statement: 'lastLookedAt', index: 'devices_by_creation' },
  { filter: { status: 'DISABLE', search: 'zz' }, statement: 'page', index: 'devices_by_status' },
  { filter: { createdSince: 1, status: 'DISABLE' }, statement: 'few', index: 'devices_by_status' },
]

export function statementOf({ filter, statement }: PlanCase, dialect: SearchDialect) {
  const behind = { device_name: 'unit5', created_at: 5000 }
  const query = { productKey: 'pk1', limit: 50, ...filter }
  const counts = { unactive_count: 30_000, online_count: 0, offline_count: 0, disabled_count: 0 }
  const row = { id: 1, product_key: 'pk1', product_secret: Buffer.alloc(0), name: '', settings: '{}' }
  const product = { ...row, created_at: 0, updated_at: 0, ...counts }
  const search = new DeviceSearch({ ...query, product, order: orderOf(query), behind }, dialect)
  if (statement === 'few') return search.few(null)
  return search[statement]()
}
