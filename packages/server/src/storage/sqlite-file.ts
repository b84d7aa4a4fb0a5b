import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { storageProblem } from './storage-error.ts'

/** The database can't be used; the message is one sentence that names the file, its problem and the fix. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable'
}

export interface SqliteFile {
  readonly file: string
  readonly busyTimeoutMs: number
  /** Memory for pages, KiB. */
  readonly cacheKib: number
}

export interface WritableSqliteFile extends SqliteFile {
  /** Make the file if there is none: only when the server starts, never in its place while it runs. */
  readonly create: boolean
  /** Write-ahead log pages between checkpoints. */
  readonly checkpointPages: number
  /** The schema, one step per version (`PRAGMA user_version`). */
  readonly migrations: readonly string[]
}

/** Opens for writing, with the schema brought up to date: WAL, synchronous=FULL. `prepare` sees it first. */
export function openWritable(options: WritableSqliteFile, prepare: (db: DatabaseSync) => void): DatabaseSync {
  const { file, create, checkpointPages, migrations } = options
  return usable(file, () => {
    if (create) closeSync(openSync(file, 'a', 0o600)) // -wal and -shm take its mode over
    const db = connect(options, 'rw')
    try {
      checkVersion(db, file, migrations.length)
      db.exec('PRAGMA journal_mode = WAL')
      db.exec('PRAGMA synchronous = FULL')
      db.exec('PRAGMA foreign_keys = ON')
      db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`)
      migrate(db, migrations)
      prepare(db)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** Opens for reading what `openWritable` has made ready. */
export function openReadable(options: SqliteFile): DatabaseSync {
  return usable(options.file, () => connect(options, 'ro'))
}

function connect({ file, busyTimeoutMs, cacheKib }: SqliteFile, mode: 'rw' | 'ro'): DatabaseSync {
  const url = pathToFileURL(file)
  url.searchParams.set('mode', mode) // never creates the file
  const db = new DatabaseSync(url, { timeout: busyTimeoutMs })
  db.exec(`PRAGMA cache_size = -${cacheKib}`)
  return db
}

function usable(file: string, open: () => DatabaseSync): DatabaseSync {
  try {
    return open()
  } catch (error) {
    if (error instanceof DatabaseUnusable) throw error
    const problem = storageProblem(error)?.problem ?? (error instanceof Error ? error.message : String(error))
    const fix = 'restore it from a backup, correct its permissions, or point HATCHWAY_DATA_DIR elsewhere'
    throw new DatabaseUnusable(`The database ${file} can't be used: ${problem}; ${fix}.`, { cause: error })
  }
}

function checkVersion(db: DatabaseSync, file: string, known: number): void {
  const version = schemaVersion(db)
  if (version <= known) return
  const fix = 'run the newer Hatchway that made it, or point HATCHWAY_DATA_DIR elsewhere'
  throw new DatabaseUnusable(
    `The database ${file} has schema version ${version}, this Hatchway knows ${known}; ${fix}.`,
  )
}

/** Brings the schema up to date, each step in its own transaction. */
function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  for (const [version, step] of migrations.entries()) {
    if (version < schemaVersion(db)) continue
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(step)
      db.exec(`PRAGMA user_version = ${version + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      rollBack(db)
      throw error
    }
  }
}

function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** After a full disk SQLite may have rolled back by itself. */
export function rollBack(db: DatabaseSync): void {
  if (db.isTransaction) db.exec('ROLLBACK')
}
