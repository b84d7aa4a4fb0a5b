import type { DevicePlace } from '../sql/device-order.ts'
import {
  type DeviceListing,
  DeviceSearch,
  inOrderOf,
  MAX_FEW,
  NOT_COUNTED,
  nameOf,
  type SearchDialect,
} from '../sql/device-search.ts'
import { anywhere, page, pageSize } from '../sql/page.ts'
import { deviceView } from '../sql/rows.ts'
import type { DevicePage } from '../store.ts'
import type { DeviceView } from '../types.ts'
import { type Database, placeholder } from './database.ts'
import { DEVICE_COLUMNS } from './load-devices.ts'
import { CLIENT_IDS_COLUMN, type DeviceWithClientIds } from './lookups.ts'

export const DIALECT: SearchDialect = {
  placeholder,
  like: 'ILIKE',
  named: 'device_name = ANY(ARRAY(SELECT json_array_elements_text(?::json)))',
  devicesBy: () => 'devices', // it counts what is there, and chooses well
}

/** A list that is filtered by more than its status, or not by name. */
export async function searchDevices(database: Database, listing: DeviceListing): Promise<DevicePage> {
  const search = new DeviceSearch(listing, DIALECT)
  const few = await fewMatches(database, search, listing)
  if (few === undefined) return lookThrough(database, search, listing)
  const { names, ...rest } = search.pageOf(few)
  return { items: await viewsOf(database, listing, names), ...rest }
}

/** All that match, where they are known to be few. */
async function fewMatches(
  database: Database,
  search: DeviceSearch,
  listing: DeviceListing,
): Promise<readonly DevicePlace[] | undefined> {
  const names = listing.search ? await namesFromIndex(database, listing.search, listing.product.id) : undefined
  const isFew = names !== undefined && names.length <= MAX_FEW
  if (!isFew && !search.isFewByStatus) return undefined
  if (isFew && search.isByNameOnly) return names.map(device_name => ({ device_name }))
  const { text, values } = search.few(isFew ? names : null)
  return database.list<DevicePlace>({ text }, values)
}

/** The index knows pieces of words, and takes anything but letters and digits for their ends. */
const HAS_PIECE = /[a-z0-9]{3}/i

/** At most one more than are used; undefined for a text that the index can't find, or where there is no index. */
async function namesFromIndex(database: Database, search: string, productId: number): Promise<string[] | undefined> {
  if (!HAS_PIECE.test(search)) return undefined
  const asked = `SELECT to_regclass('devices_by_name_part') IS NOT NULL AS "hasIndex"`
  const [answer] = await database.list<{ hasIndex: boolean }>({ text: asked })
  if (answer?.hasIndex !== true) return undefined
  const text = `SELECT device_name FROM devices WHERE product_id = $1 AND device_name ILIKE $2 ESCAPE '\\' LIMIT $3`
  return (await database.list<DevicePlace>({ text }, [productId, anywhere(search), MAX_FEW + 1])).map(nameOf)
}

async function viewsOf(
  database: Database,
  { product, productKey }: DeviceListing,
  names: readonly string[],
): Promise<DeviceView[]> {
  const text = `SELECT ${DEVICE_COLUMNS}, ${CLIENT_IDS_COLUMN} FROM devices d
    WHERE d.product_id = $1 AND d.device_name = ANY($2::text[])`
  const rows = await database.list<DeviceWithClientIds>({ text }, [product.id, names])
  return inOrderOf(names, rows).map(row => deviceView(productKey, row, row.client_ids ?? []))
}

async function lookThrough(database: Database, search: DeviceSearch, listing: DeviceListing): Promise<DevicePage> {
  const { behind, limit, order, isCounted = true } = listing
  const matches = (from: DevicePlace | null, limitTo: number): Promise<readonly DevicePlace[]> => {
    const { text, values } = search.lookThrough(from, limitTo)
    return database.list<DevicePlace>({ text }, values)
  }
  const total = isCounted ? search.totalOf((await matches(null, MAX_FEW + 1)).length) : NOT_COUNTED
  const rows = await matches(behind, pageSize(limit) + 1)
  const { items, nextCursor } = page(rows, limit, nameOf, order.cursorOf)
  const shown = { items: await viewsOf(database, listing, items), ...total }
  if (nextCursor !== null) return { ...shown, nextCursor }
  const { text, values } = search.lastLookedAt()
  const [last] = await database.list<DevicePlace>({ text }, values)
  return { ...shown, nextCursor: last ? order.cursorOf(last) : null }
}
