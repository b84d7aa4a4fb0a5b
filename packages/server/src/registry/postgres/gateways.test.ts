import { afterAll, describe, expect, test } from 'vitest'
import { THE_SERVER } from '../audit/index.ts'
import type { ForeignChange } from '../changes.ts'
import { createAdministration, createRegistry } from '../index.ts'
import type { RegistryChange } from '../registry.ts'
import { NOW, StoreFixture } from '../store-fixture.suite.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()
const closers: (() => Promise<void>)[] = []
afterAll(() => Promise.all(closers.map(close => close())))

async function gateway(url: string) {
  const store = await open(url)
  const registry = createRegistry({ store, clock: () => NOW })
  closers.push(() => registry.close())
  const heard: RegistryChange[] = []
  registry.onChange(change => heard.push(change))
  const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))
  const administration = createAdministration({ registry, clock: () => NOW, random }).by(THE_SERVER)
  return { store, registry, administration, heard, fixture: new StoreFixture(store) }
}

/** Two registries on one database, and a device that the second one remembers. */
async function two() {
  const url = await server().database()
  const [one, other] = [await gateway(url), await gateway(url)]
  const productKey = await one.fixture.productWith('dev1')
  const remembered = () => other.registry.device(productKey, 'dev1')
  await other.registry.product(productKey)
  await remembered()
  return { url, one, other, productKey, remembered }
}

const soon = (read: () => unknown) => expect.poll(read)

describe('two registries on one database', () => {
  test('what one gateway changes is known to the other long before its memory is old', async () => {
    const { one, other, productKey, remembered } = await two()
    await one.fixture.register(productKey, 'dev1', 'secret1')
    await soon(async () => (await remembered())?.deviceSecret).toBe('secret1')
    await one.fixture.regnwl(productKey, 'dev1', 'cid1')
    await soon(async () => (await remembered())?.clientIds.length).toBe(1)
    await one.administration.updateProduct(productKey, { tlsOnly: true })
    await soon(async () => (await other.registry.product(productKey))?.tlsOnly).toBe(true)
    await one.administration.resetDevice(productKey, 'dev1')
    await soon(async () => (await remembered())?.reopenedAt).toBe(NOW)
  })

  test('what one says of the moment the others hear, and it does not; nor do they remember less for it', async () => {
    const { one, other, productKey } = await two()
    const heard: unknown[] = []
    other.store.fleet?.onSaid(({ word }) => heard.push(word))
    one.store.fleet?.onSaid(({ word }) => heard.push(['own', word]))
    one.store.fleet?.say({ kind: 'rates', logins: 7 })
    one.store.fleet?.say({ kind: 'long', text: 'x'.repeat(10_000) })
    one.store.fleet?.say({ kind: 'last' })
    await soon(() => heard).toEqual([{ kind: 'rates', logins: 7 }, { kind: 'last' }])
    expect(other.heard).toEqual([])
    expect(await other.registry.device(productKey, 'dev1')).toBeDefined()
  })

  test('words that are none are passed over, and the next one is heard', async () => {
    const { url, one, other } = await two()
    const heard: unknown[] = []
    other.store.fleet?.onSaid(({ word }) => heard.push(word))
    const none = ['null', '7', '[]', '{', ''].map(text => `pg_notify('hatchway_live', '${text}')`)
    await server().query(`SELECT ${none}`, { url })
    one.store.fleet?.say({ kind: 'last' })
    await soon(() => heard).toEqual([{ kind: 'last' }])
  })

  test('each knows of the lease of the other, and which one is its own', async () => {
    const { one, other } = await two()
    const [first, second] = await Promise.all([one.store.status(), other.store.status()])
    expect(first.gateways.map(({ self }) => self)).toEqual([true, false])
    expect(second.gateways.map(({ self }) => self)).toEqual([false, true])
    for (const { ok, leasedUntil } of first.gateways) {
      expect(ok).toBe(true)
      expect(leasedUntil).toBeGreaterThan(NOW)
    }
  })

  test('the other one is told whom to cut off, and which gateway has made the change', async () => {
    const { one, other, productKey, remembered } = await two()
    const device = { productKey, deviceName: 'dev1', at: expect.any(Number), elsewhere: true }
    const heard = (change: object) => soon(() => other.heard).toContainEqual(expect.objectContaining(change))

    await one.administration.disableDevice(productKey, 'dev1')
    await heard({ kind: 'device-disabled', ...device })
    expect((await remembered())?.disabled).toBe(true)
    await one.administration.enableDevice(productKey, 'dev1')
    await heard({ kind: 'device-enabled', ...device })

    for (const clientId of ['cid1', 'cid2', 'cid3']) await one.fixture.regnwl(productKey, 'dev1', clientId)
    await one.administration.dropClientIds(productKey, 'dev1', 'cid1')
    await heard({ kind: 'credentials-revoked', clientIds: ['cid1'], ...device })
    await one.administration.keepClientId(productKey, 'dev1', 'cid3')
    await heard({ kind: 'credentials-revoked', clientIds: ['cid2'], ...device })

    await one.fixture.register(productKey, 'dev1', 'secret1')
    await one.fixture.activate(productKey, 'dev1', { deviceSecret: 'secret1' })
    await one.administration.resetDevice(productKey, 'dev1')
    await one.fixture.register(productKey, 'dev1', 'secret2')
    await heard({ kind: 'credentials-revoked', clientIds: 'secret', ...device })

    await one.administration.deleteDevice(productKey, 'dev1')
    await heard({ kind: 'device-deleted', ...device })
    expect(await remembered()).toBeUndefined()

    const { key } = await one.administration.createKey({ name: 'app', role: 'viewer' })
    expect(await other.registry.apiKey(key.id)).toMatchObject({ revokedAt: null })
    await one.administration.revokeKey(key.id)
    await heard({ kind: 'key-revoked', keyId: key.id, elsewhere: true })
    expect((await other.registry.apiKey(key.id))?.revokedAt).not.toBeNull()

    await one.administration.deleteProduct(productKey, { withDevices: true })
    await heard({ kind: 'product-deleted', productKey, elsewhere: true })
    expect(one.heard.filter(({ elsewhere }) => elsewhere)).toEqual([]) // its own notices it ignores
  })

  test('many changes of one transaction all arrive, in as many notices as it takes', async () => {
    const { one, other, productKey } = await two()
    const names = Array.from({ length: 400 }, (_, at) => `a-rather-long-device-name-${at}`.slice(0, 32))
    await one.store.createDevices(
      names.map(deviceName => ({ productKey, deviceName, deviceSecret: null, createdAt: NOW })),
    )
    await Promise.all(names.map(name => one.administration.disableDevice(productKey, name)))
    await soon(() => other.heard.filter(({ kind }) => kind === 'device-disabled').length).toBe(400)
  })

  test('where notices were missed, anything may have changed', async () => {
    const { url, one, other, productKey, remembered } = await two()
    const missed: ForeignChange[] = []
    other.store.onForeignChange?.(change => missed.push(change))
    const listening =
      "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN hatchway' AND datname = current_database()"
    const cut = `SELECT pg_terminate_backend(pid) FROM (${listening}) AS listeners`
    expect(await server().query(cut, { url })).toHaveLength(2)
    await one.fixture.register(productKey, 'dev1', 'secret1')
    await soon(() => missed.map(({ kind }) => kind)).toContain('anything')
    expect((await remembered())?.deviceSecret).toBe('secret1')
    await one.administration.disableDevice(productKey, 'dev1')
    await soon(async () => (await remembered())?.disabled).toBe(true)
  })
})
