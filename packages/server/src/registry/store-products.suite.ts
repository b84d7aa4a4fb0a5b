import { describe, expect, test } from 'vitest'
import { Conflict, InvalidCursor } from './store.ts'
import { allPages, NOW, type StoreFixture } from './store-fixture.suite.ts'

export function describeProducts(fixture: () => StoreFixture): void {
  describe('products', () => {
    test('are read back as they were created, whatever the name', async () => {
      const product = await fixture().product({ name: '恒温器 «é» 🌡 %_', productSecret: 'a&b|c', clientIdLimit: 100 })
      expect(await fixture().store.product(product.productKey)).toEqual(product)
    })

    test('an unknown one is undefined', async () => {
      expect(await fixture().store.product('nobody')).toBeUndefined()
      expect(await fixture().store.productView('nobody')).toBeUndefined()
    })

    test('ProductKeys that differ in case only are two products', async () => {
      const product = await fixture().product()
      const other = await fixture().product({ productKey: product.productKey.toUpperCase(), name: 'other' })
      expect((await fixture().store.product(product.productKey))?.name).toBe(product.name)
      expect((await fixture().store.product(other.productKey))?.name).toBe('other')
    })

    test('a ProductKey that is taken is a conflict and changes nothing', async () => {
      const product = await fixture().product()
      const again = fixture().product({ productKey: product.productKey, name: 'another' })
      await expect(again).rejects.toBeInstanceOf(Conflict)
      await expect(again).rejects.toMatchObject({ reason: 'product-exists' })
      expect(await fixture().store.product(product.productKey)).toEqual(product)
    })

    test('of two that are created at once with one ProductKey, one is', async () => {
      const productKey = fixture().unique('pk')
      const results = await Promise.allSettled([fixture().product({ productKey }), fixture().product({ productKey })])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    })

    test('views have counts and never the secret', async () => {
      const productKey = await fixture().productWith('dev1', 'dev2')
      const view = await fixture().store.productView(productKey)
      expect(view).toMatchObject({ productKey, deviceCount: 2, onlineCount: 0, dynamicRegistration: true })
      expect(Object.keys(view ?? {})).not.toContain('productSecret')
    })

    test('an update changes what it names and nothing else', async () => {
      const product = await fixture().product()
      const change = { dynamicRegistration: false, name: 'New name' }
      expect(await fixture().store.updateProduct(product.productKey, change, NOW + 5)).toBe(true)
      expect(await fixture().store.product(product.productKey)).toEqual({ ...product, ...change, updatedAt: NOW + 5 })
      expect(await fixture().store.updateProduct('nobody', change, NOW)).toBe(false)
    })

    test('a changed setting counts for the next registration', async () => {
      const productKey = await fixture().productWith('dev1')
      await fixture().store.updateProduct(productKey, { dynamicRegistration: false }, NOW)
      expect(await fixture().register(productKey, 'dev1', 's')).toMatchObject({ ok: false, reason: 'switch-off' })
    })

    test('pages show each product once and in one order, also while others are created', async () => {
      const before = new Set<string>()
      for (let made = 0; made < 7; made++) before.add((await fixture().product()).productKey)
      const list = (cursor?: string) =>
        fixture().store.listProducts({ limit: 3, ...(cursor === undefined ? {} : { cursor }) })
      let created = 0
      const between = async () => {
        if (created++ < 4) await fixture().product()
      }
      const listed = (await allPages(list, between)).map(({ productKey }) => productKey)
      expect(new Set(listed).size).toBe(listed.length)
      expect(listed).toEqual(expect.arrayContaining([...before]))
      const { total, items } = await fixture().store.listProducts({ limit: 1000 })
      expect(total).toBe(items.length)
    })

    test.each(['x', '-1', '1.5', '99999999999999999999', ''])('a cursor that is none is refused: %j', async cursor => {
      await expect(fixture().store.listProducts({ limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursor)
    })
  })
  describeDeletion(fixture)
}

function describeDeletion(fixture: () => StoreFixture): void {
  describe('deleting a product', () => {
    test('takes its devices with it, and a new one of the same key has none of them', async () => {
      const names = Array.from({ length: 1100 }, (_, at) => `device${at}`)
      const productKey = await fixture().productWith(...names)
      await fixture().regnwl(productKey, 'device7', 'cid1')
      const before = await fixture().store.counts()
      expect(await fixture().store.deleteProduct(productKey)).toBe(true)
      expect(await fixture().store.product(productKey)).toBeUndefined()
      expect(await fixture().store.device(productKey, 'device7')).toBeUndefined()
      const after = await fixture().store.counts()
      expect(before.devices - after.devices).toBe(1100)
      expect(before.clientIds - after.clientIds).toBe(1)
      expect(before.products - after.products).toBe(1)

      await fixture().product({ productKey })
      expect(await fixture().store.productView(productKey)).toMatchObject({ deviceCount: 0 })
      expect(await fixture().store.listDevices({ productKey, limit: 10 })).toMatchObject({ items: [], total: 0 })
      expect(await fixture().regnwl(productKey, 'device7', 'cid1')).toMatchObject({ ok: true, created: true })
      expect((await fixture().device(productKey, 'device7')).clientIds).toHaveLength(1)
    })

    test('is false for an unknown one', async () => {
      expect(await fixture().store.deleteProduct('nobody')).toBe(false)
    })

    test('refuses registrations of its devices from then on', async () => {
      const productKey = await fixture().productWith('dev1')
      await fixture().store.deleteProduct(productKey)
      expect(await fixture().register(productKey, 'dev1', 's')).toEqual({ ok: false, reason: 'product-unknown' })
      const late = [{ productKey, deviceName: 'dev2', deviceSecret: null, createdAt: NOW }]
      expect(await fixture().store.createDevices(late)).toEqual(['product-not-found'])
    })
  })
}
