import { afterEach, describe, expect, test } from 'vitest'
import type { LeaseEvent, Store } from '../store.ts'
import { NOW, StoreFixture } from '../store-fixture.suite.ts'
import { BlockableWay } from './blockable-way.suite.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()
const gatewayLeaseMs = 600
const ways: BlockableWay[] = []
afterEach(() => {
  for (const way of ways.splice(0)) way.close()
})

const soon = (read: () => unknown) => expect.poll(read)

async function gateway(url: string) {
  const store = await open(url, { gatewayLeaseMs, callTimeoutMs: 1000 })
  const told: LeaseEvent[] = []
  store.onLeaseEvent?.(event => told.push(event))
  return { store, told, fixture: new StoreFixture(store) }
}

/** One that can be cut off from the database. */
async function farGateway(url: string) {
  const way = await BlockableWay.to(server().port)
  ways.push(way)
  return { way, ...(await gateway(way.url(url))) }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `dev${String(at).padStart(3, '0')}`)

async function activated(fixture: StoreFixture, deviceNames: readonly string[]): Promise<string> {
  const productKey = await fixture.productWith(...deviceNames)
  await Promise.all(
    deviceNames.map(async deviceName => {
      await fixture.register(productKey, deviceName, 's')
      await fixture.activate(productKey, deviceName, { deviceSecret: 's' })
    }),
  )
  return productKey
}

const note = (store: Store, productKey: string, online: boolean, deviceNames: readonly string[] = ['dev000']) =>
  store.notePresence(deviceNames.map(deviceName => ({ productKey, deviceName, online, at: NOW, address: '192.0.2.7' })))

const onlineCount = async (store: Store, productKey: string) => (await store.productView(productKey))?.onlineCount

const abandoned = (...gateways: { told: readonly LeaseEvent[] }[]): string[] =>
  gateways
    .flatMap(({ told }) => told)
    .flatMap(event => (event.kind === 'abandoned' ? event.devices.map(({ deviceName }) => deviceName) : []))
    .sort()

describe('a device that is on line', () => {
  test('goes off line with the gateway that has it, not with one that had it before', async () => {
    const url = await server().database()
    const [one, other] = [await gateway(url), await gateway(url)]
    const productKey = await activated(one.fixture, names(1))
    expect(await note(one.store, productKey, true)).toEqual([true])
    expect(await note(other.store, productKey, true)).toEqual([true])
    expect(await note(one.store, productKey, false)).toEqual([false])
    expect(await one.store.deviceView(productKey, 'dev000')).toMatchObject({ status: 'ONLINE', lastOfflineAt: null })
    expect(await note(other.store, productKey, false)).toEqual([true])
    expect(await onlineCount(one.store, productKey)).toBe(0)
  })

  test('goes off line when its gateway has not been heard of for the lease, and one of the others is told', async () => {
    const url = await server().database()
    const [dead, one, other] = [await farGateway(url), await gateway(url), await gateway(url)]
    const all = names(450)
    const productKey = await activated(one.fixture, all)
    const deleted = await activated(one.fixture, all.slice(0, 2))
    await note(dead.store, productKey, true, all)
    await note(dead.store, deleted, true, all.slice(0, 2))
    await note(one.store, productKey, true, all.slice(0, 1))
    await one.store.changeDevice(productKey, 'dev001', { kind: 'disable' })
    await one.store.deleteProduct(deleted)
    dead.way.block()
    await soon(() => onlineCount(one.store, productKey)).toBe(1)
    await soon(() => abandoned(one, other)).toEqual(all.slice(1)) // dev000 has moved on
    const { total } = await one.store.listDevices({ productKey, status: 'OFFLINE', limit: 1 })
    expect(total).toBe(448)
    expect(await one.store.deviceView(productKey, 'dev001')).toMatchObject({ status: 'DISABLE' })
    await soon(() => server().query('SELECT id FROM hatchway.gateways', { url })).toHaveLength(2)
  })

  test('is noted again when its gateway finds that its lease was lost', async () => {
    const url = await server().database()
    const [cut, other] = [await farGateway(url), await gateway(url)]
    const productKey = await activated(other.fixture, names(1))
    await note(cut.store, productKey, true)
    cut.way.block()
    await soon(() => abandoned(other)).toEqual(['dev000'])
    cut.way.open()
    await soon(() => cut.told).toEqual([{ kind: 'lost' }])
    expect(await note(cut.store, productKey, false)).toEqual([false]) // that was told already
    expect(await note(cut.store, productKey, true)).toEqual([true])
    expect(await onlineCount(other.store, productKey)).toBe(1)
    expect(abandoned(cut)).toEqual([])
  })

  test('stays with the gateway that has taken it on since the connection that is noted again', async () => {
    const url = await server().database()
    const [back, other] = [await gateway(url), await gateway(url)]
    const productKey = await activated(other.fixture, names(1))
    const noteAgain = (since: number) =>
      back.store.notePresence([
        { productKey, deviceName: 'dev000', online: true, at: NOW + 9, address: '192.0.2.8', since },
      ])
    await note(other.store, productKey, true)
    expect(await noteAgain(NOW - 1)).toEqual([false])
    expect(await note(back.store, productKey, false)).toEqual([false])
    expect(await onlineCount(back.store, productKey)).toBe(1)
    expect(await noteAgain(NOW)).toEqual([true]) // that one is the older
    expect(await note(other.store, productKey, false)).toEqual([false])
    expect(await noteAgain(NOW - 1)).toEqual([true]) // its own
  })

  test('is left to the others by a gateway that stops, and to the next one that starts', async () => {
    const url = await server().database()
    const first = await gateway(url)
    const productKey = await activated(first.fixture, names(2))
    await note(first.store, productKey, true, names(2))
    await first.store.close()
    const next = await gateway(url)
    await soon(() => abandoned(next)).toEqual(names(2))
    expect(await onlineCount(next.store, productKey)).toBe(0)
  })
})

describe('a lease', () => {
  test('ends with its gateway where no device is left on line', async () => {
    const url = await server().database()
    await (await gateway(url)).store.close()
    expect(await server().query('SELECT id FROM hatchway.gateways', { url })).toEqual([])
  })

  test('that ran out while the database was away is renewed before anybody takes it for dead', async () => {
    const url = await server().database()
    const [one, other] = [await gateway(url), await gateway(url)]
    const productKey = await activated(one.fixture, names(1))
    await note(one.store, productKey, true)
    await server().stop()
    const stoppedAt = performance.now()
    await soon(() => performance.now() - stoppedAt).toBeGreaterThan(gatewayLeaseMs)
    await server().start()
    const valid = 'SELECT count(*)::integer AS valid FROM hatchway.gateways WHERE expires_at > now()'
    await soon(() => server().query(valid, { url })).toEqual([{ valid: 2 }])
    expect(abandoned(one, other)).toEqual([])
    expect(await onlineCount(one.store, productKey)).toBe(1)
  })
})
