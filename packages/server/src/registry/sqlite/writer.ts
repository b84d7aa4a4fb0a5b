import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Sealer } from '../seal.ts'
import { type ClientIdRow, type DeviceRow, lazyProduct, type ProductRow } from '../sql/rows.ts'
import type { RegistrationRules } from '../store.ts'
import type { Product } from '../types.ts'
import { Counters } from './counters.ts'
import { JournalWriter } from './journal-writer.ts'
import { NameIndex } from './name-index.ts'

/** Found in the index of names by its number. */
export type StoredDeviceRow = DeviceRow & { search_id: number }

/** What the changing calls of one connection share. */
export interface Writer {
  readonly db: DatabaseSync
  readonly sealer: Sealer
  readonly rules: RegistrationRules
  readonly counters: Counters
  readonly journal: JournalWriter
  readonly names: NameIndex
  readonly products: ProductLookup
  deviceRow(productId: number, deviceName: string): StoredDeviceRow | undefined
  clientIdRows(productId: number, deviceName: string): ClientIdRow[]
}

export function createWriter(
  db: DatabaseSync,
  options: { sealer: Sealer; rules: RegistrationRules; journalLimit: number },
): Writer {
  const device = db.prepare('SELECT * FROM devices WHERE product_id = ? AND device_name = ?')
  const clientIds = db.prepare(SELECT_CLIENT_IDS)
  return {
    db,
    sealer: options.sealer,
    rules: options.rules,
    counters: new Counters(db),
    journal: new JournalWriter(db, options.journalLimit),
    names: new NameIndex(db),
    products: new ProductLookup(db, options.sealer),
    deviceRow: (productId, deviceName) => one<StoredDeviceRow>(device, productId, deviceName),
    clientIdRows: (productId, deviceName) => all<ClientIdRow>(clientIds, productId, deviceName),
  }
}

export const SELECT_CLIENT_IDS = `SELECT client_id, token_hash, created_at, used_at, forbidden_at FROM client_ids
  WHERE product_id = ? AND device_name = ? ORDER BY created_at, client_id`

/** Products by key, remembered within one transaction: in a storm most calls of it are about one product. */
export class ProductLookup {
  readonly #select: StatementSync
  readonly #sealer: Sealer
  readonly #known = new Map<string, { id: number; product: Product } | undefined>()

  constructor(db: DatabaseSync, sealer: Sealer) {
    this.#select = db.prepare('SELECT * FROM products WHERE product_key = ?')
    this.#sealer = sealer
  }

  get(productKey: string): { id: number; product: Product } | undefined {
    if (this.#known.has(productKey)) return this.#known.get(productKey)
    const row = one<ProductRow>(this.#select, productKey)
    const found = row && { id: row.id, product: lazyProduct(row, this.#sealer) }
    this.#known.set(productKey, found)
    return found
  }

  /** At the start of a transaction, and after a product changed within it. */
  forget(): void {
    this.#known.clear()
  }
}

/** The first row, as the type that the statement's columns have. */
export const one = <Row>(statement: StatementSync, ...values: SQLInputValue[]): Row | undefined =>
  statement.get(...values) as Row | undefined

export const all = <Row>(statement: StatementSync, ...values: SQLInputValue[]): Row[] =>
  statement.all(...values) as unknown as Row[]
