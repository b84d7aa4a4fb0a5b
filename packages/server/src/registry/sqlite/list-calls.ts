import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type ActivityRow, activityOf } from '../sql/activity.ts'
import { type AuditRow, auditEntry, auditQuery } from '../sql/audit.ts'
import { Conditions } from '../sql/conditions.ts'
import { idCursor, idOfCursor } from '../sql/cursor.ts'
import { orderOf } from '../sql/device-order.ts'
import { journalQuery } from '../sql/journal-query.ts'
import { countByStatus, MAX_API_KEYS_LISTED, page, pageSize } from '../sql/page.ts'
import {
  type ApiKeyRow,
  apiKey,
  type CountedProductRow,
  type DeviceRow,
  type JournalRow,
  journalEntry,
  productView,
} from '../sql/rows.ts'
import type { DevicePage, DeviceQuery, StoreCounts } from '../store.ts'
import type { ListCalls } from './calls.ts'
import { devicesBy, deviceViewer, type Statements, searchDevices } from './search-devices.ts'
import { all, one } from './writer.ts'

const placeholder = (): string => '?'

export function listCalls(db: DatabaseSync): ListCalls {
  const statement = statementCache(db)
  return {
    listProducts: ({ limit, cursor }) => {
      const after = cursor === undefined ? 0 : idOfCursor(cursor)
      const rows = all<CountedProductRow>(
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
      const { text, values } = journalQuery(query, placeholder)
      const rows = all<JournalRow>(statement(text), ...values)
      return page(rows, query.limit, journalEntry, ({ id }) => idCursor(id))
    },
    activity: ({ sinceMinute }) =>
      activityOf(all<ActivityRow>(statement('SELECT * FROM activity WHERE minute >= ? ORDER BY minute'), sinceMinute)),
    listAudit(query) {
      const { text, values } = auditQuery(query, placeholder)
      return page(all<AuditRow>(statement(text), ...values), query.limit, auditEntry, ({ id }) => idCursor(id))
    },
    counts: () => counts(statement),
    sizeBytes: () =>
      one<{ size: number }>(statement('SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size'))
        ?.size ?? 0,
  }
}

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

function listDevices(statement: Statements, query: DeviceQuery): DevicePage {
  const product = one<CountedProductRow>(statement('SELECT * FROM products WHERE product_key = ?'), query.productKey)
  const order = orderOf(query)
  const behind = query.cursor === undefined ? null : order.placeOf(query.cursor)
  if (!product) return { items: [], nextCursor: null, total: 0 }
  if (query.search || !order.isByStatus) return searchDevices(statement, { ...query, product, order, behind })
  const matching = new Conditions(placeholder)
  matching.add('product_id = ?', product.id)
  if (query.status !== undefined) matching.add('status = ?', query.status)
  order.within(matching, query, behind)
  const rows = all<DeviceRow>(
    statement(
      `SELECT * FROM ${devicesBy(order.indexFor(query.status))} ${matching.where} ORDER BY ${order.orderBy} LIMIT ?`,
    ),
    ...matching.values,
    pageSize(query.limit) + 1,
  )
  const total = countByStatus(product, query.status)
  return { ...page(rows, query.limit, deviceViewer(statement, query.productKey), order.cursorOf), total }
}

function counts(statement: Statements): StoreCounts {
  const sums = one<Omit<StoreCounts, 'journalEntries'>>(
    statement(`SELECT count(*) AS products,
      coalesce(sum(unactive_count + online_count + offline_count + disabled_count), 0) AS devices,
      coalesce(sum(unactive_count), 0) AS unactive, coalesce(sum(offline_count), 0) AS offline,
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
