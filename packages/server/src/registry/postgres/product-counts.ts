import { COUNT_COLUMNS, type CountColumn } from '../sql/counted.ts'
import type { Session, Statement } from './database.ts'

// For several products at once: an UPDATE alone would lock them in the order of its plan.
const LOCK_COUNTS: Statement = {
  name: 'lock-counts',
  text: 'SELECT product_id FROM product_counts WHERE product_id = ANY($1::bigint[]) ORDER BY product_id FOR UPDATE',
}

const ADD_COUNTS: Statement = {
  name: 'add-counts',
  text: `UPDATE product_counts c SET ${COUNT_COLUMNS.map(column => `${column} = c.${column} + n.${column}`).join(', ')}
    FROM unnest($1::bigint[], ${COUNT_COLUMNS.map((_, at) => `$${at + 2}::bigint[]`).join(', ')})
      AS n (product_id, ${COUNT_COLUMNS.join(', ')})
    WHERE c.product_id = n.product_id`,
}

/** By how much a transaction changes the counters of products. */
export class ProductCounts {
  readonly #sums = new Map<number, Record<CountColumn, number>>()

  add(productId: number, column: CountColumn, by: number): void {
    const sum = this.#sums.get(productId) ?? noCounts()
    sum[column] += by
    this.#sums.set(productId, sum)
  }

  /** False where a product is not there any more. Comes after the devices: all lock in this order. */
  async save(session: Session): Promise<boolean> {
    if (this.#sums.size === 0) return true
    const products = [...this.#sums.keys()]
    if (products.length > 1) await session.query(LOCK_COUNTS, [products])
    const sums = [...this.#sums.values()]
    const values = [products, ...COUNT_COLUMNS.map(column => sums.map(sum => sum[column]))]
    return (await session.change(ADD_COUNTS, values)) === products.length
  }
}

const noCounts = (): Record<CountColumn, number> => ({
  unactive_count: 0,
  online_count: 0,
  offline_count: 0,
  disabled_count: 0,
  activated_count: 0,
  client_id_count: 0,
})
