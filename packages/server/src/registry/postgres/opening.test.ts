import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { NOW, StoreFixture } from '../store-fixture.suite.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { PASSWORD } from './server.suite.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()

async function problemOf(opening: Promise<unknown>): Promise<string> {
  const problem = await opening.then(
    () => 'none',
    error => (error instanceof Error ? error.message : String(error)),
  )
  for (const secret of [PASSWORD, decodeURIComponent(PASSWORD)]) expect(problem).not.toContain(secret)
  return problem
}

const at = (database: string) => `${database} at 127.0.0.1:${server().port}`

describe('opening a PostgreSQL database', () => {
  test('of gateways that start together one makes the tables, and all find the same', async () => {
    const url = await server().database()
    const opened = await Promise.all(Array.from({ length: 4 }, () => open(url)))
    const [first, ...others] = opened
    if (!first) throw new Error('nothing was opened')
    const product = await new StoreFixture(first).product()
    for (const other of others) expect(await other.product(product.productKey)).toEqual(product)
    expect(await server().query('SELECT version FROM hatchway.schema_version', { url })).toEqual([
      { version: SCHEMA_VERSION },
    ])
  })

  test('leaves tables of others alone, and takes a schema that an administrator has made', async () => {
    const url = await server().database()
    await server().query('CREATE TABLE products (x integer)', { url })
    await server().query('CREATE SCHEMA hatchway', { url })
    await new StoreFixture(await open(url)).product()
    expect(await server().query('SELECT * FROM public.products', { url })).toEqual([])
  })

  test('finds parts of names by an index, and without it where its extensions can not be had', async () => {
    const url = await server().database()
    const store = await open(url)
    const productKey = await new StoreFixture(store).productWith('first-unit', 'second-unit', 'other')
    const found = async () =>
      (await store.listDevices({ productKey, search: 'UNIT', limit: 10 })).items.map(({ deviceName }) => deviceName)
    expect(
      await server().query("SELECT to_regclass('hatchway.devices_by_name_part') IS NOT NULL AS known", { url }),
    ).toEqual([{ known: true }])
    expect(await found()).toEqual(['first-unit', 'second-unit'])
    await server().query('DROP EXTENSION pg_trgm CASCADE', { url })
    expect(await found()).toEqual(['first-unit', 'second-unit'])
  })

  test('makes its tables for a user who may not create extensions', async () => {
    const url = await server().database()
    await server().query("CREATE ROLE plain LOGIN PASSWORD 'plain'; CREATE SCHEMA hatchway AUTHORIZATION plain", {
      url,
    })
    const plain = new URL(url)
    plain.username = 'plain'
    plain.password = 'plain'
    const store = await open(plain.href)
    const productKey = await new StoreFixture(store).productWith('first-unit')
    expect((await store.listDevices({ productKey, search: 'UNIT', limit: 10 })).total).toBe(1)
    expect(
      await server().query("SELECT to_regclass('hatchway.devices_by_name_part') IS NOT NULL AS known", { url }),
    ).toEqual([{ known: false }])
  })

  test('of a newer version is refused, and leaves it as it is', async () => {
    const url = await server().database()
    await (await open(url)).close()
    await server().query('UPDATE hatchway.schema_version SET version = version + 1', { url })
    expect(await problemOf(open(url))).toMatch(
      new RegExp(
        `^The database registry\\d+ at 127.0.0.1:\\d+ has schema version ${SCHEMA_VERSION + 1}, ` +
          `this Hatchway knows ${SCHEMA_VERSION}; run the newer Hatchway that made it, or point HATCHWAY_DATABASE_URL elsewhere.$`,
      ),
    )
    expect(await server().query('SELECT version FROM hatchway.schema_version', { url })).toEqual([
      { version: SCHEMA_VERSION + 1 },
    ])
  })

  test('with another master key is refused', async () => {
    const url = await server().database()
    await (await open(url)).close()
    expect(await problemOf(open(url, { masterKey: Buffer.alloc(32, 8) }))).toMatch(
      /was made with another master key; all gateways need the same one: .*HATCHWAY_MASTER_KEY_FILE/,
    )
    await (await open(url)).close() // the right one still opens it
  })

  test('for the first time by two gateways with a master key of their own each is refused to one of them', async () => {
    const url = await server().database()
    const opening = [7, 8].map(byte => open(url, { masterKey: Buffer.alloc(32, byte) }))
    const problems = await Promise.all(opening.map(problemOf))
    expect(problems).toContain('none')
    expect(problems).toContainEqual(expect.stringMatching(/was made with another master key/))
  })

  test('says in one sentence what is wrong with the URL', async () => {
    const good = server().url()
    const wrongPassword = good.replace(PASSWORD, 'wrong-password')
    const refused = await problemOf(open(wrongPassword))
    expect(refused).toMatch(
      /^HATCHWAY_DATABASE_URL: the database postgres at .* can't be used: it refuses the user hatchway or the password \(.*\); correct them\.$/,
    )
    expect(refused).not.toContain('wrong-password')
    expect(await problemOf(open(server().url('nowhere')))).toContain(
      `HATCHWAY_DATABASE_URL: the database ${at('nowhere')} can't be used: there is no such database (`,
    )
    expect(await problemOf(open(good.replace('127.0.0.1', 'nowhere.invalid')))).toMatch(
      /the host nowhere\.invalid is not known/,
    )
    expect(await problemOf(open(`${good}?sslmode=require`))).toMatch(/SSL/)
    expect(await problemOf(open(`${good}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem`))).toMatch(
      /a file that the URL names/,
    )
  })

  test('a user that may not make tables is told what to ask for', async () => {
    const url = await server().database()
    await server().query("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    expect(await problemOf(open(url.replace(`hatchway:${PASSWORD}`, 'guest:guest')))).toMatch(
      /the user guest may not make tables in it \(.*\); let the user own the database, or make the schema hatchway for him\.$/,
    )
  })

  test.each([
    ['nobody listens', undefined, /it can not be reached \(.*ECONNREFUSED.*\); check that PostgreSQL runs there/],
    ['nothing answers', () => undefined, /does not answer as PostgreSQL does within 300 ms/],
    [
      'HTTP is spoken',
      (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      /does not answer as PostgreSQL/,
    ],
    ['MySQL greets', (socket: Socket) => socket.write('J\0\0\0\n8.0.36\0'), /does not answer as PostgreSQL/],
  ])('a port where %s is refused', async (_, answer, problem) => {
    const sockets: Socket[] = []
    const other = createServer(socket => {
      sockets.push(socket.on('error', () => undefined))
      answer?.(socket)
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    if (answer === undefined) await new Promise(resolve => other.close(resolve))
    expect(await problemOf(open(`postgres://user:${PASSWORD}@127.0.0.1:${port}/db`, { callTimeoutMs: 300 }))).toMatch(
      problem,
    )
    for (const socket of sockets) socket.destroy()
    other.close()
  })
})

describe('the database', () => {
  test('never holds a secret in clear', async () => {
    const url = await server().database()
    const fixture = new StoreFixture(await open(url))
    const { productKey } = await fixture.product({ productSecret: 'PRODUCT-SECRET-1' })
    const row = { productKey, createdAt: NOW }
    await fixture.store.createDevices([
      { ...row, deviceName: 'factory', deviceSecret: 'FACTORY-SECRET-2' },
      { ...row, deviceName: 'dev1', deviceSecret: null },
    ])
    await fixture.register(productKey, 'dev1', 'DEVICE-SECRET-3')
    const dumps = ['products', 'devices', 'journal'].map(table =>
      server().query(`SELECT string_agg(t::text, ' ') AS rows FROM hatchway.${table} t`, { url }),
    )
    const dumped = JSON.stringify(await Promise.all(dumps))
    expect(dumped).toContain(productKey) // the search works
    for (const secret of ['PRODUCT-SECRET-1', 'FACTORY-SECRET-2', 'DEVICE-SECRET-3']) {
      expect(dumped).not.toContain(secret)
      expect(dumped).not.toContain(Buffer.from(secret).toString('hex')) // as bytes are shown
    }
  })

  test('loses the devices of a deleted product, if need be after the next start', async () => {
    const url = await server().database()
    const fixture = new StoreFixture(await open(url))
    const productKey = await fixture.productWith(...Array.from({ length: 3000 }, (_, index) => `device${index}`))
    await fixture.regnwl(productKey, 'device1', 'cid1')
    await fixture.store.deleteProduct(productKey)
    await fixture.store.close()
    await open(url)
    const left = async () => {
      const [row] = await server().query<{ rows: string }>(
        `SELECT (SELECT count(*) FROM hatchway.devices) + (SELECT count(*) FROM hatchway.client_ids)
          + (SELECT count(*) FROM hatchway.orphans) AS rows`,
        { url },
      )
      return Number(row?.rows)
    }
    await expect.poll(left).toBe(0)
  })
})
