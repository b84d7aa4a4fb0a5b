import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { SealBroken, type Sealer } from '../seal.ts'
import { migrate, SCHEMA_VERSION, schemaVersion } from './migrations.ts'
import { storageProblem } from './storage-error.ts'

/** The database can't be used; the message is one sentence that names the file, its problem and the fix. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable'
}

export interface OpenOptions {
  file: string
  sealer: Sealer
  busyTimeoutMs: number
  /** The database grows to at most this many bytes; null = to the disk's end. */
  sizeLimitBytes: number | null
  /** Make the file if there is none: only when the server starts, never in its place while it runs. */
  create: boolean
}

const KEY_CHECK = 'hatchway'
const KEY_CHECK_PLACE = 'meta/key-check'

/** Opens for writing: brings the schema up to date and proves that the master key is the one it was made with. */
export function openForWriting(options: OpenOptions): DatabaseSync {
  return opened(options.file, () => {
    if (options.create) closeSync(openSync(options.file, 'a', 0o600)) // -wal and -shm take its mode over
    const db = connect(options, 'rw')
    try {
      checkVersion(db, options.file)
      db.exec('PRAGMA journal_mode = WAL')
      db.exec('PRAGMA synchronous = FULL')
      db.exec('PRAGMA foreign_keys = ON')
      db.exec('PRAGMA wal_autocheckpoint = 4000') // pages: a storm rewrites the same pages many times between checkpoints
      migrate(db)
      if (options.sizeLimitBytes !== null) limitSize(db, options.sizeLimitBytes)
      checkMasterKey(db, options)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** Opens for reading what `openForWriting` has made ready. */
export function openForReading(options: OpenOptions): DatabaseSync {
  return opened(options.file, () => connect(options, 'ro'))
}

function connect({ file, busyTimeoutMs }: OpenOptions, mode: 'rw' | 'ro'): DatabaseSync {
  const url = pathToFileURL(file)
  url.searchParams.set('mode', mode) // never creates the file
  const db = new DatabaseSync(url, { timeout: busyTimeoutMs })
  db.exec('PRAGMA cache_size = -32000') // 32 MB: the inner pages of a million devices
  return db
}

function opened(file: string, open: () => DatabaseSync): DatabaseSync {
  try {
    return open()
  } catch (error) {
    if (error instanceof DatabaseUnusable) throw error
    const problem = storageProblem(error)?.problem ?? (error instanceof Error ? error.message : String(error))
    const fix = 'restore it from a backup, correct its permissions, or point HATCHWAY_DATA_DIR elsewhere'
    throw new DatabaseUnusable(`The database ${file} can't be used: ${problem}; ${fix}.`, { cause: error })
  }
}

function checkVersion(db: DatabaseSync, file: string): void {
  const version = schemaVersion(db)
  if (version <= SCHEMA_VERSION) return
  const fix = 'run the newer Hatchway that made it, or point HATCHWAY_DATA_DIR elsewhere'
  throw new DatabaseUnusable(
    `The database ${file} has schema version ${version}, this Hatchway knows ${SCHEMA_VERSION}; ${fix}.`,
  )
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

function limitSize(db: DatabaseSync, sizeLimitBytes: number): void {
  const pageSizeBytes = Number(db.prepare('PRAGMA page_size').get()?.['page_size'])
  db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(sizeLimitBytes / pageSizeBytes))}`)
}
