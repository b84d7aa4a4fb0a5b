import type { StatementSync } from 'node:sqlite'
import { Conditions } from '../sql/conditions.ts'
import { nameCursor } from '../sql/cursor.ts'
import { MAX_NAMES_FROM_INDEX, MAX_NAMES_LOOKED_THROUGH, pageOfNames, searchTotal } from '../sql/device-search.ts'
import { anywhere, countByStatus, page, pageSize } from '../sql/page.ts'
import { type ClientIdRow, type CountedProductRow, type DeviceRow, deviceView } from '../sql/rows.ts'
import type { DevicePage, DeviceQuery } from '../store.ts'
import type { DeviceStatus, DeviceView } from '../types.ts'
import { searchIdsOf } from './name-index.ts'
import { all, one, SELECT_CLIENT_IDS } from './writer.ts'

/** Prepared once for each text. */
export type Statements = (sql: string) => StatementSync

export interface Search extends DeviceQuery {
  search: string
  product: CountedProductRow
  /** The name that the page comes behind. */
  after: string | null
}

const PIECE_LENGTH = 3

export function searchDevices(statement: Statements, search: Search): DevicePage {
  if (search.search.includes('\0')) return { items: [], nextCursor: null, total: 0 } // LIKE would end there
  const found = namesFromIndex(statement, search)
  if (found === undefined || found.length > MAX_NAMES_FROM_INDEX) return lookThrough(statement, search)
  const { status } = search
  const names = status === undefined ? found : namesWithStatus(statement, { ...search, status }, found)
  const page = pageOfNames(names, search)
  return { items: viewsOf(statement, search, page.names), nextCursor: page.nextCursor, total: names.length }
}

/** At most one more than are used; undefined for a text that the index can't find. */
function namesFromIndex(statement: Statements, { search, product }: Search): string[] | undefined {
  const pieces = piecesOf(search)
  if (pieces === undefined) return undefined
  // The plus keeps LIKE from asking the index too, once for each piece of the text.
  const sql = `SELECT name FROM device_names WHERE device_names MATCH ? AND rowid >= ? AND rowid < ?
    AND +name LIKE ? ESCAPE '\\' LIMIT ?`
  const ids = searchIdsOf(product.id)
  const limit = MAX_NAMES_FROM_INDEX + 1
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

function namesWithStatus(
  statement: Statements,
  { product, status }: Search & { status: DeviceStatus },
  names: readonly string[],
): string[] {
  const sql = `SELECT device_name FROM devices
    WHERE product_id = ? AND device_name IN (SELECT value FROM json_each(?)) AND status = ?`
  return all<NameRow>(statement(sql), product.id, JSON.stringify(names), status).map(nameOf)
}

/** In their order; the names are of one reading, so all of them are there. */
function viewsOf(statement: Statements, { product, productKey }: Search, names: readonly string[]): DeviceView[] {
  const sql = `SELECT * FROM devices WHERE product_id = ? AND device_name IN (SELECT value FROM json_each(?))
    ORDER BY device_name`
  return all<DeviceRow>(statement(sql), product.id, JSON.stringify(names)).map(deviceViewer(statement, productKey))
}

function lookThrough(statement: Statements, search: Search): DevicePage {
  const { product, status, after, limit } = search
  const from = new Conditions(() => '?')
  from.add('product_id = ?', product.id)
  if (status !== undefined) from.add('status = ?', status)
  const matches = (limitTo: number): NameRow[] => {
    const inOrder = `SELECT device_name FROM devices ${from.where} ORDER BY device_name LIMIT ${MAX_NAMES_LOOKED_THROUGH}`
    const sql = `SELECT device_name FROM (${inOrder}) WHERE device_name LIKE ? ESCAPE '\\' LIMIT ?`
    return all<NameRow>(statement(sql), ...from.values, anywhere(search.search), limitTo)
  }
  const total = searchTotal(matches(MAX_NAMES_FROM_INDEX + 1).length, countByStatus(product, status))
  if (after !== null) from.add('device_name > ?', after)
  const { items, nextCursor } = page(matches(pageSize(limit) + 1), limit, nameOf, row => nameCursor(nameOf(row)))
  const shown = { items: viewsOf(statement, search, items), ...total }
  if (nextCursor !== null) return { ...shown, nextCursor }
  const lastLookedAt = one<NameRow>(
    statement(`SELECT device_name FROM devices ${from.where} ORDER BY device_name LIMIT 1 OFFSET ?`),
    ...from.values,
    MAX_NAMES_LOOKED_THROUGH - 1,
  )
  return { ...shown, nextCursor: lastLookedAt ? nameCursor(nameOf(lastLookedAt)) : null }
}

interface NameRow {
  device_name: string
}
const nameOf = ({ device_name }: NameRow): string => device_name

export function deviceViewer(statement: Statements, productKey: string): (row: DeviceRow) => DeviceView {
  const clientIds = statement(SELECT_CLIENT_IDS)
  return row => deviceView(productKey, row, all<ClientIdRow>(clientIds, row.product_id, row.device_name))
}
