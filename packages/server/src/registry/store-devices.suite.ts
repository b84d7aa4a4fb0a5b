import { describe, expect, test } from 'vitest'
import { type CommonChange, type DeviceChange, InvalidCursor, type PresenceChange } from './store.ts'
import { allPages, NOW, type StoreFixture } from './store-fixture.suite.ts'
import type { DeviceStatus } from './types.ts'

export function describeDevices(fixture: () => StoreFixture): void {
  const view = (productKey: string, deviceName: string) => fixture().store.deviceView(productKey, deviceName)
  const change = (productKey: string, deviceName: string, what: DeviceChange) =>
    fixture().store.changeDevice(productKey, deviceName, what)
  const presence = (productKey: string, deviceName: string, online: boolean, at = NOW, address: string | null = null) =>
    fixture().store.notePresence([{ productKey, deviceName, online, at, address }])

  describe('devices', () => {
    test('each row of a creation has its own outcome, in order', async () => {
      const productKey = await fixture().productWith('there')
      const row = (deviceName: string, key = productKey) => ({
        productKey: key,
        deviceName,
        deviceSecret: null,
        createdAt: NOW,
      })
      const outcomes = await fixture().store.createDevices([
        row('new1'),
        row('there'),
        row('new2', 'nobody'),
        row('new1'),
      ])
      expect(outcomes).toEqual(['created', 'device-exists', 'product-not-found', 'device-exists'])
      expect(await fixture().store.createDevices([])).toEqual([])
    })

    test('are read back whole, with a factory-made secret or without one', async () => {
      const { productKey } = await fixture().product()
      const rows = [
        { productKey, deviceName: 'A_b@c.d:e-f', deviceSecret: 'burnt "in" ü', createdAt: NOW },
        { productKey, deviceName: 'plain', deviceSecret: null, createdAt: NOW + 1 },
      ]
      await fixture().store.createDevices(rows)
      const blank = { disabled: false, activatedAt: null, secretActivatedAt: null, reopenedAt: null, clientIds: [] }
      for (const row of rows)
        expect(await fixture().store.device(productKey, row.deviceName)).toEqual({ ...row, ...blank })
      expect(await view(productKey, 'A_b@c.d:e-f')).toEqual({
        productKey,
        deviceName: 'A_b@c.d:e-f',
        status: 'UNACTIVE',
        clientIds: [],
        hasSecret: true,
        createdAt: NOW,
        activatedAt: null,
        reopenedAt: null,
        lastOnlineAt: null,
        lastOfflineAt: null,
        address: null,
      })
    })

    test('tell of their newest connections: when, from where, by what and how each ended', async () => {
      const productKey = await fixture().productWith('dev1', 'dev2')
      const { store } = fixture()
      const note = (at: number, change: Partial<PresenceChange>) =>
        store.notePresence([
          { productKey, deviceName: 'dev1', online: true, at: NOW + at, address: '192.0.2.7', ...change },
        ])
      await note(0, { transport: 'tls', clientId: 'cid1' })
      await note(50, { online: false, reason: 'keep-alive-timeout' })
      await note(60, { transport: 'ws', address: '192.0.2.8' })
      await note(70, { transport: 'tcp' })
      expect(await store.deviceConnections(productKey, 'dev1')).toEqual([
        { since: NOW + 70, until: null, end: null, transport: 'tcp', address: '192.0.2.7', clientId: null },
        {
          ...{ since: NOW + 60, until: NOW + 70, end: 'session-taken-over' },
          ...{ transport: 'ws', address: '192.0.2.8', clientId: null },
        },
        {
          ...{ since: NOW, until: NOW + 50, end: 'keep-alive-timeout' },
          ...{ transport: 'tls', address: '192.0.2.7', clientId: 'cid1' },
        },
      ])
      for (let at = 100; at < 200; at += 10) await note(at, {})
      const kept = await store.deviceConnections(productKey, 'dev1')
      expect(kept?.map(({ since }) => since - NOW)).toEqual([190, 180, 170, 160, 150, 140, 130, 120, 110, 100])
      expect(await store.deviceConnections(productKey, 'dev2')).toEqual([])
      expect(await store.deviceConnections(productKey, 'none')).toBeUndefined()
    })

    test('many are changed alike, and each is told whether it was there', async () => {
      const productKey = await fixture().productWith('dev1', 'dev2', 'dev3')
      const { store } = fixture()
      const all = (change: CommonChange, ...names: string[]) => store.changeDevices(productKey, names, change)
      const statuses = async () =>
        (await store.listDevices({ productKey, limit: 10 })).items.map(({ deviceName, status }) => [deviceName, status])
      expect(await all({ kind: 'disable' }, 'dev3', 'none', 'dev1')).toEqual([true, false, true])
      expect(await statuses()).toEqual([
        ['dev1', 'DISABLE'],
        ['dev2', 'UNACTIVE'],
        ['dev3', 'DISABLE'],
      ])
      expect(await all({ kind: 'enable' }, 'dev3')).toEqual([true])
      expect(await all({ kind: 'reset', now: NOW + 5 }, 'dev2', 'dev3')).toEqual([true, true])
      expect((await view(productKey, 'dev2'))?.reopenedAt).toBe(NOW + 5)
      expect(await all({ kind: 'delete' }, 'dev2', 'dev2', 'dev1')).toEqual([true, false, true])
      expect(await statuses()).toEqual([['dev3', 'UNACTIVE']])
      expect(await store.productView(productKey)).toMatchObject({ deviceCount: 1 })
      expect(await store.changeDevices('nobody', ['dev3'], { kind: 'delete' })).toEqual([false])
      expect(await all({ kind: 'delete' })).toEqual([])
    })

    test('one name in two products, or in two cases, is so many devices', async () => {
      const [one, other] = [await fixture().productWith('dev1', 'DEV1'), await fixture().productWith('dev1')]
      await fixture().register(one, 'dev1', 'secret1')
      expect((await fixture().device(one, 'DEV1')).deviceSecret).toBeNull()
      expect((await fixture().device(other, 'dev1')).deviceSecret).toBeNull()
    })

    test('an unknown one is undefined, and can be neither changed nor deleted', async () => {
      const productKey = await fixture().productWith('dev1')
      for (const [key, name] of [
        [productKey, 'dev2'],
        ['nobody', 'dev1'],
      ] as const) {
        expect(await fixture().store.device(key, name)).toBeUndefined()
        expect(await view(key, name)).toBeUndefined()
        expect(await fixture().store.deleteDevice(key, name)).toBe(false)
        expect(await change(key, name, { kind: 'disable' })).toBe(false)
      }
    })

    test('the status is UNACTIVE, then OFFLINE or ONLINE, and DISABLE above all', async () => {
      const productKey = await fixture().productWith('dev1')
      const status = async () => (await view(productKey, 'dev1'))?.status
      expect(await status()).toBe('UNACTIVE')
      await fixture().register(productKey, 'dev1', 's')
      await fixture().activate(productKey, 'dev1', { deviceSecret: 's' })
      expect(await status()).toBe('OFFLINE')
      await presence(productKey, 'dev1', true)
      expect(await status()).toBe('ONLINE')
      await change(productKey, 'dev1', { kind: 'disable' })
      expect(await status()).toBe('DISABLE')
      await presence(productKey, 'dev1', false)
      expect(await status()).toBe('DISABLE')
      await change(productKey, 'dev1', { kind: 'enable' })
      expect(await status()).toBe('OFFLINE')
    })

    test('a deleted one leaves nothing to a new one of its name', async () => {
      const productKey = await fixture().productWith()
      await fixture().regnwl(productKey, 'dev1', 'cid1')
      expect(await fixture().store.deleteDevice(productKey, 'dev1')).toBe(true)
      expect(await fixture().store.device(productKey, 'dev1')).toBeUndefined()
      expect(await fixture().regnwl(productKey, 'dev1', 'cid2')).toMatchObject({ ok: true, created: true })
      expect((await fixture().device(productKey, 'dev1')).clientIds.map(({ clientId }) => clientId)).toEqual(['cid2'])
    })

    test('reset opens registration and leaves the present credential alone', async () => {
      const productKey = await fixture().productWith('dev1')
      await fixture().register(productKey, 'dev1', 's')
      await fixture().activate(productKey, 'dev1', { deviceSecret: 's' }, NOW + 1)
      expect(await change(productKey, 'dev1', { kind: 'reset', now: NOW + 2 })).toBe(true)
      expect(await fixture().device(productKey, 'dev1')).toMatchObject({
        deviceSecret: 's',
        activatedAt: NOW + 1,
        secretActivatedAt: NOW + 1,
        reopenedAt: NOW + 2,
      })
    })
  })
  describePresence(fixture)
  describeClientIds(fixture)
  describeLists(fixture)
}

function describePresence(fixture: () => StoreFixture): void {
  describe('presence', () => {
    test('tells when a device came and went, and from where it was', async () => {
      const productKey = await fixture().productWith('dev1')
      const change = { productKey, deviceName: 'dev1' }
      await fixture().store.notePresence([
        { ...change, online: true, at: NOW + 1, address: '192.0.2.7' },
        { ...change, online: false, at: NOW + 2, address: null },
        { ...change, online: true, at: NOW + 3, address: '2001:db8::1' },
      ])
      const view = () => fixture().store.deviceView(productKey, 'dev1')
      expect(await view()).toMatchObject({ lastOnlineAt: NOW + 3, lastOfflineAt: NOW + 2, address: '2001:db8::1' })
      await fixture().store.notePresence([{ ...change, online: false, at: NOW + 4, address: null }])
      expect(await view()).toMatchObject({ lastOnlineAt: NOW + 3, lastOfflineAt: NOW + 4, address: '2001:db8::1' })
    })

    test('counts again when it is noted again, as after an answer that was lost', async () => {
      const productKey = await fixture().productWith('dev1')
      const change = { productKey, deviceName: 'dev1', at: NOW, address: null }
      for (const online of [true, true, false, false]) {
        expect(await fixture().store.notePresence([{ ...change, online }])).toEqual([true])
      }
    })

    test('of a device that is not there is left out, and the others count', async () => {
      const productKey = await fixture().productWith('dev1')
      const [online, at, address] = [true, NOW, null]
      const counts = await fixture().store.notePresence([
        { productKey, deviceName: 'gone', online, at, address },
        { productKey: 'nobody', deviceName: 'dev1', online, at, address },
        { productKey, deviceName: 'dev1', online, at, address },
        { productKey, deviceName: 'dev1', online: false, at, address },
      ])
      expect(counts).toEqual([false, false, true, true])
      expect(await fixture().store.deviceView(productKey, 'dev1')).toMatchObject({ lastOnlineAt: NOW })
    })
  })
}

function describeClientIds(fixture: () => StoreFixture): void {
  const threeOf = async () => {
    const { productKey } = await fixture().product()
    for (const [at, clientId] of ['cid1', 'cid2', 'cid3'].entries()) {
      await fixture().regnwl(productKey, 'dev1', clientId, NOW + at)
    }
    return productKey
  }
  describe('ClientIDs', () => {
    test('are listed oldest first, without their hashes in views', async () => {
      const productKey = await threeOf()
      const { clientIds } = await fixture().device(productKey, 'dev1')
      const pending = { usedAt: null, forbiddenAt: null }
      const expected = ['cid1', 'cid2', 'cid3'].map((clientId, at) => ({ clientId, createdAt: NOW + at, ...pending }))
      expect(clientIds).toEqual(expected.map(one => ({ ...one, tokenHash: one.clientId.padEnd(64, 'f') })))
      expect((await fixture().store.deviceView(productKey, 'dev1'))?.clientIds).toEqual(expected)
    })

    test('one is dropped or all are, and their slots are free', async () => {
      const productKey = await threeOf()
      const drop = (change: DeviceChange) => fixture().store.changeDevice(productKey, 'dev1', change)
      const left = async () => (await fixture().device(productKey, 'dev1')).clientIds.map(({ clientId }) => clientId)
      expect(await drop({ kind: 'drop-client-id', clientId: 'cid2' })).toBe(true)
      expect(await left()).toEqual(['cid1', 'cid3'])
      expect(await drop({ kind: 'drop-client-id', clientId: 'cid2' })).toBe(false)
      expect(await drop({ kind: 'drop-all-client-ids' })).toBe(true)
      expect(await left()).toEqual([])
    })

    test('keeping one forbids the others, which hold their slots', async () => {
      const productKey = await threeOf()
      const keep = (clientId: string, now: number) =>
        fixture().store.changeDevice(productKey, 'dev1', { kind: 'keep-client-id', clientId, now })
      const forbidden = async () => (await fixture().device(productKey, 'dev1')).clientIds.map(one => one.forbiddenAt)
      expect(await keep('nobody', NOW)).toBe(false)
      expect(await forbidden()).toEqual([null, null, null])
      expect(await keep('cid1', NOW + 10)).toBe(true)
      expect(await forbidden()).toEqual([null, NOW + 10, NOW + 10])
      expect(await keep('cid3', NOW + 20)).toBe(true)
      expect(await forbidden()).toEqual([NOW + 20, NOW + 10, null])
    })
  })
}

function describeLists(fixture: () => StoreFixture): void {
  const names = async (productKey: string, query: { search?: string; status?: DeviceStatus; limit?: number } = {}) => {
    const { items, total } = await fixture().store.listDevices({ limit: 100, ...query, productKey })
    return { names: items.map(({ deviceName }) => deviceName), total }
  }
  describe('lists of devices', () => {
    test.each([
      ['MAC', ['mac-1', 'x-Mac-2']],
      ['_', ['a_b1']],
      ['%', []],
      ['a_b', ['a_b1']],
      ['\\', []],
      ['1', ['a_b1', 'aXb1', 'mac-1']],
      ['nothing', []],
    ])('search finds a part of the name in any case, taken literally: %j', async (search, found) => {
      const productKey = await fixture().productWith('mac-1', 'x-Mac-2', 'a_b1', 'aXb1')
      const listed = await names(productKey, { search })
      expect(new Set(listed.names)).toEqual(new Set(found))
      expect(listed.total).toBe(found.length)
    })

    test.each([
      ['SN0', ['SN00', 'SN01', 'xsn02y']],
      ['n02Y', ['xsn02y']],
      ['SN00', ['SN00']],
      ['a:b', ['1a:b.c@d']],
      ['1A:B.C@D', ['1a:b.c@d']],
      ['sn03', []],
      ['"', []],
      ['n0"', []],
      ['0\0', []],
      ['SN0%', []],
      ['温度计', []],
    ])('search finds %j as it stands, at the beginning, inside and at the end', async (search, found) => {
      const productKey = await fixture().productWith('SN00', 'SN01', 'xsn02y', '1a:b.c@d')
      await fixture().productWith('SN03', 'SN00') // another product's are none of its business
      expect(await names(productKey, { search })).toEqual({ names: found, total: found.length })
    })

    test('search knows devices that registered, and no deleted ones', async () => {
      const productKey = await fixture().productWith('unit-one')
      await fixture().regnwl(productKey, 'unit-two', fixture().unique('cid'))
      expect((await names(productKey, { search: 'unit-' })).names).toEqual(['unit-one', 'unit-two'])
      await fixture().store.deleteDevice(productKey, 'unit-one')
      await fixture().regnwl(productKey, 'unit-two', fixture().unique('cid'))
      expect((await names(productKey, { search: 'unit-' })).names).toEqual(['unit-two'])
      await fixture().regnwl(productKey, 'unit-one', fixture().unique('cid'))
      expect((await names(productKey, { search: 'unit-' })).names).toEqual(['unit-one', 'unit-two'])
      await fixture().store.deleteProduct(productKey)
      expect(await names(productKey, { search: 'unit-' })).toEqual({ names: [], total: 0 })
    })

    test.each(['dev', 'v1', 'EV00', '7'])('all pages of a search in a large product, %j', async search => {
      const many = Array.from({ length: 1500 }, (_, at) => `dev${String(at).padStart(4, '0')}`)
      const productKey = await fixture().productWith(...many)
      for (const deviceName of ['dev0017', 'dev1077']) {
        await fixture().store.changeDevice(productKey, deviceName, { kind: 'disable' })
      }
      const found = many.filter(name => name.toLowerCase().includes(search.toLowerCase()))
      const read = (status?: DeviceStatus) => (cursor?: string) =>
        fixture().store.listDevices({
          ...{ productKey, search, limit: 170 },
          ...(status === undefined ? {} : { status }),
          ...(cursor === undefined ? {} : { cursor }),
        })
      expect((await allPages(read())).map(({ deviceName }) => deviceName)).toEqual(found)
      const disabled = found.filter(name => name === 'dev0017' || name === 'dev1077')
      expect((await allPages(read('DISABLE'))).map(({ deviceName }) => deviceName)).toEqual(disabled)
      const { total, totalIsLowerBound } = await read()()
      expect({ total, totalIsLowerBound }).toEqual(
        found.length > 1000 ? { total: 1000, totalIsLowerBound: true } : { total: found.length },
      )
    })

    test('an empty search and an unknown product', async () => {
      const productKey = await fixture().productWith('dev1')
      expect(await names(productKey, { search: '' })).toEqual({ names: ['dev1'], total: 1 })
      expect(await names('nobody')).toEqual({ names: [], total: 0 })
    })

    test('a status filter counts all of that status and pages through them', async () => {
      const all = Array.from({ length: 9 }, (_, at) => `dev${at}`)
      const productKey = await fixture().productWith(...all)
      for (const deviceName of ['dev1', 'dev3', 'dev5', 'dev7']) {
        await fixture().store.changeDevice(productKey, deviceName, { kind: 'disable' })
      }
      const page = (cursor?: string) =>
        fixture().store.listDevices({
          productKey,
          status: 'DISABLE',
          limit: 3,
          ...(cursor === undefined ? {} : { cursor }),
        })
      expect((await page()).total).toBe(4)
      const listed = await allPages(page)
      expect(listed.map(({ deviceName }) => deviceName)).toEqual(['dev1', 'dev3', 'dev5', 'dev7'])
      expect(await names(productKey, { status: 'DISABLE', search: '5' })).toEqual({ names: ['dev5'], total: 1 })
      expect(await names(productKey, { status: 'UNACTIVE', limit: 2 })).toMatchObject({ total: 5 })
      expect(await names(productKey, { status: 'ONLINE' })).toEqual({ names: [], total: 0 })
    })

    test('pages show each device that was there all the time once, while others come and go', async () => {
      const stay = Array.from({ length: 20 }, (_, at) => `stay${String(at).padStart(2, '0')}`)
      const productKey = await fixture().productWith(...stay, 'goes')
      let round = 0
      const between = async () => {
        round += 1
        const rows = [`aaaa${round}`, `stay05-${round}`, `zzzz${round}`].map(deviceName => ({
          productKey,
          deviceName,
          deviceSecret: null,
          createdAt: NOW,
        }))
        if (round < 6) await fixture().store.createDevices(rows)
        await fixture().store.deleteDevice(productKey, 'goes')
      }
      const page = (cursor?: string) =>
        fixture().store.listDevices({ productKey, limit: 3, ...(cursor === undefined ? {} : { cursor }) })
      const listed = (await allPages(page, between)).map(({ deviceName }) => deviceName)
      expect(new Set(listed).size).toBe(listed.length)
      expect(listed.filter(name => stay.includes(name))).toEqual(stay)
    })

    test.each(['', '!', 'a b', 'YQ=='])('a cursor that is none is refused: %j', async cursor => {
      const productKey = await fixture().productWith('dev1')
      await expect(fixture().store.listDevices({ productKey, limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursor)
    })
  })
}
