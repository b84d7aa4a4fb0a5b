import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { rollBack } from '../../storage/sqlite-file.ts'
import {
  type CopiedRow,
  type CopiedTable,
  type CopiedValue,
  columnNames,
  keyNames,
} from '../migration/copied-tables.ts'
import { type CopyEnd, copiedText, identityOf } from '../migration/copy-end.ts'
import type { Sealer } from '../seal.ts'
import { MARK_NAME, type MigrationMark, markBytes, markOf } from '../sql/migration-mark.ts'
import type { TimeMs } from '../types.ts'
import { CREATION_INDEX } from './migrations.ts'
import { NameIndex } from './name-index.ts'
import { openForWriting } from './open.ts'
import { setAllOffline } from './upkeep-calls.ts'

const BUSY_TIMEOUT_MS = 2500

export interface SqliteCopyEndOptions {
  file: string
  sealer: Sealer
  /** The source is opened as a server's start does it, the target may be new or half filled. */
  role: 'source' | 'target'
  now: TimeMs
}

/**
 * Opens a registry in SQLite for a migration, with its schema brought up to date. Its caller sees to it that no server
 * has the file. Calls work on this thread: nobody else waits for it.
 *
 * @throws DatabaseUnusable
 */
export function openSqliteCopyEnd({ file, sealer, role, now }: SqliteCopyEndOptions): CopyEnd {
  const db = openForWriting({
    file,
    sealer,
    busyTimeoutMs: BUSY_TIMEOUT_MS,
    sizeLimitBytes: null,
    create: role === 'target',
    halfFilled: role === 'target',
  })
  if (role === 'source') setAllOffline(db, now)
  const meta = db.prepare('SELECT value FROM meta WHERE name = ?')
  const metaValue = (name: string): Uint8Array | undefined => meta.get(name)?.['value'] as Uint8Array | undefined
  const setMeta = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
  return {
    name: `the database ${file}`,
    identity: identityOf(metaValue('key-check') ?? Buffer.alloc(0)), // made by its opening
    async mark() {
      const value = metaValue(MARK_NAME)
      return value && markOf(value)
    },
    async setMark(mark: MigrationMark) {
      setMeta.run(MARK_NAME, markBytes(mark))
    },
    count: async ({ name }) => Number(db.prepare(`SELECT count(*) AS rows FROM ${name}`).get()?.['rows']),
    ...tableAccess(db),
    lastProductId: async () =>
      Number(db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'products'").get()?.['seq'] ?? 0),
    async complete(lastProductId) {
      inTransaction(db, () => {
        db.exec(CREATION_INDEX)
        db.exec("DELETE FROM sqlite_sequence WHERE name = 'products'")
        db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('products', ?)").run(lastProductId)
      })
    },
    close: async () => db.close(),
  }
}

function tableAccess(db: DatabaseSync): Pick<CopyEnd, 'lastKey' | 'rows' | 'insert'> {
  const nameIndex = new NameIndex(db)
  let hasCreationIndex = true
  const prepared = new Map<string, StatementSync>()
  const rowStatement = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    made.setReturnArrays(true)
    prepared.set(sql, made)
    return made
  }
  const read = (sql: string, values: CopiedRow): CopiedRow[] =>
    (rowStatement(sql).all(...(values as SQLInputValue[])) as unknown as CopiedValue[][]).map(row => row.map(copied))
  return {
    async lastKey(table) {
      const key = keyNames(table)
      const order = key.map(name => `${name} DESC`).join(', ')
      return read(`SELECT ${key.join(', ')} FROM ${table.name} ORDER BY ${order} LIMIT 1`, [])[0]
    },
    async rows(table, after, limit) {
      const key = keyNames(table).join(', ')
      const beyond = after === undefined ? '' : `WHERE (${key}) > (${places(table.keyColumns)})`
      const sql = `SELECT ${columnNames(table).join(', ')} FROM ${table.name} ${beyond} ORDER BY ${key} LIMIT ?`
      return read(sql, [...(after ?? []), limit])
    },
    async insert(table, rows) {
      const statement = rowStatement(insertSql(table))
      inTransaction(db, () => {
        if (table.name === 'devices' && hasCreationIndex) {
          // Devices come by name: the time of each would be another page of that index to write. `complete` makes it anew.
          db.exec('DROP INDEX IF EXISTS devices_by_creation')
          hasCreationIndex = false
        }
        for (const row of rows) {
          const [productId, deviceName] = row
          const own = table.name === 'devices' ? [nameIndex.add(Number(productId), String(deviceName))] : []
          statement.run(...(row as SQLInputValue[]), ...own)
        }
      })
    },
  }
}

function insertSql(table: CopiedTable): string {
  const names = [...columnNames(table), ...(table.name === 'devices' ? ['search_id'] : [])]
  return `INSERT INTO ${table.name} (${names.join(', ')}) VALUES (${places(names.length)})`
}

const places = (count: number): string => Array.from({ length: count }, () => '?').join(', ')

const copied = (value: CopiedValue): CopiedValue => (typeof value === 'string' ? copiedText(value) : value)

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    work()
    db.exec('COMMIT')
  } catch (error) {
    rollBack(db)
    throw error
  }
}
