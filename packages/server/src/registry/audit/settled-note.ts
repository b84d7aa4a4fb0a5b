import type { AuditNote } from './audit-entry.ts'

/** What calls answer when nothing was changed. */
const UNCHANGED: ReadonlySet<unknown> = new Set([
  false,
  0,
  'product-not-found',
  'device-exists',
  'user-exists',
  'setup-done',
  'user-not-found',
  'last-admin',
])

/**
 * The note of a call that is done, by its answer: none where nothing was changed. Of a call for many devices it names
 * those that were made.
 */
export function settledNote(note: AuditNote, answer: unknown): AuditNote | undefined {
  if (!Array.isArray(answer)) return UNCHANGED.has(answer) ? undefined : note
  const done = answer.map(outcome => !UNCHANGED.has(outcome))
  if (!done.includes(true)) return undefined
  const names = note.after?.['deviceNames']
  if (!Array.isArray(names)) return note
  return { ...note, after: { ...note.after, deviceNames: names.filter((_, at) => done[at]) } }
}

/** The note of the part of many devices that one transaction makes or changes. */
export function noteOfDevices(note: AuditNote, deviceNames: readonly string[]): AuditNote {
  if (note.after === null || !('deviceNames' in note.after)) return note
  return { ...note, after: { ...note.after, deviceNames } }
}
