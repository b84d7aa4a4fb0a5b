import type { AuditEntry, AuditNote, AuditQuery } from '../audit/audit-entry.ts'
import type { AuditStore } from '../audit/audit-store.ts'
import { chained } from '../audit/chain.ts'
import { settledNote } from '../audit/settled-note.ts'
import { AUDIT_COLUMNS, type AuditRow, auditEntry, auditQuery, auditValues } from '../sql/audit.ts'
import { idCursor } from '../sql/cursor.ts'
import { page } from '../sql/page.ts'
import { type Database, placeholder, type Session, type Statement } from './database.ts'

// Of all gateways one writes at a time, from here to its commit; readers don't wait.
const LOCK: Statement = { text: 'LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE' }
const LAST: Statement = { text: 'SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1' }
const INSERT: Statement = {
  text: `INSERT INTO audit (${AUDIT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
}

/** Adds to the chain, as the last thing of a transaction. */
export async function appendAudit(session: Session, notes: readonly AuditNote[]): Promise<void> {
  if (notes.length === 0) return
  await session.query(LOCK)
  const [last] = await session.query<Pick<AuditEntry, 'id' | 'hash'>>(LAST)
  for (const entry of chained(last, notes)) await session.change(INSERT, auditValues(entry))
}

/** Runs a transaction with the note of its act, if there is one and anything was changed. */
export function auditedTransaction<Result>(
  database: Database,
  note: AuditNote | undefined,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  return database.transaction(async session => {
    const result = await work(session)
    const settled = note && settledNote(note, result)
    if (settled) await appendAudit(session, [settled])
    return result
  })
}

export const auditChanges = (database: Database): Pick<AuditStore, 'appendAudit'> => ({
  appendAudit: notes => database.transaction(session => appendAudit(session, notes)),
})

export const auditLists = (database: Database): Pick<AuditStore, 'listAudit'> => ({
  async listAudit(query: AuditQuery) {
    const { text, values } = auditQuery(query, placeholder)
    const rows = await database.list<AuditRow>({ text }, values)
    return page(rows, query.limit, auditEntry, ({ id }) => idCursor(id))
  },
})
