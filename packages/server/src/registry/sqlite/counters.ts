import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { COUNT_COLUMNS, type CountColumn, type Counted, deviceCounts } from '../sql/counted.ts'

/**
 * The counters of products, gathered during a transaction and added once at its end: a storm of one product's
 * registrations
 * costs one update a commit.
 */
export class Counters {
  readonly #update: StatementSync
  #gathered: { productId: number; column: CountColumn; by: number }[] = []

  constructor(db: DatabaseSync) {
    const set = COUNT_COLUMNS.map(column => `${column} = ${column} + ?`).join(', ')
    this.#update = db.prepare(`UPDATE products SET ${set} WHERE id = ?`)
  }

  /** A device came (`before` null), went (`after` null) or changed. */
  deviceChanged(productId: number, before: Counted | null, after: Counted | null): void {
    deviceCounts(before, after, (column, by) => this.#add(productId, column, by))
  }

  clientIdsChanged(productId: number, by: number): void {
    this.#add(productId, 'client_id_count', by)
  }

  #add(productId: number, column: CountColumn, by: number): void {
    if (by !== 0) this.#gathered.push({ productId, column, by })
  }

  /** Where a call begins, for `forgetSince`. */
  mark(): number {
    return this.#gathered.length
  }

  /** The call that began at the mark was rolled back. */
  forgetSince(mark: number): void {
    this.#gathered.length = mark
  }

  flush(): void {
    const sums = new Map<number, number[]>()
    for (const { productId, column, by } of this.#gathered) {
      const sum = sums.get(productId) ?? COUNT_COLUMNS.map(() => 0)
      const at = COUNT_COLUMNS.indexOf(column)
      sum[at] = (sum[at] ?? 0) + by
      sums.set(productId, sum)
    }
    for (const [productId, sum] of sums) this.#update.run(...sum, productId)
    this.#gathered = []
  }
}
