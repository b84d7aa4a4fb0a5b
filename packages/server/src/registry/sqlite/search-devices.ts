import type { StatementSync } from 'node:sqlite'
import type { DeviceIndex, DevicePlace } from '../sql/device-order.ts'
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
import { anywhere, page } from '../sql/page.ts'
import { type ClientIdRow, type DeviceRow, deviceView } from '../sql/rows.ts'
import type { DevicePage } from '../store.ts'
import type { DeviceView } from '../types.ts'
import { searchIdsOf } from './name-index.ts'
import { all, one, SELECT_CLIENT_IDS } from './writer.ts'

/** Prepared once for each text. */
export type Statements = (sql: string) => StatementSync

const NAMED = 'device_name IN (SELECT value FROM json_each(?))'
/**
 * Without figures on what the tables hold, the planner would walk through a product for a status that few devices have, and
 * through all that were created since for one name.
 */
export const devicesBy = (index: DeviceIndex | null): string =>
  `devices INDEXED BY ${index ?? 'sqlite_autoindex_devices_1'}`

export const DIALECT: SearchDialect = { placeholder: () => '?', like: 'LIKE', named: NAMED, devicesBy }

/** A list that is filtered by more than its status, or not by name. */
export function searchDevices(statement: Statements, listing: DeviceListing): DevicePage {
  if (listing.search?.includes('\0')) return { items: [], nextCursor: null, total: 0 } // LIKE would end there
  const search = new DeviceSearch(listing, DIALECT)
  const found = listing.search ? namesFromIndex(statement, listing.search, listing.product.id) : undefined
  const few = fewMatches(statement, search, found)
  if (few === undefined) return lookThrough(statement, { search, listing, found })
  const { names, ...rest } = search.pageOf(few)
  return { items: viewsOf(statement, listing, names), ...rest }
}

/** All that match, where they are known to be few. */
function fewMatches(
  statement: Statements,
  search: DeviceSearch,
  found: FoundNames,
): readonly DevicePlace[] | undefined {
  const names = found === undefined || found === 'many' ? null : found
  if (names === null && !search.isFewByStatus) return undefined
  if (names !== null && search.isByNameOnly) return names.map(device_name => ({ device_name }))
  const { text, values } = search.few(names)
  return all<DevicePlace>(statement(text), ...values)
}

const MATCHING = 'device_names MATCH ? AND rowid >= ? AND rowid < ?'

function namesFromIndex(statement: Statements, search: string, productId: number): FoundNames {
  const pieces = piecesOf([[...search]])
  if (pieces.length === 0) return undefined
  const asked = [pieces.map(piece => `"${piece.replaceAll('"', '""')}"`).join(' AND '), ...searchIdsOf(productId)]
  const limit = MAX_FEW + 1
  // The index alone, without a look at each name. Names that have all pieces have the text where it is one piece; else most do.
  const counting = `SELECT count(*) AS names FROM (SELECT rowid FROM device_names WHERE ${MATCHING} LIMIT ?)`
  const { names: having } = one<{ names: number }>(statement(counting), ...asked, limit) ?? { names: 0 }
  if (having > MAX_FEW) return pieces[0] === search ? 'many' : undefined
  // The plus keeps LIKE from asking the index too, once for each piece of the text.
  const sql = `SELECT name FROM device_names WHERE ${MATCHING} AND +name LIKE ? ESCAPE '\\' LIMIT ?`
  return all<{ name: string }>(statement(sql), ...asked, anywhere(search), limit).map(({ name }) => name)
}

/** In the order of the names, which are of one reading, so all of them are there. */
function viewsOf(
  statement: Statements,
  { product, productKey }: DeviceListing,
  names: readonly string[],
): DeviceView[] {
  const sql = `SELECT * FROM devices WHERE product_id = ? AND ${NAMED}`
  const rows = all<DeviceRow>(statement(sql), product.id, JSON.stringify(names))
  return inOrderOf(names, rows).map(deviceViewer(statement, productKey))
}

interface Look {
  search: DeviceSearch
  listing: DeviceListing
  found: FoundNames
}

function lookThrough(statement: Statements, { search, listing, found }: Look): DevicePage {
  const places = ({ text, values }: Query): DevicePlace[] => all<DevicePlace>(statement(text), ...values)
  const total = search.totalOfFound(found) ?? search.totalOf(places(search.counted()).length)
  const { order, limit } = listing
  const { items, nextCursor } = page(places(search.page()), limit, nameOf, order.cursorOf)
  const shown = { items: viewsOf(statement, listing, items), ...total }
  if (nextCursor !== null) return { ...shown, nextCursor }
  const [last] = places(search.lastLookedAt())
  return { ...shown, nextCursor: last ? order.cursorOf(last) : null }
}

export function deviceViewer(statement: Statements, productKey: string): (row: DeviceRow) => DeviceView {
  const clientIds = statement(SELECT_CLIENT_IDS)
  return row => deviceView(productKey, row, all<ClientIdRow>(clientIds, row.product_id, row.device_name))
}
