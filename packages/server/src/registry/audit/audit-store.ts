import type { Page } from '../types.ts'
import type { AuditEntry, AuditNote, AuditQuery } from './audit-entry.ts'

/** The audit log: entries are added, and never changed nor removed. */
export interface AuditStore {
  /** For acts that change nothing in the store; those that do take their note with the change. */
  appendAudit(notes: readonly AuditNote[]): Promise<void>
  listAudit(query: AuditQuery): Promise<Page<AuditEntry>>
}
