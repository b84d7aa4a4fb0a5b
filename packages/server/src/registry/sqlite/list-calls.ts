import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { DeviceQuery, JournalQuery, StoreCounts } from '../store.ts'
import type { DeviceStatus, DeviceView, Page } from '../types.ts'
import type { ListCalls } from './calls.ts'
import { idCursor, idOfCursor, nameCursor, nameOfCursor } from './cursor.ts'
import {
  type ApiKeyRow,
  apiKey,
  type ClientIdRow,
  type DeviceRow,
  deviceView,
  type JournalRow,
  journalEntry,
  type ProductRow,
  productView,
} from './rows.ts'
import { all, one, SELECT_CLIENT_IDS } from './writer.ts'

const MAX_PAGE_ITEMS = 1000
const MAX_API_KEYS_LISTED = 10_000

export function listCalls(db: DatabaseSync): ListCalls {
  const statement = statementCache(db)
  return {
    listProducts: ({ limit, cursor }) => {
      const after = cursor === undefined ? 0 : idOfCursor(cursor)
      const rows = all<ProductRow>(
        statement('SELECT * FROM products WHERE id > ? ORDER BY id LIMIT ?'),
        after,
        pageSize(limit) + 1,
      )
      const total = one<{ total: number }>(statement('SELECT count(*) AS total FROM products'))?.total ?? 0
      return { ...page(rows, limit, productView, ({ id }) => idCursor(id)), total }
    },
    listDevices: query => listDevices(statement, query),
    listApiKeys: () =>
      all<ApiKeyRow>(statement('SELECT * FROM api_keys ORDER BY created_at, id LIMIT ?'), MAX_API_KEYS_LISTED).map(
        apiKey,
      ),
    listJournal: query => {
      const { sql, values } = journalQuery(query)
      const rows = all<JournalRow>(statement(sql), ...values, pageSize(query.limit) + 1)
      return page(rows, query.limit, journalEntry, ({ id }) => idCursor(id))
    },
    counts: () => counts(statement),
  }
}

const pageSize = (limit: number): number => Math.min(Math.max(1, Math.floor(limit)), MAX_PAGE_ITEMS)

/** One row more than the page was read: whether there is a next page. */
function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  cursorOf: (last: Row) => string,
): Page<Item> {
  const kept = rows.slice(0, pageSize(limit))
  const last = kept.at(-1)
  return { items: kept.map(item), nextCursor: last && rows.length > kept.length ? cursorOf(last) : null }
}

type Statements = (sql: string) => StatementSync

// The texts are put together from a few fixed pieces, so there are only so many.
function statementCache(db: DatabaseSync): Statements {
  const prepared = new Map<string, StatementSync>()
  return sql => {
    const known = prepared.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    prepared.set(sql, made)
    return made
  }
}

function listDevices(statement: Statements, query: DeviceQuery): Page<DeviceView> & { total: number } {
  const product = one<ProductRow>(statement('SELECT * FROM products WHERE product_key = ?'), query.productKey)
  const after = query.cursor === undefined ? null : nameOfCursor(query.cursor)
  if (!product) return { items: [], nextCursor: null, total: 0 }
  const matching = new Conditions()
  matching.add('product_id = ?', product.id)
  if (query.status !== undefined) matching.add('status = ?', query.status)
  if (query.search) matching.add(`device_name LIKE ? ESCAPE '\\'`, `%${query.search.replace(/[\\%_]/g, '\\$&')}%`)
  const total = query.search
    ? (one<{ total: number }>(statement(`SELECT count(*) AS total FROM devices ${matching.where}`), ...matching.values)
        ?.total ?? 0)
    : countByStatus(product, query.status)
  if (after !== null) matching.add('device_name > ?', after)
  const rows = all<DeviceRow>(
    statement(`SELECT * FROM devices ${matching.where} ORDER BY device_name LIMIT ?`),
    ...matching.values,
    pageSize(query.limit) + 1,
  )
  const clientIds = statement(SELECT_CLIENT_IDS)
  const view = (row: DeviceRow) =>
    deviceView(query.productKey, row, all<ClientIdRow>(clientIds, row.product_id, row.device_name))
  return { ...page(rows, query.limit, view, ({ device_name }) => nameCursor(device_name)), total }
}

function countByStatus(product: ProductRow, status: DeviceStatus | undefined): number {
  const counts: Record<DeviceStatus, number> = {
    UNACTIVE: product.unactive_count,
    ONLINE: product.online_count,
    OFFLINE: product.offline_count,
    DISABLE: product.disabled_count,
  }
  return status === undefined ? Object.values(counts).reduce((sum, count) => sum + count, 0) : counts[status]
}

class Conditions {
  readonly values: SQLInputValue[] = []
  readonly #conditions: string[] = []

  add(condition: string, value: SQLInputValue): void {
    this.#conditions.push(condition)
    this.values.push(value)
  }

  get where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.#conditions.join(' AND ')}`
  }
}

function journalQuery(query: JournalQuery): { sql: string; values: SQLInputValue[] } {
  const following = query.afterId !== undefined
  const matching = new Conditions()
  if (query.afterId !== undefined) matching.add('id > ?', query.afterId)
  if (query.cursor !== undefined) matching.add(following ? 'id > ?' : 'id < ?', idOfCursor(query.cursor))
  if (query.deviceName !== undefined) matching.add('device_name = ?', query.deviceName)
  if (query.productKey !== undefined) matching.add('product_key = ?', query.productKey)
  if (query.outcome !== undefined) matching.add('outcome = ?', query.outcome)
  if (query.reason !== undefined) matching.add('reason = ?', query.reason)
  if (query.since !== undefined) matching.add('time >= ?', query.since)
  const order = following ? 'ASC' : 'DESC'
  return { sql: `SELECT * FROM journal ${matching.where} ORDER BY id ${order} LIMIT ?`, values: matching.values }
}

function counts(statement: Statements): StoreCounts {
  const sums = one<Omit<StoreCounts, 'journalEntries'>>(
    statement(`SELECT count(*) AS products,
      coalesce(sum(unactive_count + online_count + offline_count + disabled_count), 0) AS devices,
      coalesce(sum(online_count), 0) AS online, coalesce(sum(activated_count), 0) AS activated,
      coalesce(sum(disabled_count), 0) AS disabled, coalesce(sum(client_id_count), 0) AS clientIds FROM products`),
  )
  // Ids have gaps at the old end only.
  const journal = one<{ entries: number | null }>(
    statement('SELECT (SELECT max(id) FROM journal) - (SELECT min(id) FROM journal) + 1 AS entries'),
  )
  if (!sums) throw new Error('an aggregate gave no row')
  return { ...sums, journalEntries: journal?.entries ?? 0 }
}
