import { Client } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { createRegistry } from '../index.ts'
import { newEntry, StoreFixture } from '../store-fixture.suite.ts'
import { BlockableWay } from './blockable-way.suite.ts'
import type { PostgresStoreOptions } from './postgres-store.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()
const fixtureOn = async (url: string, options: Partial<PostgresStoreOptions> = {}) =>
  new StoreFixture(await open(url, options))

/** Again and again until it succeeds. */
const eventually = <Result>(call: () => Promise<Result>) =>
  expect.poll(() => call().then(() => 'done', String), { timeout: 20_000 }).toBe('done')

const unavailable = { name: 'StoreUnavailable' }

describe('group commit', () => {
  test('what is asked within one window is one transaction', async () => {
    const url = await server().database()
    const fixture = await fixtureOn(url, { groupCommitWindowMs: 20, groupCommitRows: 1000 })
    const { productKey } = await fixture.product()
    await Promise.all(Array.from({ length: 50 }, (_, at) => fixture.regnwl(productKey, `device${at}`, `cid${at}`)))
    const transactions = 'SELECT count(DISTINCT xmin::text)::integer AS made FROM hatchway.devices'
    expect(await server().query(transactions, { url })).toEqual([{ made: 1 }])
  })

  test('so many rows do not wait for the window to end', async () => {
    const options = { groupCommitWindowMs: 1_000_000, groupCommitRows: 10, callTimeoutMs: 30_000 }
    const fixture = await fixtureOn(await server().database(), options)
    const asked = Array.from({ length: 10 }, () => fixture.store.appendJournal([newEntry()]))
    await expect(Promise.all(asked)).resolves.toHaveLength(10)
  })
})

describe('a PostgreSQL database in trouble', () => {
  test('whose row somebody else has locked is slow, and heals when the lock is gone', async () => {
    const url = await server().database()
    const fixture = await fixtureOn(url, { callTimeoutMs: 400 })
    const productKey = await fixture.productWith('dev1', 'dev2')
    const other = new Client({ connectionString: url })
    other.on('error', () => undefined) // told by its statements
    await other.connect()
    await other.query("BEGIN; SELECT * FROM hatchway.devices WHERE device_name = 'dev1' FOR UPDATE")
    await expect(fixture.register(productKey, 'dev1', 's')).rejects.toMatchObject({ reason: 'store-slow' })
    expect(await fixture.store.product(productKey)).toMatchObject({ productKey }) // reads go on
    await other.end()
    await eventually(() => fixture.register(productKey, 'dev2', 's'))
    expect((await fixture.device(productKey, 'dev1')).deviceSecret).toBeNull()
  })

  test('that is stopped rejects every call, and goes on by itself when it is started again', async () => {
    const broken: Error[] = []
    const fixture = await fixtureOn(await server().database(), { onError: error => broken.push(error) })
    const { store } = fixture
    const productKey = await fixture.productWith('dev1')
    await server().stop()
    try {
      for (const call of [
        () => fixture.register(productKey, 'dev1', 's'),
        () => store.product(productKey),
        () => store.listProducts({ limit: 1 }),
        () => store.updateProduct(productKey, { name: 'x' }, 1),
        () => store.check(),
      ]) {
        await expect(call()).rejects.toMatchObject({ ...unavailable, reason: 'store-unavailable' })
      }
    } finally {
      await server().start()
    }
    await eventually(() => store.check())
    expect(await fixture.register(productKey, 'dev1', 's')).toMatchObject({ ok: true })
    expect(broken.length).toBeGreaterThan(0)
  })

  const standby = {
    because: 'it is a standby still',
    begin: 'ALTER DATABASE %DB SET default_transaction_read_only = on',
    end: 'BEGIN READ WRITE; ALTER DATABASE %DB SET default_transaction_read_only = off; COMMIT',
  }
  const full = {
    because: 'its disk is full',
    begin: `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON hatchway.devices EXECUTE FUNCTION full_disk()`,
    end: 'DROP FUNCTION full_disk CASCADE',
  }
  test.each([standby, full])('that can be read and not written refuses changes and heals: $because', async trouble => {
    const url = await server().database()
    const fixture = await fixtureOn(url)
    const productKey = await fixture.productWith('dev1')
    const database = new URL(url).pathname.slice(1)
    // Sessions take over such a setting when they begin.
    const sessions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'
      AND pid <> pg_backend_pid()`
    const turn = async (statement: string): Promise<void> => {
      await server().query(statement.replace('%DB', database), { url })
      await server().query(sessions, { url })
    }
    await turn(trouble.begin)
    const refused = expect.objectContaining({ name: 'StoreUnavailable', reason: 'store-unavailable' })
    await expect.poll(() => fixture.store.product(productKey).catch(() => null)).toMatchObject({ productKey })
    await expect(fixture.register(productKey, 'dev1', 's')).rejects.toEqual(refused)
    await expect(fixture.regnwl(productKey, 'dev2', 'cid1')).rejects.toEqual(refused)
    expect((await fixture.device(productKey, 'dev1')).deviceSecret).toBeNull()
    await turn(trouble.end)
    await eventually(() => fixture.register(productKey, 'dev1', 's'))
    expect(await fixture.store.device(productKey, 'dev2')).toBeUndefined()
  })

  test('that dies in a storm has every credential whose promise was kept', async () => {
    const fixture = await fixtureOn(await server().database())
    const { productKey } = await fixture.product()
    let made = 0
    let died: Promise<void> | undefined
    const unit = async (at: number): Promise<string[]> => {
      const kept: string[] = []
      for (let round = 0; died === undefined && round < 1000; round++) {
        const outcome = fixture.regnwl(productKey, `device${at}-${round}`, `cid${at}-${round}`)
        await outcome.then(
          () => kept.push(`${at}-${round}`),
          error => expect(error).toMatchObject(unavailable),
        )
        if (++made === 300) died = server().stop('SIGQUIT')
      }
      return kept
    }
    const kept = (await Promise.all(Array.from({ length: 20 }, (_, at) => unit(at)))).flat()
    await died
    await server().start()
    await eventually(() => fixture.store.check())
    expect(kept.length).toBeGreaterThan(200)
    for (const id of kept) {
      const { clientIds } = await fixture.device(productKey, `device${id}`)
      expect(clientIds.map(({ clientId }) => clientId)).toEqual([`cid${id}`])
    }
  })

  test('takes only so many waiting calls', async () => {
    const fixture = await fixtureOn(await server().database(), { maxWaitingCalls: 3, groupCommitWindowMs: 20 })
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => fixture.store.appendJournal([newEntry()])))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
    expect(results[4]).toMatchObject({ reason: { ...unavailable, reason: 'store-slow' } })
  })

  describe('behind a way that swallows everything', () => {
    let way: BlockableWay | undefined
    afterEach(() => way?.close())

    test('is slow for every call, and goes on when the way is open again', async () => {
      way = await BlockableWay.to(server().port)
      const url = way.url(await server().database())
      const fixture = await fixtureOn(url, { callTimeoutMs: 300 })
      const productKey = await fixture.productWith('dev1')
      way.block()
      const calls = [
        fixture.register(productKey, 'dev1', 's'),
        fixture.store.product(productKey),
        fixture.store.check(),
      ]
      for (const result of await Promise.allSettled(calls)) {
        expect(result).toMatchObject({ status: 'rejected', reason: { ...unavailable } })
      }
      way.open()
      await eventually(() => fixture.store.check())
      expect(await fixture.register(productKey, 'dev1', 's')).toMatchObject({ ok: true })
    })
  })
})

describe('a registry through outage after outage', () => {
  test('leaves nothing behind: timers, connections, sessions of the database', async () => {
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
    const timersBefore = timers()
    const url = await server().database()
    const fixture = await fixtureOn(url, { gatewayLeaseMs: 500, callTimeoutMs: 1000 })
    const registry = createRegistry({ store: fixture.store, clock: Date.now, rememberMs: 60_000 })
    const productKey = await fixture.productWith('dev1')
    await registry.device(productKey, 'dev1')
    const sessions = `SELECT count(*)::integer AS open FROM pg_stat_activity
      WHERE application_name = 'hatchway' AND datname = current_database()`
    for (let round = 0; round < 4; round += 1) {
      await server().stop('SIGQUIT')
      const asked = Array.from({ length: 50 }, (_, at) => registry.device(productKey, `unknown${at}`))
      const lost = Array.from({ length: 50 }, () => fixture.register(productKey, 'dev1', 's'))
      for (const { status } of await Promise.allSettled([...asked, ...lost])) expect(status).toBe('rejected')
      await expect.poll(() => registry.outage).not.toBeNull()
      registry.journal.record(newEntry({ address: `round ${round}` }))
      await server().start()
      await expect.poll(() => registry.outage).toBeNull()
      await eventually(() => fixture.store.check())
      await registry.journal.flush()
      expect((await server().query<{ open: number }>(sessions, { url }))[0]?.open).toBeLessThanOrEqual(10)
    }
    const { items } = await fixture.store.listJournal({ limit: 10 })
    expect(items.map(({ address }) => address)).toEqual(['round 3', 'round 2', 'round 1', 'round 0'])
    await registry.close()
    await expect.poll(timers).toBeLessThanOrEqual(timersBefore)
  })
})
