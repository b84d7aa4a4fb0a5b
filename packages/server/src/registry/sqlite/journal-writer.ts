import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { NewJournalEntry } from '../types.ts'

// Entries beyond the limit go in chunks: one small delete every few commits instead of one with each row.
const SLACK_ENTRIES = 64
const MAX_PRUNED_ENTRIES = 1000

/** Appends to the journal and keeps it at its limit (and at most a tenth or 64 entries more). */
export class JournalWriter {
  readonly #insert: StatementSync
  readonly #range: StatementSync
  readonly #prune: StatementSync
  readonly #limit: number
  #inserted = 0

  constructor(db: DatabaseSync, limit: number) {
    this.#limit = Math.max(1, limit) // the newest must stay: the next id follows from it
    this.#insert = db.prepare(`INSERT INTO journal (time, outcome, reason, product_key, device_name, mode, address,
      transport, tls_version, tls_cipher, mqtt_version, connack_code, detail)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#range = db.prepare('SELECT (SELECT min(id) FROM journal) AS low, (SELECT max(id) FROM journal) AS high')
    this.#prune = db.prepare('DELETE FROM journal WHERE id < ?')
  }

  /** Returns the entry's id. */
  append(entry: NewJournalEntry): number {
    this.#inserted += 1
    const { lastInsertRowid } = this.#insert.run(
      entry.time,
      entry.outcome,
      entry.reason,
      entry.productKey,
      entry.deviceName,
      entry.mode,
      entry.address,
      entry.transport,
      entry.tlsVersion,
      entry.tlsCipher,
      entry.mqttVersion,
      entry.connackCode,
      entry.detail === null ? null : JSON.stringify(entry.detail),
    )
    return Number(lastInsertRowid)
  }

  /** At the end of a transaction. Ids have no gaps but at the old end, so the range is the count. */
  prune(): void {
    if (this.#inserted === 0) return
    const maxPruned = Math.max(MAX_PRUNED_ENTRIES, 2 * this.#inserted)
    this.#inserted = 0
    const { low, high } = this.#range.get() as { low: number | null; high: number | null }
    if (low === null || high === null) return
    const excess = high - low + 1 - this.#limit
    if (excess >= Math.min(SLACK_ENTRIES, Math.ceil(this.#limit / 10)))
      this.#prune.run(low + Math.min(excess, maxPruned))
  }
}
