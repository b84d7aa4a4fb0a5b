import { Conditions } from '../sql/conditions.ts'
import type { DevicePlace } from '../sql/device-order.ts'
import {
  type DeviceListing,
  DeviceSearch,
  type FoundNames,
  inOrderOf,
  MAX_FEW,
  nameOf,
  piecesOf,
  type Query,
  type SearchDialect,
} from '../sql/device-search.ts'
import { anywhere, countByStatus, page } from '../sql/page.ts'
import { type CountedProductRow, deviceView } from '../sql/rows.ts'
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
  const found = listing.search ? await namesFromIndex(database, listing.search, listing.product) : undefined
  const few = await fewMatches(database, search, found)
  if (few === undefined) return lookThrough(database, { search, listing, found })
  const { names, ...rest } = search.pageOf(few)
  return { items: await viewsOf(database, listing, names), ...rest }
}

/** All that match, where they are known to be few. */
async function fewMatches(
  database: Database,
  search: DeviceSearch,
  found: FoundNames,
): Promise<readonly DevicePlace[] | undefined> {
  const names = found === undefined || found === 'many' ? null : found
  if (names === null && !search.isFewByStatus) return undefined
  if (names !== null && search.isByNameOnly) return names.map(device_name => ({ device_name }))
  const { text, values } = search.few(names)
  return database.list<DevicePlace>({ text }, values)
}

/** The index knows pieces of words, and takes anything but letters and digits for their ends. */
const WORDS = /[a-z0-9]+/gi
/** In a product of so many devices the index's list of them is longer than those of the pieces. */
const LARGE_PRODUCT_DEVICES = 10_000
const MAX_INTEGER = 2 ** 31 - 1

/** Undefined also where there is no index. */
async function namesFromIndex(database: Database, search: string, product: CountedProductRow): Promise<FoundNames> {
  const pieces = piecesOf((search.match(WORDS) ?? []).map(word => [...word]))
  if (pieces.length === 0) return undefined
  const asked = `SELECT to_regclass('devices_by_name_part') IS NOT NULL AS "hasIndex"`
  const [answer] = await database.list<{ hasIndex: boolean }>({ text: asked })
  if (answer?.hasIndex !== true) return undefined
  const matching = new Conditions(placeholder)
  // The index of parts does not know integers, the primary key does.
  const isLarge = countByStatus(product, undefined) > LARGE_PRODUCT_DEVICES && product.id <= MAX_INTEGER
  matching.add(isLarge ? 'product_id = ?::integer' : 'product_id = ?', product.id)
  for (const piece of pieces) matching.add('device_name ILIKE ?', anywhere(piece))
  // A name that is put together is nothing that the index has: it is a filter on what the pieces find.
  if (pieces[0] !== search) matching.add("device_name || '' ILIKE ? ESCAPE '\\'", anywhere(search))
  const text = `SELECT device_name FROM devices ${matching.where} LIMIT ${matching.parameter(MAX_FEW + 1)}`
  const names = await database.list<DevicePlace>({ text }, matching.values)
  return names.length > MAX_FEW ? 'many' : names.map(nameOf)
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

interface Look {
  search: DeviceSearch
  listing: DeviceListing
  found: FoundNames
}

async function lookThrough(database: Database, { search, listing, found }: Look): Promise<DevicePage> {
  const places = ({ text, values }: Query) => database.list<DevicePlace>({ text }, values)
  const total = search.totalOfFound(found) ?? search.totalOf((await places(search.counted())).length)
  const { order, limit } = listing
  const { items, nextCursor } = page(await places(search.page()), limit, nameOf, order.cursorOf)
  const shown = { items: await viewsOf(database, listing, items), ...total }
  if (nextCursor !== null) return { ...shown, nextCursor }
  const [last] = await places(search.lastLookedAt())
  return { ...shown, nextCursor: last ? order.cursorOf(last) : null }
}
