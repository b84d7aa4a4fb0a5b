import { Conditions } from '../sql/conditions.ts'
import { nameCursor } from '../sql/cursor.ts'
import { MAX_NAMES_FROM_INDEX, MAX_NAMES_LOOKED_THROUGH, pageOfNames, searchTotal } from '../sql/device-search.ts'
import { anywhere, countByStatus, page, pageSize } from '../sql/page.ts'
import { type CountedProductRow, deviceView } from '../sql/rows.ts'
import type { DevicePage, DeviceQuery } from '../store.ts'
import type { DeviceView } from '../types.ts'
import { type Database, placeholder } from './database.ts'
import { DEVICE_COLUMNS } from './load-devices.ts'
import { CLIENT_IDS_COLUMN, type DeviceWithClientIds } from './lookups.ts'

export interface Search extends DeviceQuery {
  search: string
  product: CountedProductRow
  /** The name that the page comes behind. */
  after: string | null
}

interface NameRow {
  device_name: string
}
const nameOf = ({ device_name }: NameRow): string => device_name

export async function searchDevices(database: Database, search: Search): Promise<DevicePage> {
  const found = await namesFromIndex(database, search)
  if (found === undefined || found.length > MAX_NAMES_FROM_INDEX) return lookThrough(database, search)
  const names = search.status === undefined ? found : await namesWithStatus(database, search, found)
  const page = pageOfNames(names, search)
  return { items: await viewsOf(database, search, page.names), nextCursor: page.nextCursor, total: names.length }
}

/** The index knows pieces of words, and takes anything but letters and digits for their ends. */
const HAS_PIECE = /[a-z0-9]{3}/i

/** At most one more than are used; undefined for a text that the index can't find, or where there is no index. */
async function namesFromIndex(database: Database, { search, product }: Search): Promise<string[] | undefined> {
  if (!HAS_PIECE.test(search)) return undefined
  const asked = `SELECT to_regclass('devices_by_name_part') IS NOT NULL AS "hasIndex"`
  const [answer] = await database.list<{ hasIndex: boolean }>({ text: asked })
  if (answer?.hasIndex !== true) return undefined
  const text = `SELECT device_name FROM devices WHERE product_id = $1 AND device_name ILIKE $2 ESCAPE '\\' LIMIT $3`
  const values = [product.id, anywhere(search), MAX_NAMES_FROM_INDEX + 1]
  return (await database.list<NameRow>({ text }, values)).map(nameOf)
}

async function namesWithStatus(
  database: Database,
  { product, status }: Search,
  names: readonly string[],
): Promise<string[]> {
  const text = 'SELECT device_name FROM devices WHERE product_id = $1 AND device_name = ANY($2::text[]) AND status = $3'
  return (await database.list<NameRow>({ text }, [product.id, names, status])).map(nameOf)
}

/** In their order. */
async function viewsOf(
  database: Database,
  { product, productKey }: Search,
  names: readonly string[],
): Promise<DeviceView[]> {
  const text = `SELECT ${DEVICE_COLUMNS}, ${CLIENT_IDS_COLUMN} FROM devices d
    WHERE d.product_id = $1 AND d.device_name = ANY($2::text[]) ORDER BY d.device_name`
  const rows = await database.list<DeviceWithClientIds>({ text }, [product.id, names])
  return rows.map(row => deviceView(productKey, row, row.client_ids ?? []))
}

async function lookThrough(database: Database, search: Search): Promise<DevicePage> {
  const { product, status, after, limit } = search
  const matches = async (behind: string | null, limitTo: number): Promise<readonly NameRow[]> => {
    const from = namesOf(search, behind)
    const inOrder = `SELECT device_name FROM devices ${from.where} ORDER BY device_name LIMIT ${MAX_NAMES_LOOKED_THROUGH}`
    const like = from.parameter(anywhere(search.search))
    const text = `SELECT device_name FROM (${inOrder}) d
      WHERE device_name ILIKE ${like} ESCAPE '\\' LIMIT ${from.parameter(limitTo)}`
    return database.list<NameRow>({ text }, from.values)
  }
  const counted = await matches(null, MAX_NAMES_FROM_INDEX + 1)
  const total = searchTotal(counted.length, countByStatus(product, status))
  const rows = await matches(after, pageSize(limit) + 1)
  const { items, nextCursor } = page(rows, limit, nameOf, row => nameCursor(nameOf(row)))
  const shown = { items: await viewsOf(database, search, items), ...total }
  if (nextCursor !== null) return { ...shown, nextCursor }
  const rest = namesOf(search, after)
  const text = `SELECT device_name FROM devices ${rest.where} ORDER BY device_name LIMIT 1
    OFFSET ${rest.parameter(MAX_NAMES_LOOKED_THROUGH - 1)}`
  const [lastLookedAt] = await database.list<NameRow>({ text }, rest.values)
  return { ...shown, nextCursor: lastLookedAt ? nameCursor(nameOf(lastLookedAt)) : null }
}

function namesOf({ product, status }: Search, behind: string | null): Conditions {
  const from = new Conditions(placeholder)
  from.add('product_id = ?', product.id)
  if (status !== undefined) from.add('status = ?', status)
  if (behind !== null) from.add('device_name > ?', behind)
  return from
}
