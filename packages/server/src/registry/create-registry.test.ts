import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AnnouncingRegistry, createRegistry } from './create-registry.ts'
import { hashSecret } from './hash.ts'
import type { RegistryChange } from './registry.ts'
import { databases } from './sqlite/database.suite.ts'
import { NOW, newKey, StoreFixture } from './store-fixture.suite.ts'
import type { JournalEntry } from './types.ts'

const { file, open } = databases()
let registry: AnnouncingRegistry
let fixture: StoreFixture
const changes: RegistryChange[] = []
const entries: JournalEntry[] = []

beforeAll(async () => {
  registry = createRegistry({ store: await open(file()), clock: () => NOW })
  fixture = new StoreFixture(registry.store)
  registry.onChange(change => changes.push(change))
  registry.journal.onEntry(entry => entries.push(entry))
})
afterAll(() => registry.close())

const changesOf = (productKey: string) =>
  changes
    .filter(change => 'productKey' in change && change.productKey === productKey)
    .map(({ at: _, ...change }) => change)

describe('lookups', () => {
  test('give the same object as long as nothing changes', async () => {
    const productKey = await fixture.productWith('dev1')
    const key = newKey({ id: fixture.unique('key'), secretHash: hashSecret('secret of a key') })
    await registry.store.createApiKey(key)
    for (const look of [
      () => registry.product(productKey),
      () => registry.device(productKey, 'dev1'),
      () => registry.apiKey(key.id),
      () => registry.apiKeyBySecret('secret of a key'),
    ]) {
      const first = await look()
      expect(first).toBeDefined()
      expect(await look()).toBe(first)
    }
    expect(await registry.apiKeyBySecret('another secret')).toBeUndefined()
  })

  test('show each change as soon as its promise resolves', async () => {
    const productKey = fixture.unique('pk')
    const device = () => registry.device(productKey, 'dev1')
    expect(await registry.product(productKey)).toBeUndefined()
    await fixture.product({ productKey })
    expect((await registry.product(productKey))?.clientIdLimit).toBe(5)
    await registry.store.updateProduct(productKey, { clientIdLimit: 7 }, NOW)
    expect((await registry.product(productKey))?.clientIdLimit).toBe(7)

    expect(await device()).toBeUndefined()
    await registry.store.createDevices([{ productKey, deviceName: 'dev1', deviceSecret: null, createdAt: NOW }])
    expect((await device())?.deviceSecret).toBeNull()
    await registry.register(fixture.request(productKey, 'dev1', { deviceSecret: 'secret1' }))
    expect((await device())?.deviceSecret).toBe('secret1')
    const credential = { deviceSecret: 'secret1' }
    await registry.activate({ productKey, deviceName: 'dev1', now: NOW, credential })
    expect((await device())?.secretActivatedAt).toBe(NOW)
    await registry.store.changeDevice(productKey, 'dev1', { kind: 'disable' })
    expect((await device())?.disabled).toBe(true)
    await registry.store.deleteDevice(productKey, 'dev1')
    expect(await device()).toBeUndefined()

    await fixture.regnwl(productKey, 'dev1', 'cid1')
    expect((await device())?.clientIds).toHaveLength(1)
    await registry.store.deleteProduct(productKey)
    expect(await registry.product(productKey)).toBeUndefined()
    expect(await device()).toBeUndefined()
  })

  test('a revoked key is seen at once, by id and by secret', async () => {
    const key = newKey({ id: fixture.unique('key'), secretHash: hashSecret('to be revoked') })
    await registry.store.createApiKey(key)
    await Promise.all([registry.apiKey(key.id), registry.apiKeyBySecret('to be revoked')])
    await registry.store.revokeApiKey(key.id, NOW + 3)
    expect((await registry.apiKey(key.id))?.revokedAt).toBe(NOW + 3)
    expect((await registry.apiKeyBySecret('to be revoked'))?.revokedAt).toBe(NOW + 3)
  })

  test('a lookup that began before a change does not hide it', async () => {
    const productKey = await fixture.productWith('dev1')
    for (let round = 0; round < 20; round++) {
      const early = registry.device(productKey, 'dev1')
      const change = registry.register(fixture.request(productKey, 'dev1', { deviceSecret: `secret${round}` }))
      await Promise.all([early, change])
      expect((await registry.device(productKey, 'dev1'))?.deviceSecret).toBe(`secret${round}`)
    }
  })
})

describe('a registration', () => {
  test('tells its entry once, which is durable already, and that the device was created', async () => {
    const { productKey } = await fixture.product()
    const outcome = await registry.register(
      fixture.request(productKey, 'dev1', { clientId: 'cid1', tokenHash: 'f'.repeat(64) }),
    )
    if (!outcome.ok) throw new Error(outcome.reason)
    expect(entries.filter(entry => entry.productKey === productKey)).toEqual([outcome.journal])
    expect(await fixture.journalOf(productKey)).toEqual([outcome.journal])
    expect(changesOf(productKey)).toEqual([{ kind: 'device-created', productKey, deviceName: 'dev1' }])
  })

  test('tells nothing when it is refused', async () => {
    const { productKey } = await fixture.product()
    expect((await registry.register(fixture.request(productKey, 'dev1', { deviceSecret: 's' }))).ok).toBe(false)
    expect(changesOf(productKey)).toEqual([])
    expect(entries.filter(entry => entry.productKey === productKey)).toEqual([])
  })

  test('tells which credentials it ended only where a connection may be using them', async () => {
    const productKey = await fixture.productWith('dev1')
    const register = (deviceSecret: string) => registry.register(fixture.request(productKey, 'dev1', { deviceSecret }))
    const token = { clientId: 'cid1', tokenHash: 'f'.repeat(64) }
    const login = { productKey, deviceName: 'dev1', now: NOW }
    await register('secret1')
    await register('secret2')
    expect(changesOf(productKey)).toEqual([]) // nobody has logged in with the first

    await registry.activate({ ...login, credential: { deviceSecret: 'secret2' } })
    await registry.register(fixture.request(productKey, 'dev1', token))
    await registry.activate({ ...login, credential: token })
    await registry.store.changeDevice(productKey, 'dev1', { kind: 'reset', now: NOW })
    await register('secret3')
    const revoked = { kind: 'credentials-revoked', productKey, deviceName: 'dev1' }
    expect(changesOf(productKey)).toEqual([
      { ...revoked, clientIds: 'secret' },
      { ...revoked, clientIds: ['cid1'] },
    ])
  })
})

describe('notices', () => {
  test('reach every listener until it stops listening', () => {
    const told: string[] = []
    const stop = registry.onChange(({ kind }) => told.push(`one ${kind}`))
    const stopOther = registry.onChange(({ kind }) => told.push(`two ${kind}`))
    registry.announce({ kind: 'key-revoked', keyId: 'k', at: NOW })
    stop()
    registry.announce({ kind: 'product-deleted', productKey: 'p', at: NOW })
    stopOther()
    expect(told).toEqual(['one key-revoked', 'two key-revoked', 'two product-deleted'])
  })
})
