import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { entryRecord, messageRecord, sessionOne, sessionStoreSuite } from '../session-store.suite.ts'
import { MIGRATIONS } from './migrations.ts'
import { openSqliteSessionStore } from './sqlite-session-store.ts'

const directory = mkdtempSync(join(tmpdir(), 'hatchway-sessions-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
let made = 0
const newFile = (): string => join(directory, `broker${++made}.db`)

let file = newFile()
sessionStoreSuite({
  open(again) {
    if (!again) file = newFile()
    return openSqliteSessionStore({ file })
  },
})

const problemOf = (opening: Promise<unknown>): Promise<string> =>
  opening.then(
    () => 'none',
    error => (error instanceof Error ? error.message : String(error)),
  )

describe('the file of sessions', () => {
  it('is made for its owner only, and is whole after closing', async () => {
    const own = newFile()
    const store = await openSqliteSessionStore({ file: own })
    await store.commit([{ do: 'put-session', session: sessionOne }])
    await store.close()
    expect(statSync(own).mode & 0o077).toBe(0)
    expect(() => statSync(`${own}-wal`)).toThrow()
  })

  it('of a newer version is refused, and left as it is', async () => {
    const own = newFile()
    await (await openSqliteSessionStore({ file: own })).close()
    const db = new DatabaseSync(own)
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`)
    db.close()
    const before = readFileSync(own)
    expect(await problemOf(openSqliteSessionStore({ file: own }))).toBe(
      `The database ${own} has schema version ${MIGRATIONS.length + 1}, this Hatchway knows ${MIGRATIONS.length}; ` +
        'run the newer Hatchway that made it, or point HATCHWAY_DATA_DIR elsewhere.',
    )
    expect(readFileSync(own).equals(before)).toBe(true)
  })

  it.each([
    ['that is none', Buffer.from('filter,qos\n'.repeat(100)), /it is not a SQLite database/],
    ['that is damaged', Buffer.alloc(8192, 0xff), /can't be used: .*; restore it from a backup/],
  ])('%s is refused with one sentence', async (_what, bytes, sentence) => {
    const own = newFile()
    writeFileSync(own, bytes)
    expect(await problemOf(openSqliteSessionStore({ file: own }))).toMatch(sentence)
  })

  it('that is locked is slow, and the same commit goes through when the lock is gone', async () => {
    const own = newFile()
    const store = await openSqliteSessionStore({ file: own, callTimeoutMs: 200 })
    const other = new DatabaseSync(own)
    other.exec('BEGIN IMMEDIATE')
    const changes = [
      { do: 'put-session', session: sessionOne },
      { do: 'add-message', message: messageRecord(1) },
      { do: 'add-entry', entry: entryRecord(1, 1, 1) },
    ] as const
    await expect(store.commit(changes)).rejects.toMatchObject({ reason: 'store-slow' })
    other.exec('ROLLBACK')
    other.close()
    await expect.poll(() => store.commit(changes).then(() => 'done', String), { timeout: 10_000 }).toBe('done')
    expect(await store.load()).toMatchObject({ sessions: [{ entries: [{ sequence: 1 }] }] })
    await store.close()
  })
})
