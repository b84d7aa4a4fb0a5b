import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** So many devices may a product have had before its numbers run into the next product's. */
const NUMBERS_A_PRODUCT = 2 ** 32
const MAX_REMEMBERED_PRODUCTS = 1000

/** The numbers of a product's devices in the index of names: from the first, to before the second. */
export const searchIdsOf = (productId: number): [from: number, before: number] => [
  productId * NUMBERS_A_PRODUCT,
  (productId + 1) * NUMBERS_A_PRODUCT,
]

/** Keeps `device_names` in step with the devices: whoever inserts or deletes one tells it in the same transaction. */
export class NameIndex {
  readonly #last: StatementSync
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  /** The highest number of a product; after a transaction that was rolled back a few stay unused. */
  readonly #known = new Map<number, number>()

  constructor(db: DatabaseSync) {
    this.#last = db.prepare('SELECT rowid FROM device_names WHERE rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT 1')
    this.#insert = db.prepare('INSERT INTO device_names (rowid, name) VALUES (?, ?)')
    this.#delete = db.prepare('DELETE FROM device_names WHERE rowid = ?')
  }

  /** Returns the new device's `search_id`. */
  add(productId: number, deviceName: string): number {
    const searchId = (this.#known.get(productId) ?? this.#highest(productId)) + 1
    if (this.#known.size >= MAX_REMEMBERED_PRODUCTS) this.#known.clear()
    this.#known.set(productId, searchId)
    this.#insert.run(searchId, deviceName)
    return searchId
  }

  remove(searchId: number): void {
    this.#delete.run(searchId)
  }

  #highest(productId: number): number {
    const [from, before] = searchIdsOf(productId)
    return Number(this.#last.get(from, before)?.['rowid'] ?? from)
  }
}
