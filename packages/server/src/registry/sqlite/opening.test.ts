import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { NOW, StoreFixture } from '../store-fixture.suite.ts'
import { databases } from './database.suite.ts'
import { MIGRATIONS, SCHEMA_VERSION } from './migrations.ts'

const { file: newFile, open } = databases()
const problemOf = (opening: Promise<unknown>): Promise<string> =>
  opening.then(
    () => 'none',
    error => (error instanceof Error ? error.message : String(error)),
  )

describe('opening a database', () => {
  test('makes it for its owner only, and finds everything again', async () => {
    const file = newFile()
    const first = new StoreFixture(await open(file))
    const product = await first.product()
    await first.regnwl(product.productKey, 'dev1', 'cid1')
    const device = await first.device(product.productKey, 'dev1')
    await first.store.close()
    expect(statSync(file).mode & 0o077).toBe(0)
    expect(existsSync(`${file}-wal`)).toBe(false) // folded into the file
    const second = await open(file)
    expect(await second.product(product.productKey)).toEqual(product)
    expect(await second.device(product.productKey, 'dev1')).toEqual(device)
    expect((await second.listJournal({ limit: 10 })).items).toHaveLength(1)
  })

  test('of the first version brings it up to date: its devices are found by parts of their names', async () => {
    const file = newFile()
    const db = new DatabaseSync(file)
    db.exec(MIGRATIONS[0] ?? '')
    db.exec(`PRAGMA user_version = 1;
      INSERT INTO products (product_key, product_secret, name, settings, created_at, updated_at, unactive_count)
        VALUES ('pk1', x'00', 'one', '{}', 1, 1, 2), ('pk2', x'00', 'two', '{}', 1, 1, 1);
      INSERT INTO devices (product_id, device_name, created_at)
        VALUES (1, 'first-unit', 1), (1, 'second-unit', 1), (2, 'other-unit', 1)`)
    db.close()
    const store = await open(file)
    const found = async (productKey: string) =>
      (await store.listDevices({ productKey, search: 'UNIT', limit: 10 })).items.map(({ deviceName }) => deviceName)
    expect(await found('pk1')).toEqual(['first-unit', 'second-unit'])
    expect(await found('pk2')).toEqual(['other-unit'])
    await store.createDevices([{ productKey: 'pk1', deviceName: 'third-unit', deviceSecret: null, createdAt: NOW }])
    await store.deleteDevice('pk1', 'first-unit')
    expect(await found('pk1')).toEqual(['second-unit', 'third-unit'])
  })

  test('takes a path with odd characters in it', async () => {
    const file = `${newFile()} 50%25?mode=ro#x`
    await (await open(file)).close()
    expect(existsSync(file)).toBe(true)
  })

  test('of a newer version is refused, and leaves it as it is', async () => {
    const file = newFile()
    await (await open(file)).close()
    const db = new DatabaseSync(file)
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    db.close()
    const before = readFileSync(file)
    expect(await problemOf(open(file))).toBe(
      `The database ${file} has schema version ${SCHEMA_VERSION + 1}, this Hatchway knows ${SCHEMA_VERSION}; ` +
        'run the newer Hatchway that made it, or point HATCHWAY_DATA_DIR elsewhere.',
    )
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('with another master key is refused', async () => {
    const file = newFile()
    await (await open(file)).close()
    expect(await problemOf(open(file, { masterKey: Buffer.alloc(32, 8) }))).toBe(
      `The database ${file} was made with another master key; ` +
        'point HATCHWAY_MASTER_KEY_FILE at the key that the database was made with.',
    )
    await (await open(file)).close() // the right one still opens it
  })

  test('that is no database is refused, and leaves the file as it is', async () => {
    const file = newFile()
    writeFileSync(file, 'deviceName,deviceSecret\n'.repeat(100))
    expect(await problemOf(open(file))).toMatch(
      /^The database .* can't be used: it is not a SQLite database .*; restore it from a backup, .*HATCHWAY_DATA_DIR elsewhere\.$/,
    )
    expect(readFileSync(file, 'utf8')).toBe('deviceName,deviceSecret\n'.repeat(100))
  })

  test('that is damaged is refused', async () => {
    const file = newFile()
    await (await open(file)).close()
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0xff, 100, bytes.length))
    expect(await problemOf(open(file))).toMatch(/^The database .* can't be used: .*; restore it from a backup/)
  })

  test('in a directory that is not there is refused', async () => {
    expect(await problemOf(open(`${newFile()}/missing/registry.db`))).toMatch(
      /^The database .* can't be used: .*ENOENT/,
    )
  })

  test('with rules that are none is refused', async () => {
    const rulesModule = new URL('./migrations.ts', import.meta.url)
    expect(await problemOf(open(newFile(), { rulesModule }))).toMatch(/exports no rules with decideRegistration/)
  })

  test('sets every device offline, whatever its status was', async () => {
    const file = newFile()
    const first = new StoreFixture(await open(file))
    const productKey = await first.productWith('dev1', 'dev2', 'dev3')
    await first.register(productKey, 'dev1', 's')
    await first.activate(productKey, 'dev1', { deviceSecret: 's' })
    const rows = ['dev1', 'dev2', 'dev3'].map(deviceName => ({
      productKey,
      deviceName,
      online: true,
      at: NOW,
      address: null,
    }))
    await first.store.notePresence(rows)
    await first.store.changeDevice(productKey, 'dev2', { kind: 'disable' })
    expect((await first.store.productView(productKey))?.onlineCount).toBe(1)
    await first.store.close()
    const second = await open(file, { clock: () => NOW + 9 })
    expect((await second.productView(productKey))?.onlineCount).toBe(0)
    expect(
      (await second.listDevices({ productKey, limit: 9 })).items.map(({ status, lastOfflineAt }) => [
        status,
        lastOfflineAt,
      ]),
    ).toEqual([
      ['OFFLINE', NOW + 9],
      ['DISABLE', NOW + 9],
      ['UNACTIVE', NOW + 9],
    ])
    await second.changeDevice(productKey, 'dev2', { kind: 'enable' })
    expect((await second.deviceView(productKey, 'dev2'))?.status).toBe('UNACTIVE')
  })
})

describe('the database file', () => {
  test('never holds a secret in clear', async () => {
    const file = newFile()
    const fixture = new StoreFixture(await open(file))
    const { productKey } = await fixture.product({ productSecret: 'PRODUCT-SECRET-1' })
    const rows = [{ productKey, deviceName: 'factory', deviceSecret: 'FACTORY-SECRET-2', createdAt: NOW }]
    await fixture.store.createDevices([...rows, { productKey, deviceName: 'dev1', deviceSecret: null, createdAt: NOW }])
    await fixture.register(productKey, 'dev1', 'DEVICE-SECRET-3')
    const inWal = [file, `${file}-wal`].map(name => readFileSync(name, 'latin1')).join()
    await fixture.store.close()
    const all = inWal + readFileSync(file, 'latin1')
    expect(all).toContain(productKey) // the search works
    for (const secret of ['PRODUCT-SECRET-1', 'FACTORY-SECRET-2', 'DEVICE-SECRET-3']) expect(all).not.toContain(secret)
  })

  test('a secret that was moved to another row does not open', async () => {
    const file = newFile()
    const fixture = new StoreFixture(await open(file))
    const productKey = await fixture.productWith('dev1', 'dev2')
    for (const name of ['dev1', 'dev2']) await fixture.register(productKey, name, `secret of ${name}`)
    const db = new DatabaseSync(file)
    db.exec(`UPDATE devices SET device_secret = (SELECT device_secret FROM devices WHERE device_name = 'dev1')
      WHERE device_name = 'dev2'`)
    db.close()
    await expect(fixture.store.device(productKey, 'dev2')).rejects.toThrow(/does not open/)
    expect((await fixture.device(productKey, 'dev1')).deviceSecret).toBe('secret of dev1')
  })

  test('loses the devices of a deleted product, if need be after the next start', async () => {
    const file = newFile()
    const fixture = new StoreFixture(await open(file))
    const productKey = await fixture.productWith(...Array.from({ length: 3000 }, (_, at) => `device${at}`))
    await fixture.regnwl(productKey, 'device1', 'cid1')
    await fixture.store.deleteProduct(productKey)
    await fixture.store.close()
    await open(file)
    const db = new DatabaseSync(file, { readOnly: true, timeout: 1000 })
    const left = () => {
      const row = db
        .prepare(`SELECT (SELECT count(*) FROM devices) + (SELECT count(*) FROM client_ids)
        + (SELECT count(*) FROM orphans) AS rows`)
        .get()
      return Number(row?.['rows'])
    }
    await expect.poll(left).toBe(0)
    db.close()
  })
})
