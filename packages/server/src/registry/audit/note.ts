import type { TimeMs } from '../types.ts'
import type { Actor, AuditFields, AuditNote } from './audit-entry.ts'

export interface Act {
  action: string
  target: string
  before?: AuditFields | null
  after?: AuditFields | null
}

/** An act and who does it. */
export const noteOf = (
  { kind, id, name, address, via }: Actor,
  at: TimeMs,
  { action, target, before = null, after = null }: Act,
): AuditNote => ({
  at,
  actor: { kind, id, name: storable(name) },
  action,
  target: storable(target),
  before,
  after,
  address,
  via,
})

/** What no database changes: the hash covers the very text. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd')

/** The fields that differ, as they were and as they become. */
export function changedFields(was: AuditFields, becomes: AuditFields): { before: AuditFields; after: AuditFields } {
  const names = Object.keys(becomes).filter(name => becomes[name] !== undefined && becomes[name] !== was[name])
  const only = (fields: AuditFields): AuditFields => Object.fromEntries(names.map(name => [name, fields[name] ?? null]))
  return { before: only(was), after: only(becomes) }
}
