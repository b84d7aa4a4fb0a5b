import type { DatabaseSync } from 'node:sqlite'
import { DatabaseUnusable, openReadable, openWritable } from '../../storage/sqlite-file.ts'
import { SealBroken, type Sealer } from '../seal.ts'
import { MARK_NAME, markOf, UNFINISHED_MIGRATION } from '../sql/migration-mark.ts'
import { MIGRATIONS } from './migrations.ts'

export interface OpenOptions {
  file: string
  sealer: Sealer
  busyTimeoutMs: number
  /** The database grows to at most this many bytes; null = to the disk's end. */
  sizeLimitBytes: number | null
  /** Make the file if there is none: only when the server starts, never in its place while it runs. */
  create: boolean
  /** Open it although a migration into it has not come to its end: only for that migration. */
  halfFilled?: boolean
}

const KEY_CHECK = 'hatchway'
const KEY_CHECK_PLACE = 'meta/key-check'
const CACHE_KIB = 32_000 // the inner pages of a million devices
const CHECKPOINT_PAGES = 4000 // a storm rewrites the same pages many times between checkpoints

/** Opens for writing: brings the schema up to date and proves that the master key is the one it was made with. */
export function openForWriting(options: OpenOptions): DatabaseSync {
  const { sizeLimitBytes } = options
  const file = { ...options, cacheKib: CACHE_KIB, checkpointPages: CHECKPOINT_PAGES, migrations: MIGRATIONS }
  return openWritable(file, db => {
    if (sizeLimitBytes !== null) limitSize(db, sizeLimitBytes)
    checkMasterKey(db, options)
    if (options.halfFilled !== true) refuseHalfFilled(db, options.file)
  })
}

/** Opens for reading what `openForWriting` has made ready. */
export function openForReading(options: OpenOptions): DatabaseSync {
  return openReadable({ ...options, cacheKib: CACHE_KIB })
}

function checkMasterKey(db: DatabaseSync, { file, sealer }: OpenOptions): void {
  const row = db.prepare("SELECT value FROM meta WHERE name = 'key-check'").get()
  if (row === undefined) {
    db.prepare("INSERT INTO meta (name, value) VALUES ('key-check', ?)").run(sealer.seal(KEY_CHECK, KEY_CHECK_PLACE))
    return
  }
  try {
    if (sealer.open(row['value'] as Uint8Array, KEY_CHECK_PLACE) === KEY_CHECK) return
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
  }
  const fix = 'point HATCHWAY_MASTER_KEY_FILE at the key that the database was made with'
  throw new DatabaseUnusable(`The database ${file} was made with another master key; ${fix}.`)
}

function refuseHalfFilled(db: DatabaseSync, file: string): void {
  const row = db.prepare('SELECT value FROM meta WHERE name = ?').get(MARK_NAME)
  if (row === undefined || markOf(row['value'] as Uint8Array).state === 'done') return
  throw new DatabaseUnusable(`The database ${file} ${UNFINISHED_MIGRATION}`)
}

function limitSize(db: DatabaseSync, sizeLimitBytes: number): void {
  const pageSizeBytes = Number(db.prepare('PRAGMA page_size').get()?.['page_size'])
  db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(sizeLimitBytes / pageSizeBytes))}`)
}
