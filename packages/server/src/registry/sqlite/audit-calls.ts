import type { DatabaseSync } from 'node:sqlite'
import type { CallMap } from '../../storage/messages.ts'
import type { AuditEntry, AuditNote } from '../audit/audit-entry.ts'
import { chained } from '../audit/chain.ts'
import { settledNote } from '../audit/settled-note.ts'
import { AUDIT_COLUMNS, auditValues } from '../sql/audit.ts'
import type { AuditWrites } from './calls.ts'
import { one } from './writer.ts'

/** Every changing call may be made with a note of the act: what the call changed and the entry are one. */
export function auditCalls(db: DatabaseSync, calls: CallMap): AuditWrites {
  const append = appender(db)
  return {
    appendAudit: append,
    audited({ call: [name, argument], note }) {
      const run = calls[name]
      if (!run) throw new Error(`there is no call ${name}`)
      const answer: unknown = run(argument as never) // the asking side is typed by the same table
      const settled = settledNote(note, answer)
      if (settled) append([settled])
      return answer
    },
  }
}

function appender(db: DatabaseSync): (notes: readonly AuditNote[]) => void {
  const last = db.prepare('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1')
  const insert = db.prepare(`INSERT INTO audit (${AUDIT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  return notes => {
    for (const entry of chained(one<Pick<AuditEntry, 'id' | 'hash'>>(last), notes)) insert.run(...auditValues(entry))
  }
}
