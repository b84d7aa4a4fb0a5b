import { createHash } from 'node:crypto'
import type { MigrationMark } from '../sql/migration-mark.ts'
import type { CopiedRow, CopiedTable } from './copied-tables.ts'

/**
 * One end of a migration: a whole registry, row by row and as it is stored, so that sealed secrets stay sealed. Nobody
 * else writes to it between its opening and its closing. SQLite and PostgreSQL implement it.
 */
export interface CopyEnd {
  /** As messages name it; without a password. */
  readonly name: string
  /** The same for one registry as long as it lives; every new one has another. */
  readonly identity: string
  mark(): Promise<MigrationMark | undefined>
  setMark(mark: MigrationMark): Promise<void>
  count(table: CopiedTable): Promise<number>
  /** The key of the last row. */
  lastKey(table: CopiedTable): Promise<CopiedRow | undefined>
  /** The next rows after a key, in the order of the keys. */
  rows(table: CopiedTable, after: CopiedRow | undefined, limit: number): Promise<readonly CopiedRow[]>
  /** All of them or none; durable when it resolves. */
  insert(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>
  /** The highest number that a product has ever had: it is never given again. */
  lastProductId(): Promise<number>
  /** Makes a filled registry ready for servers: where numbers go on, what the planner knows. */
  complete(lastProductId: number): Promise<void>
  close(): Promise<void>
}

/** @param keyCheck the sealed value that each registry makes with a random nonce when it is made */
export const identityOf = (keyCheck: Uint8Array): string => createHash('sha256').update(keyCheck).digest('hex')

/** PostgreSQL's text holds any character but this one, so both ends replace it, as the store does. */
export const copiedText = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text)

/** The migration can't be done; the message is one sentence that names the registry, its problem and the fix. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused'
}
