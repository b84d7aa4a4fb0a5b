/** The audit log: who did what, chained by hashes. */
export type { Actor, AuditEntry, AuditFields, AuditNote, AuditQuery } from './audit-entry.ts'
export { MASKED, THE_SERVER } from './audit-entry.ts'
export { ChainCheck, type ChainVerdict } from './chain.ts'
export { noteOf } from './note.ts'
export { verifyAudit } from './verify.ts'
