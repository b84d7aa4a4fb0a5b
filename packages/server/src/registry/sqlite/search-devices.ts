import type { StatementSync } from 'node:sqlite'
import type { DeviceIndex, DevicePlace } from '../sql/device-order.ts'
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
import { type ClientIdRow, type DeviceRow, deviceView } from '../sql/rows.ts'
import type { DevicePage } from '../store.ts'
import type { DeviceView } from '../types.ts'
import { searchIdsOf } from './name-index.ts'
import { all, one, SELECT_CLIENT_IDS } from './writer.ts'

/** Prepared once for each text. */
export type Statements = (sql: string) => StatementSync

const PIECE_LENGTH = 3
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
  const few = fewMatches(statement, search, listing)
  if (few === undefined) return lookThrough(statement, search, listing)
  const { names, ...rest } = search.pageOf(few)
  return { items: viewsOf(statement, listing, names), ...rest }
}

/** All that match, where they are known to be few. */
function fewMatches(
  statement: Statements,
  search: DeviceSearch,
  listing: DeviceListing,
): readonly DevicePlace[] | undefined {
  const names = listing.search ? namesFromIndex(statement, listing.search, listing.product.id) : undefined
  const isFew = names !== undefined && names.length <= MAX_FEW
  if (!isFew && !search.isFewByStatus) return undefined
  if (isFew && search.isByNameOnly) return names.map(device_name => ({ device_name }))
  const { text, values } = search.few(isFew ? names : null)
  return all<DevicePlace>(statement(text), ...values)
}

/** At most one more than are used; undefined for a text that the index can't find. */
function namesFromIndex(statement: Statements, search: string, productId: number): string[] | undefined {
  const pieces = piecesOf(search)
  if (pieces === undefined) return undefined
  // The plus keeps LIKE from asking the index too, once for each piece of the text.
  const sql = `SELECT name FROM device_names WHERE device_names MATCH ? AND rowid >= ? AND rowid < ?
    AND +name LIKE ? ESCAPE '\\' LIMIT ?`
  const ids = searchIdsOf(productId)
  const limit = MAX_FEW + 1
  return all<{ name: string }>(statement(sql), pieces, ...ids, anywhere(search), limit).map(({ name }) => name)
}

/** Pieces side by side, the last one overlapping: each character is in one, and there are as few as can be. */
function piecesOf(search: string): string | undefined {
  const characters = [...search]
  if (characters.length < PIECE_LENGTH) return undefined
  const pieces: string[] = []
  for (let end = PIECE_LENGTH; end < characters.length + PIECE_LENGTH; end += PIECE_LENGTH) {
    const to = Math.min(end, characters.length)
    pieces.push(characters.slice(to - PIECE_LENGTH, to).join(''))
  }
  return pieces.map(piece => `"${piece.replaceAll('"', '""')}"`).join(' AND ')
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

function lookThrough(statement: Statements, search: DeviceSearch, listing: DeviceListing): DevicePage {
  const { behind, limit, order, isCounted = true } = listing
  const matches = (from: DevicePlace | null, limitTo: number): DevicePlace[] => {
    const { text, values } = search.lookThrough(from, limitTo)
    return all<DevicePlace>(statement(text), ...values)
  }
  const total = isCounted ? search.totalOf(matches(null, MAX_FEW + 1).length) : NOT_COUNTED
  const { items, nextCursor } = page(matches(behind, pageSize(limit) + 1), limit, nameOf, order.cursorOf)
  const shown = { items: viewsOf(statement, listing, items), ...total }
  if (nextCursor !== null) return { ...shown, nextCursor }
  const { text, values } = search.lastLookedAt()
  const last = one<DevicePlace>(statement(text), ...values)
  return { ...shown, nextCursor: last ? order.cursorOf(last) : null }
}

export function deviceViewer(statement: Statements, productKey: string): (row: DeviceRow) => DeviceView {
  const clientIds = statement(SELECT_CLIENT_IDS)
  return row => deviceView(productKey, row, all<ClientIdRow>(clientIds, row.product_id, row.device_name))
}
