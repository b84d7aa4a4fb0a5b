import { createHash } from 'node:crypto'
import type { AuditEntry, AuditNote } from './audit-entry.ts'

/** The hash that the first entry covers. */
export const FIRST_HASH = '0'.repeat(64)

/**
 * The hash of an entry: SHA-256 over the hash before it, a line feed, and the entry as JSON with its keys in the order
 * of their code units and no blanks.
 */
export function chainHash(before: string, { id, ...note }: Omit<AuditEntry, 'hash'>): string {
  const { at, actor, action, target, before: was, after, address, via } = note
  const { kind, id: actorId, name } = actor
  const entry = { id, at, actor: { kind, id: actorId, name }, action, target, before: was, after, address, via }
  return createHash('sha256')
    .update(`${before}\n${canonical(entry)}`, 'utf8')
    .digest('hex')
}

export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonical(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
  return `{${fields.join(',')}}`
}

/** The entries that follow `last`. */
export function chained(last: Pick<AuditEntry, 'id' | 'hash'> | undefined, notes: readonly AuditNote[]): AuditEntry[] {
  let { id, hash } = last ?? { id: 0, hash: FIRST_HASH }
  return notes.map(note => {
    id += 1
    hash = chainHash(hash, { ...note, id })
    return { ...note, id, hash }
  })
}

export interface ChainVerdict {
  ok: boolean
  /** Checked, up to the first bad one. */
  entries: number
  /** The hash of the last good one. Written down elsewhere, it shows later whether newer entries were cut off. */
  lastHash: string
  firstBadId: number | null
  problem: string | null
}

/** Checks entries one by one, oldest first. */
export class ChainCheck {
  #entries = 0
  #last: Pick<AuditEntry, 'id' | 'hash'> = { id: 0, hash: FIRST_HASH }
  #bad: { id: number; problem: string } | undefined

  /** False from the first bad one on. */
  take(entry: AuditEntry): boolean {
    if (this.#bad) return false
    const expectedId = this.#last.id + 1
    if (entry.id !== expectedId) {
      this.#bad = { id: expectedId, problem: `entry ${expectedId} is missing; the next one there is ${entry.id}` }
    } else if (chainHash(this.#last.hash, entry) !== entry.hash) {
      this.#bad = {
        id: entry.id,
        problem: `entry ${entry.id} is not what was written, or does not follow the one before`,
      }
    } else {
      this.#entries += 1
      this.#last = entry
    }
    return this.#bad === undefined
  }

  get verdict(): ChainVerdict {
    return {
      ok: this.#bad === undefined,
      entries: this.#entries,
      lastHash: this.#last.hash,
      firstBadId: this.#bad?.id ?? null,
      problem: this.#bad?.problem ?? null,
    }
  }
}
