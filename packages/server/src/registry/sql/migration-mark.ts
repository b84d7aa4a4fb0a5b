import type { TimeMs } from '../types.ts'

/** What a registry that is filled, or was filled, from another one says of that: a row of `meta`. */
export interface MigrationMark {
  /** Identity of the registry that it comes from. */
  source: string
  state: 'copying' | 'done'
  at: TimeMs
}

export const MARK_NAME = 'migration'

export const markBytes = (mark: MigrationMark): Buffer => Buffer.from(JSON.stringify(mark))

/** Only Hatchway writes it, so the cast holds. */
export const markOf = (value: Uint8Array): MigrationMark => JSON.parse(Buffer.from(value).toString()) as MigrationMark

/** Why a server does not start on a half-filled registry, as the end of a sentence that names it. */
export const UNFINISHED_MIGRATION =
  'holds a migration that has not come to its end; run the same hatchway migrate-store again, or empty it.'
