import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { DeviceStatus } from '../types.ts'

const COLUMNS = [
  'unactive_count',
  'online_count',
  'offline_count',
  'disabled_count',
  'activated_count',
  'client_id_count',
] as const
type Column = (typeof COLUMNS)[number]

const STATUS_COLUMN: Readonly<Record<DeviceStatus, Column>> = {
  UNACTIVE: 'unactive_count',
  ONLINE: 'online_count',
  OFFLINE: 'offline_count',
  DISABLE: 'disabled_count',
}

/** What a device counts as; `status` is the column of the same name. */
export interface Counted {
  status: DeviceStatus
  activated_at: number | null
}

/**
 * The counters of products, gathered during a transaction and added once at its end: a storm of one product's
 * registrations
 * costs one update a commit.
 */
export class Counters {
  readonly #update: StatementSync
  #gathered: { productId: number; column: Column; by: number }[] = []

  constructor(db: DatabaseSync) {
    const set = COLUMNS.map(column => `${column} = ${column} + ?`).join(', ')
    this.#update = db.prepare(`UPDATE products SET ${set} WHERE id = ?`)
  }

  /** A device came (`before` null), went (`after` null) or changed. */
  deviceChanged(productId: number, before: Counted | null, after: Counted | null): void {
    if (before?.status !== after?.status) {
      if (before) this.#add(productId, STATUS_COLUMN[before.status], -1)
      if (after) this.#add(productId, STATUS_COLUMN[after.status], 1)
    }
    const activated = Number((after?.activated_at ?? null) !== null) - Number((before?.activated_at ?? null) !== null)
    this.#add(productId, 'activated_count', activated)
  }

  clientIdsChanged(productId: number, by: number): void {
    this.#add(productId, 'client_id_count', by)
  }

  #add(productId: number, column: Column, by: number): void {
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
      const sum = sums.get(productId) ?? COLUMNS.map(() => 0)
      const at = COLUMNS.indexOf(column)
      sum[at] = (sum[at] ?? 0) + by
      sums.set(productId, sum)
    }
    for (const [productId, sum] of sums) this.#update.run(...sum, productId)
    this.#gathered = []
  }
}

export function statusOf(device: { disabled: boolean; activatedAt: number | null; online: boolean }): DeviceStatus {
  if (device.disabled) return 'DISABLE'
  if (device.activatedAt === null) return 'UNACTIVE'
  return device.online ? 'ONLINE' : 'OFFLINE'
}
