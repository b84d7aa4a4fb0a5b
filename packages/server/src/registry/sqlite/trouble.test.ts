import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { RULES_BLOCK_THE_THREAD, RULES_END_THE_THREAD } from '../fixture-rules.suite.ts'
import { newEntry, StoreFixture } from '../store-fixture.suite.ts'
import { databases } from './database.suite.ts'
import type { SqliteStoreOptions } from './sqlite-store.ts'

const { file: newFile, open } = databases()
const fixtureWith = async (options: Partial<SqliteStoreOptions> = {}, file = newFile()) =>
  new StoreFixture(await open(file, options))

/** Again and again until it succeeds. */
const eventually = <Result>(call: () => Promise<Result>) =>
  expect.poll(() => call().then(() => 'done', String), { timeout: 20_000 }).toBe('done')

describe('group commit', () => {
  test('what is asked within one window is one transaction', async () => {
    const file = newFile()
    const fixture = await fixtureWith({ groupCommitWindowMs: 20, groupCommitRows: 1000 }, file)
    const { productKey } = await fixture.product()
    const before = commitsInLog(file)
    await Promise.all(Array.from({ length: 50 }, (_, at) => fixture.regnwl(productKey, `device${at}`, `cid${at}`)))
    expect(commitsInLog(file) - before).toBe(1)
  })

  test('so many rows do not wait for the window to end', async () => {
    const fixture = await fixtureWith({ groupCommitWindowMs: 1_000_000, groupCommitRows: 10, callTimeoutMs: 30_000 })
    const asked = Array.from({ length: 10 }, () => fixture.store.appendJournal([newEntry()]))
    await expect(Promise.all(asked)).resolves.toHaveLength(10)
  })
})

/** Frames of the write-ahead log that end a transaction: those that tell the database's size. */
function commitsInLog(file: string): number {
  const log = readFileSync(`${file}-wal`)
  const frameSizeBytes = 24 + log.readUInt32BE(8)
  let commits = 0
  for (let at = 32; at + frameSizeBytes <= log.length; at += frameSizeBytes) {
    if (log.readUInt32BE(at + 4) !== 0) commits += 1
  }
  return commits
}

describe('a database in trouble', () => {
  test('that another process has locked is slow, and heals when the lock is gone', async () => {
    const file = newFile()
    const fixture = await fixtureWith({ callTimeoutMs: 400 }, file)
    const { productKey } = await fixture.product()
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(fixture.regnwl(productKey, 'dev1', 'cid1')).rejects.toMatchObject({ reason: 'store-slow' })
    expect(await fixture.store.product(productKey)).toMatchObject({ productKey }) // reads go on
    other.exec('ROLLBACK')
    other.close()
    await eventually(() => fixture.regnwl(productKey, 'dev2', 'cid2'))
    expect(await fixture.store.device(productKey, 'dev1')).toBeUndefined()
  })

  test('that is full refuses changes, changes nothing, and heals when there is room', async () => {
    const fixture = await fixtureWith({ sizeLimitBytes: 400_000 })
    const ballast = await fixture.productWith(...Array.from({ length: 1000 }, (_, at) => `ballast${at}`))
    const { productKey } = await fixture.product()
    const filling = async () => {
      for (let round = 0; round < 100; round++) {
        await fixture.store.appendJournal(Array.from({ length: 100 }, () => newEntry({ productKey: 'filler' })))
      }
    }
    await expect(filling()).rejects.toMatchObject({ name: 'StoreUnavailable', reason: 'store-unavailable' })
    const { journalEntries } = await fixture.store.counts()
    const many = Array.from({ length: 200 }, (_, at) => fixture.regnwl(productKey, `device${at}`, `cid${at}`))
    const results = await Promise.allSettled(many)
    expect(results.map(({ status }) => status)).toContain('rejected')
    const issued = results.filter(({ status }) => status === 'fulfilled').length
    expect((await fixture.store.counts()).journalEntries).toBe(journalEntries + issued)
    await fixture.store.deleteProduct(ballast) // makes room
    await eventually(() => fixture.regnwl(productKey, 'dev1', 'cid1'))
    expect(await fixture.store.productView(productKey)).toMatchObject({ deviceCount: issued + 1 })
    expect((await fixture.store.listDevices({ productKey, limit: 1000 })).items).toHaveLength(issued + 1)
  })

  test('whose thread ends rejects what was at work, and goes on with a new one', async () => {
    const fixture = await fixtureWith()
    const { productKey } = await fixture.product()
    const deadly = fixture.regnwl(productKey, RULES_END_THE_THREAD, 'cid0')
    const beside = fixture.regnwl(productKey, 'dev1', 'cid1')
    await expect(deadly).rejects.toMatchObject({ name: 'StoreUnavailable' })
    await expect(beside).rejects.toMatchObject({ name: 'StoreUnavailable' })
    await eventually(() => fixture.regnwl(productKey, 'dev2', 'cid2'))
    expect(await fixture.store.device(productKey, 'dev1')).toBeUndefined()
    expect(await fixture.store.productView(productKey)).toMatchObject({ deviceCount: 1 })
  })

  test('whose thread ends again and again comes back each time', async () => {
    const fixture = await fixtureWith()
    const { productKey } = await fixture.product()
    for (let round = 0; round < 3; round++) {
      await expect(fixture.regnwl(productKey, RULES_END_THE_THREAD, 'cid0')).rejects.toMatchObject({
        name: 'StoreUnavailable',
      })
      await eventually(() => fixture.regnwl(productKey, `device${round}`, `cid${round}`))
    }
  })

  test('does not set devices offline when only a thread was started anew', async () => {
    const fixture = await fixtureWith()
    const productKey = await fixture.productWith('dev1')
    await fixture.register(productKey, 'dev1', 's')
    await fixture.activate(productKey, 'dev1', { deviceSecret: 's' })
    await fixture.store.notePresence([{ productKey, deviceName: 'dev1', online: true, at: 1, address: null }])
    await expect(fixture.regnwl(productKey, RULES_END_THE_THREAD, 'cid0')).rejects.toThrow()
    await eventually(() => fixture.store.check())
    expect(await fixture.store.deviceView(productKey, 'dev1')).toMatchObject({ status: 'ONLINE' })
  })

  test('that does not answer in time is slow, also for what waits behind', async () => {
    const fixture = await fixtureWith({ callTimeoutMs: 100 })
    const productKey = await fixture.productWith('dev1')
    const slow = await Promise.allSettled([
      fixture.regnwl(productKey, RULES_BLOCK_THE_THREAD, 'cid1'),
      fixture.regnwl(productKey, 'dev2', 'cid2'),
    ])
    for (const result of slow) expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'store-slow' } })
    await eventually(() => fixture.register(productKey, 'dev1', 'secret'))
  })

  test('takes only so many waiting calls', async () => {
    const fixture = await fixtureWith({ maxWaitingCalls: 3, groupCommitWindowMs: 20 })
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => fixture.store.appendJournal([newEntry()])))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
    expect(results[4]).toMatchObject({ reason: { name: 'StoreUnavailable', reason: 'store-slow' } })
  })
})
