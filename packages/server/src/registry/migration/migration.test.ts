import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { verifyAudit } from '../audit/verify.ts'
import { openPostgresCopyEnd } from '../postgres/copy-end.ts'
import { stores } from '../postgres/stores.suite.ts'
import { createSealer } from '../seal.ts'
import { openSqliteCopyEnd } from '../sqlite/copy-end.ts'
import { databases, MASTER_KEY } from '../sqlite/database.suite.ts'
import type { Store } from '../store.ts'
import { newNote } from '../store-audit.suite.ts'
import { allPages, NOW, newEntry, newKey, StoreFixture } from '../store-fixture.suite.ts'
import { COPIED_TABLES, columnNames } from './copied-tables.ts'
import type { CopyEnd } from './copy-end.ts'
import { type Migration, type MigrationResult, migrateRegistry } from './migrate-registry.ts'

const postgres = stores()
const sqlite = databases()
const sealer = createSealer(MASTER_KEY)
const [source, target] = ['source', 'target'] as const

const sqliteEnd = (file: string, role: 'source' | 'target') => openSqliteCopyEnd({ file, sealer, role, now: NOW })
const postgresEnd = (url: string, role: 'source' | 'target') =>
  openPostgresCopyEnd({ url, sealer, role, now: NOW, setting: '--to' })

/** Opens both ends for one run, as each run of the command does. */
async function migrate(
  from: () => Promise<CopyEnd> | CopyEnd,
  to: () => Promise<CopyEnd> | CopyEnd,
  over: Partial<Migration> = {},
): Promise<MigrationResult> {
  const ends = new AsyncDisposableStack()
  const opened = async (open: () => Promise<CopyEnd> | CopyEnd): Promise<CopyEnd> => {
    const end = await open()
    ends.defer(() => end.close())
    return end
  }
  const quiet = { clock: () => NOW, signal: new AbortController().signal, onProgress: () => undefined, rowsAPage: 3 }
  try {
    return await migrateRegistry({ source: await opened(from), target: await opened(to), ...quiet, ...over })
  } finally {
    await ends.disposeAsync()
  }
}

/** Of every kind something; the last product is deleted, and its devices are left to the sweeper or gone. */
async function fill(store: Store): Promise<void> {
  const fixture = new StoreFixture(store)
  const names = Array.from({ length: 10 }, (_, index) => `listed${index}`)
  const [one, other] = [await fixture.productWith(...names), await fixture.productWith('Listed.0', 'burnt')]
  await fixture.register(one, 'listed0', 'secret of 0')
  await fixture.register(one, 'listed1', 'secret of 1')
  await fixture.activate(one, 'listed1', { deviceSecret: 'secret of 1' }, NOW + 1)
  await store.changeDevice(one, 'listed1', { kind: 'reset', now: NOW + 2 })
  await store.changeDevice(one, 'listed2', { kind: 'disable' })
  await store.createDevices([{ productKey: other, deviceName: 'made', deviceSecret: 'burnt "in" ü', createdAt: NOW }])
  for (const clientId of ['cid1', 'cid2', 'cid3']) await fixture.regnwl(other, 'free', clientId)
  await fixture.activate(other, 'free', { clientId: 'cid2' }, NOW + 3)
  await store.changeDevice(other, 'free', { kind: 'keep-client-id', clientId: 'cid2', now: NOW + 4 })
  await store.updateProduct(other, { name: 'Térmostat 温度', tlsOnly: true, clientIdLimit: 7 }, NOW + 5)
  await store.notePresence([
    { productKey: other, deviceName: 'free', online: true, at: NOW + 6, address: '2001:db8::1' },
  ])
  await store.createApiKey(newKey({ id: 'k1', role: 'application', products: [other] }))
  await store.createApiKey(newKey({ id: 'k2', revokedAt: NOW }))
  await store.appendJournal([
    newEntry({ detail: { signedText: 'a\0b', count: 3 }, deviceName: 'x\0y' }),
    ...Array.from({ length: 8 }, () => newEntry({ connackCode: null })),
  ])
  const user = {
    id: 'u1',
    name: 'ada',
    role: 'admin',
    passwordHash: 'scrypt$x',
    oidcSubject: 'i s',
    lastSignInAt: NOW,
  } as const
  await store.createUser({ ...user, createdAt: NOW, disabledAt: null }, 'any')
  const times = { createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW + 60_000 }
  const seen = { via: 'password', address: '192.0.2.1', userAgent: '浏览器' } as const
  const session = { id: 's1', userId: 'u1', tokenHash: 's1'.padEnd(64, '0') }
  await store.createSession({ ...session, ...times, ...seen }, { idleMs: 60_000, maxPerUser: 3 })
  await store.appendAudit([newNote(), newNote({ address: null, before: { x: '\0' }, after: null })])
  await store.noteActivity('one', [{ minute: 7, registrations: 1, logins: 2, refusals: { 'switch-off': 3 } }])
  await store.deleteProduct(await fixture.productWith('gone'))
}

async function contentOf(store: Store) {
  const { items: products } = await store.listProducts({ limit: 100 })
  const devices = products.map(({ productKey }) =>
    allPages(cursor => store.listDevices({ productKey, limit: 100, ...(cursor === undefined ? {} : { cursor }) })),
  )
  const views = (await Promise.all(devices)).flat()
  const { journalEntries, ...counts } = await store.counts()
  return {
    counts,
    audit: await verifyAudit(store),
    products,
    secrets: await Promise.all(products.map(({ productKey }) => store.product(productKey))),
    views,
    devices: await Promise.all(views.map(({ productKey, deviceName }) => store.device(productKey, deviceName))),
    keys: await store.listApiKeys(),
    users: await store.listUsers(),
    sessions: await store.listSessions('u1'),
    journal: (await store.listJournal({ limit: 1000 })).items.map(entry => ({
      ...entry,
      deviceName: entry.deviceName?.replace('\0', '\ufffd') ?? null, // PostgreSQL's text can't hold it
    })),
    journalEntries,
    activity: await store.activity(0),
  }
}

async function filledFile(): Promise<{ file: string; content: Awaited<ReturnType<typeof contentOf>> }> {
  const file = sqlite.file()
  const store = await sqlite.open(file)
  await fill(store)
  await store.close()
  // A start finds nobody on line, as the migration does.
  const again = await sqlite.open(file, { clock: () => NOW })
  const content = await contentOf(again)
  await again.close()
  return { file, content }
}

const problemOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    error => (error instanceof Error ? error.message : String(error)),
  )

describe('a migration', () => {
  test('moves everything to PostgreSQL and back, numbers go on where they were', async () => {
    const { file, content } = await filledFile()
    const url = await postgres.server().database()
    const there = await migrate(
      () => sqliteEnd(file, source),
      () => postgresEnd(url, target),
    )
    const store = await postgres.open(url)
    expect(await contentOf(store)).toEqual(content)
    const back = sqlite.file()
    await store.close()
    const andBack = await migrate(
      () => postgresEnd(url, source),
      () => sqliteEnd(back, target),
    )
    if (there.state !== 'done' || andBack.state !== 'done') throw new Error('both have copied')
    expect(andBack.tables).toEqual(there.tables)
    for (const { table, rows } of there.tables)
      if (table !== 'orphans') expect({ table, rows }).not.toMatchObject({ rows: 0 })
    for (const moved of [await postgres.open(url), await sqlite.open(back)]) {
      expect(await contentOf(moved)).toEqual(content)
      const [entry] = await moved.appendJournal([newEntry()])
      expect(entry?.id).toBe((content.journal[0]?.id ?? 0) + 1)
      const { productKey } = await new StoreFixture(moved).product({ productKey: 'new' })
      expect((await moved.listProducts({ limit: 100 })).items.at(-1)?.productKey).toBe(productKey)
      expect((await moved.listDevices({ productKey, limit: 10 })).items).toEqual([])
      await moved.close()
    }
    const { rows } = new DatabaseSync(back).prepare('SELECT max(id) AS rows FROM products').get() as { rows: number }
    expect(rows).toBe(4) // 3 was deleted
  })

  test.each(['postgres', 'sqlite'] as const)('into %s goes on wherever it was interrupted', async kind => {
    const { file } = await filledFile()
    const url = await postgres.server().database()
    const first = await migrate(
      () => sqliteEnd(file, source),
      () => postgresEnd(url, target),
    )
    const otherFile = sqlite.file()
    const otherUrl = await postgres.server().database()
    const run = (over: Partial<Migration>) =>
      kind === 'sqlite'
        ? migrate(
            () => postgresEnd(url, source),
            () => sqliteEnd(otherFile, target),
            over,
          )
        : migrate(
            () => sqliteEnd(file, source),
            () => postgresEnd(otherUrl, target),
            over,
          )
    let interruptions = 0
    for (let events = 2; ; events += 3) {
      const stop = new AbortController()
      let told = 0
      const onProgress = () => {
        if (++told === events) stop.abort()
      }
      const result = await run({ signal: stop.signal, onProgress }).catch(error => {
        if (!stop.signal.aborted) throw error
        return undefined
      })
      if (result === undefined) {
        interruptions += 1
        continue
      }
      if (result.state !== 'done' || first.state !== 'done') throw new Error('this run has come to the end')
      expect(result.tables).toEqual(first.tables)
      break
    }
    expect(interruptions).toBeGreaterThan(5)
    expect(await run({})).toEqual({ state: 'done-before', at: NOW })
    const moved = kind === 'sqlite' ? await sqlite.open(otherFile) : await postgres.open(otherUrl)
    const [product] = (await moved.listProducts({ limit: 1 })).items
    const byTime = { productKey: product?.productKey ?? '', order: 'newest', limit: 100 } as const
    expect((await moved.listDevices(byTime)).items).toHaveLength(10) // the index of times is there again
    await moved.close()
  })

  test('whose database goes away says so, and what to do', async () => {
    const url = await postgres.server().database()
    const end = await postgresEnd(url, target)
    const ending =
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = $1'
    await postgres.server().query(ending, { values: [new URL(url).pathname.slice(1)] })
    const [table] = COPIED_TABLES
    if (!table) throw new Error('there are tables')
    await expect(end.rows(table, undefined, 1)).rejects.toThrow(/was lost \(.*\); run the same command again/)
    await end.close()
  })

  test('finds a row that was changed, is missing or is one too many in the target, and names it', async () => {
    const { file } = await filledFile()
    const device = `product_id 1, device_name "listed1"`
    for (const [sql, problem] of [
      [`UPDATE hatchway.devices SET activated_at = 5 WHERE device_name = 'listed1'`, `devices (${device}) differs`],
      [
        `DELETE FROM hatchway.client_ids WHERE client_id = 'cid1'`,
        'the target has client_ids (product_id 2, device_name "free", client_id "cid2") in place of client_ids (product_id 2, device_name "free", client_id "cid1")',
      ],
      [`INSERT INTO hatchway.orphans VALUES (77)`, 'orphans (product_id 77) is in the target only'],
      [`UPDATE hatchway.product_counts SET disabled_count = 9 WHERE product_id = 2`, 'products (id 2) differs'],
      [`UPDATE hatchway.journal SET id = 99 WHERE id = 2`, 'the target has journal (id 3) in place of journal (id 2)'],
    ] as const) {
      const url = await postgres.server().database()
      const stop = new AbortController()
      const run = (over: Partial<Migration> = {}) =>
        migrate(
          () => sqliteEnd(file, source),
          () => postgresEnd(url, target),
          over,
        )
      const onProgress: Migration['onProgress'] = ({ phase }) => phase === 'check' && stop.abort()
      expect(await problemOf(run({ signal: stop.signal, onProgress }))).toMatch(/abort/)
      await postgres.server().query(sql, { url })
      expect(await problemOf(run())).toContain(problem)
    }
  })

  test('refuses a target that is not empty, and says what is in it', async () => {
    const { file } = await filledFile()
    const url = await postgres.server().database()
    const store = await postgres.open(url)
    await new StoreFixture(store).productWith('dev1', 'dev2')
    await store.close()
    const run = () =>
      migrate(
        () => sqliteEnd(file, source),
        () => postgresEnd(url, target),
      )
    expect(await problemOf(run())).toMatch(/is not empty: 1 row in products, 2 rows in devices; give an empty database/)
  })

  test('refuses a target that another registry has filled or begun to fill', async () => {
    const [{ file }, other] = [await filledFile(), await filledFile()]
    const url = await postgres.server().database()
    const run = (from: string, over: Partial<Migration> = {}) =>
      migrate(
        () => sqliteEnd(from, source),
        () => postgresEnd(url, target),
        over,
      )
    await problemOf(run(file, { signal: AbortSignal.abort() }))
    expect(await problemOf(run(other.file))).toMatch(/is being filled from another registry/)
    await run(file)
    expect(await problemOf(run(other.file))).toMatch(/was filled from another registry/)
  })

  test('refuses databases that a gateway is at work on, and another master key', async () => {
    const { file } = await filledFile()
    const url = await postgres.server().database()
    const store = await postgres.open(url)
    expect(await problemOf(postgresEnd(url, source))).toMatch(/is in use by 1 gateway\(s\): stop all of them/)
    await store.close()
    const another = createSealer(Buffer.alloc(32, 1))
    const options = { sealer: another, role: source, now: NOW, setting: '--from' }
    expect(await problemOf(openPostgresCopyEnd({ ...options, url }))).toMatch(/made with another master key/)
    expect(() => openSqliteCopyEnd({ ...options, file })).toThrow(/made with another master key/)
  })

  test('that has not come to its end lets no server start on its target', async () => {
    const { file } = await filledFile()
    const [url, half] = [await postgres.server().database(), sqlite.file()]
    await problemOf(
      migrate(
        () => sqliteEnd(file, source),
        () => postgresEnd(url, target),
        { signal: AbortSignal.abort() },
      ),
    )
    expect(await problemOf(postgres.open(url))).toMatch(/holds a migration that has not come to its end/)
    expect(await problemOf(postgresEnd(url, source))).toMatch(/holds a migration that has not come to its end/)
    await (await postgres.open(await postgres.server().database())).close()
    const end = sqliteEnd(half, target)
    await end.setMark({ source: 'elsewhere', state: 'copying', at: NOW })
    await end.close()
    expect(await problemOf(sqlite.open(half))).toMatch(/holds a migration that has not come to its end/)
  })
})

describe('a migration knows', () => {
  /** What each store makes of its own accord, and why it is not copied. */
  const OWN: readonly string[] = [
    'meta', // the key check and marks of one database
    'schema_version',
    'sqlite_sequence', // asked for by lastProductId
    'journal_head', // follows from the journal
    'devices.status', // computed
    'gateways', // none is at work
    'devices.gateway_id',
    'devices.search_id', // numbers of the index of names, which is made anew
    ...['', '_data', '_idx', '_content', '_docsize', '_config'].map(part => `device_names${part}`),
  ]

  const known = new Set([
    ...OWN,
    ...COPIED_TABLES.map(({ name }) => name),
    ...COPIED_TABLES.flatMap(table => columnNames(table).map(column => `${table.name}.${column}`)),
  ])
  const unknown = (found: readonly { table: string; column: string }[]): string[] =>
    found
      .filter(({ table, column }) => !OWN.includes(table) && !known.has(`${table}.${column}`))
      .map(({ table, column }) => `${table}.${column}`)

  test('every table and column of the SQLite store', async () => {
    const file = sqlite.file()
    await (await sqlite.open(file)).close()
    const db = new DatabaseSync(file)
    const found = db
      .prepare(
        `SELECT m.name AS "table", c.name AS "column" FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'`,
      )
      .all() as { table: string; column: string }[]
    db.close()
    expect(found.length).toBeGreaterThan(40)
    expect(unknown(found)).toEqual([])
  })

  test('every table and column of the PostgreSQL store', async () => {
    const url = await postgres.server().database()
    await (await postgres.open(url)).close()
    const found = await postgres
      .server()
      .query<{ table: string; column: string }>(
        `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns WHERE table_schema = 'hatchway'`,
        { url },
      )
    expect(found.length).toBeGreaterThan(40)
    const counts = /^product_counts\.(?:product_id$|(.*_count)$)/ // the other half of products
    expect(
      unknown(found).filter(name => !known.has(`products.${counts.exec(name)?.[1] ?? 'id'}`) || !counts.test(name)),
    ).toEqual([])
  })
})
