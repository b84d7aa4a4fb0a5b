import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { entryRecord, messageRecord, sessionOne, sessionStoreSuite } from '../session-store.suite.ts'
import { MIGRATIONS } from './migrations.ts'
import { openSqliteSessionStore } from './sqlite-session-store.ts'

const subscription = { qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 }

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

  it.each([1, 2])('of version %i is brought up to date, and keeps what it holds', async version => {
    const own = newFile()
    const db = new DatabaseSync(own)
    for (const step of MIGRATIONS.slice(0, version)) db.exec(step)
    db.exec(`
      INSERT INTO sessions (key, session_id, identity, level, expiry_seconds, sent_up_to)
        VALUES (1, 'pk1/dev1', '${JSON.stringify(sessionOne.identity)}', 4, 604800, 0);
      INSERT INTO subscriptions VALUES (1, '$share/g/a', '${JSON.stringify(subscription)}');
      INSERT INTO messages VALUES (1, x'00ff01', 4, 0);
      INSERT INTO entries VALUES (1, 1, 1, 1, 50, NULL, 0);
      INSERT INTO unreleased VALUES (1, 7);
      PRAGMA user_version = ${version}
    `)
    db.close()
    const store = await openSqliteSessionStore({ file: own })
    const kept = {
      session: sessionOne,
      subscriptions: new Map([['$share/g/a', subscription]]),
      retainedOwed: new Set(),
      unreleased: new Set([7]),
      entries: [entryRecord(1, 1, 1)],
    }
    expect(await store.load()).toEqual({ sessions: [kept], messages: new Map([[1, messageRecord(1)]]), retained: [] })
    await store.close()
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
    await expect.poll(() => store.commit(changes).then(() => 'done', String)).toBe('done')
    expect(await store.load()).toMatchObject({ sessions: [{ entries: [{ sequence: 1 }] }] })
    await store.close()
  })
})
