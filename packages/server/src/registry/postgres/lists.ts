import { type ActivityRow, activityOf } from '../sql/activity.ts'
import { Conditions } from '../sql/conditions.ts'
import { idCursor, idOfCursor } from '../sql/cursor.ts'
import { orderOf } from '../sql/device-order.ts'
import { countByStatus, MAX_API_KEYS_LISTED, page, pageSize } from '../sql/page.ts'
import { type ApiKeyRow, apiKey, type CountedProductRow, deviceView, productView } from '../sql/rows.ts'
import type { DevicePage, DeviceQuery, Store, StoreCounts } from '../store.ts'
import type { DeviceView } from '../types.ts'
import { type Database, placeholder } from './database.ts'
import { listJournal } from './journal.ts'
import { DEVICE_COLUMNS } from './load-devices.ts'
import { CLIENT_IDS_COLUMN, COUNTED_PRODUCTS, type DeviceWithClientIds } from './lookups.ts'
import { searchDevices } from './search-devices.ts'

type Lists = Pick<Store, 'listProducts' | 'listDevices' | 'listApiKeys' | 'listJournal' | 'activity' | 'counts'>

/** Pages and counts, which may read a whole table. */
export function lists(database: Database): Lists {
  return {
    async listProducts({ limit, cursor }) {
      const after = cursor === undefined ? 0 : idOfCursor(cursor)
      const text = `${COUNTED_PRODUCTS} WHERE p.id > $1 ORDER BY p.id LIMIT $2`
      const rows = await database.list<CountedProductRow>({ text }, [after, pageSize(limit) + 1])
      const total = await count(database, 'SELECT count(*) AS total FROM products', [])
      return { ...page(rows, limit, productView, ({ id }) => idCursor(id)), total }
    },
    listDevices: query => listDevices(database, query),
    async listApiKeys() {
      const text = 'SELECT * FROM api_keys ORDER BY created_at, id LIMIT $1'
      return (await database.list<ApiKeyRow>({ text }, [MAX_API_KEYS_LISTED])).map(apiKey)
    },
    listJournal: query => listJournal(database, query),
    async activity(sinceMinute) {
      const text = 'SELECT * FROM activity WHERE minute >= $1 ORDER BY minute'
      return activityOf(await database.list<ActivityRow>({ text }, [sinceMinute]))
    },
    counts: () => counts(database),
  }
}

async function count(database: Database, text: string, values: readonly unknown[]): Promise<number> {
  const [row] = await database.list<{ total: number }>({ text }, values)
  return row?.total ?? 0
}

async function listDevices(database: Database, query: DeviceQuery): Promise<DevicePage> {
  const order = orderOf(query)
  const behind = query.cursor === undefined ? null : order.placeOf(query.cursor)
  const { productKey, status, search, limit } = query
  const [product] = await database.list<CountedProductRow>({ text: `${COUNTED_PRODUCTS} WHERE p.product_key = $1` }, [
    productKey,
  ])
  if (!product) return { items: [], nextCursor: null, total: 0 }
  if (search || !order.isByStatus) return searchDevices(database, { ...query, product, order, behind })
  const matching = new Conditions(placeholder)
  matching.add('product_id = ?', product.id)
  if (status !== undefined) matching.add('status = ?', status)
  order.within(matching, query, behind)
  const rows = await database.list<DeviceWithClientIds>(
    {
      text: `SELECT ${DEVICE_COLUMNS}, ${CLIENT_IDS_COLUMN} FROM devices d ${matching.where}
        ORDER BY ${order.orderBy} LIMIT ${matching.parameter(pageSize(limit) + 1)}`,
    },
    matching.values,
  )
  const view = (row: DeviceWithClientIds): DeviceView => deviceView(productKey, row, row.client_ids ?? [])
  return { ...page(rows, limit, view, order.cursorOf), total: countByStatus(product, status) }
}

async function counts(database: Database): Promise<StoreCounts> {
  const text = `SELECT count(*) AS products,
    coalesce(sum(unactive_count + online_count + offline_count + disabled_count), 0)::bigint AS devices,
    coalesce(sum(unactive_count), 0)::bigint AS unactive, coalesce(sum(offline_count), 0)::bigint AS offline,
    coalesce(sum(online_count), 0)::bigint AS online, coalesce(sum(activated_count), 0)::bigint AS activated,
    coalesce(sum(disabled_count), 0)::bigint AS disabled, coalesce(sum(client_id_count), 0)::bigint AS "clientIds",
    (SELECT last_id - first_id + 1 FROM journal_head) AS "journalEntries" FROM product_counts`
  const [sums] = await database.list<StoreCounts>({ text })
  if (!sums) throw new Error('an aggregate gave no row')
  return { ...sums }
}
