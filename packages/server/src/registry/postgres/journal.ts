import { idCursor } from '../sql/cursor.ts'
import { journalQuery } from '../sql/journal-query.ts'
import { page } from '../sql/page.ts'
import { type JournalRow, journalEntry } from '../sql/rows.ts'
import type { JournalQuery } from '../store.ts'
import type { JournalEntry, NewJournalEntry, Page } from '../types.ts'
import { type Database, placeholder, type Session, type Statement } from './database.ts'

// Entries beyond the limit go in chunks: one small delete every few commits instead of one with each row.
const SLACK_ENTRIES = 64
const MAX_PRUNED_ENTRIES = 1000

const APPEND: Statement = {
  name: 'append-journal',
  text: `WITH head AS (UPDATE journal_head SET last_id = last_id + $1::bigint RETURNING first_id, last_id),
    added AS (INSERT INTO journal (id, time, outcome, reason, product_key, device_name, mode, address, transport,
        tls_version, tls_cipher, mqtt_version, connack_code, detail)
      SELECT head.last_id - $1::bigint + n.place, n.time, n.outcome, n.reason, n.product_key, n.device_name, n.mode,
        n.address, n.transport, n.tls_version, n.tls_cipher, n.mqtt_version, n.connack_code, n.detail
      FROM head, unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::text[], $13::integer[], $14::text[]) WITH ORDINALITY
        AS n (time, outcome, reason, product_key, device_name, mode, address, transport, tls_version, tls_cipher,
          mqtt_version, connack_code, detail, place))
    SELECT first_id, last_id FROM head`,
}

const PRUNE: Statement = {
  name: 'prune-journal',
  text: `WITH head AS (UPDATE journal_head SET first_id = $2::bigint)
    DELETE FROM journal WHERE id >= $1::bigint AND id < $2::bigint`,
}

/**
 * Appends to the journal, as the last thing of a transaction: from here to the commit other gateways wait. Keeps it at
 * its limit, and at most a tenth or 64 entries more.
 *
 * @returns the id of the first entry; the others follow without gaps
 */
export async function appendJournal(
  session: Session,
  entries: readonly NewJournalEntry[],
  limit: number,
): Promise<number> {
  if (entries.length === 0) return 0
  const [head] = await session.query<{ first_id: number; last_id: number }>(APPEND, journalColumns(entries))
  if (!head) throw new Error('the table journal_head has lost its row')
  const excess = head.last_id - head.first_id + 1 - limit
  if (excess >= Math.min(SLACK_ENTRIES, Math.ceil(limit / 10))) {
    const pruned = Math.min(excess, Math.max(MAX_PRUNED_ENTRIES, 2 * entries.length))
    await session.change(PRUNE, [head.first_id, head.first_id + pruned])
  }
  return head.last_id - entries.length + 1
}

const journalColumns = (entries: readonly NewJournalEntry[]): unknown[] => [
  entries.length,
  entries.map(({ time }) => time),
  entries.map(({ outcome }) => outcome),
  entries.map(({ reason }) => reason),
  entries.map(({ productKey }) => productKey),
  entries.map(({ deviceName }) => deviceName),
  entries.map(({ mode }) => mode),
  entries.map(({ address }) => address),
  entries.map(({ transport }) => transport),
  entries.map(({ tlsVersion }) => tlsVersion),
  entries.map(({ tlsCipher }) => tlsCipher),
  entries.map(({ mqttVersion }) => mqttVersion),
  entries.map(({ connackCode }) => connackCode),
  entries.map(({ detail }) => (detail === null ? null : JSON.stringify(detail))),
]

export async function listJournal(database: Database, query: JournalQuery): Promise<Page<JournalEntry>> {
  const { text, values } = journalQuery(query, placeholder)
  const rows = await database.list<JournalRow>({ text }, values)
  return page(rows, query.limit, journalEntry, ({ id }) => idCursor(id))
}
