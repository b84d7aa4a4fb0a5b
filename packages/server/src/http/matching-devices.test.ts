import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type RegistryChange, StoreUnavailable } from '../registry/index.ts'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

interface Reply {
  done: number
  failures: { deviceName: string; reason: string }[]
  nextCursor: string | null
}

let http: HttpFixture
let pk: string
beforeAll(async () => {
  http = await startHttp()
})
beforeEach(async () => {
  vi.restoreAllMocks()
  pk = await http.newProduct()
  for (const name of ['lamp-1', 'meter-1', 'METER-2', 'meter-3']) await http.createDevice(pk, name)
})
afterAll(() => http.close())

const post = (body: object, key?: string) =>
  http.request({ method: 'POST', url: '/api/v1/devices/actions', body, ...(key === undefined ? {} : { key }) })
/** Part by part to the end. */
const act = async (body: object, key?: string): Promise<Omit<Reply, 'nextCursor'> & { parts: number }> => {
  const sum = { done: 0, failures: [] as Reply['failures'], parts: 0 }
  let cursor: string | null = null
  do {
    const reply = await post({ ...body, ...(cursor === null ? {} : { cursor }) }, key)
    expect(reply.status, reply.text).toBe(200)
    const { done, failures, nextCursor } = reply.body as Reply
    sum.done += done
    sum.failures.push(...failures)
    sum.parts++
    cursor = nextCursor
  } while (cursor !== null)
  return sum
}
const counted = async (query: string, key?: string): Promise<number> => {
  let [sum, cursor] = [0, '']
  for (;;) {
    const url = `/api/v1/devices/count?${query}${cursor}`
    const { count, nextCursor } = (await http.request({ url, ...(key === undefined ? {} : { key }) })).body as {
      count: number
      nextCursor: string | null
    }
    sum += count
    if (nextCursor === null) return sum
    cursor = `&cursor=${nextCursor}`
  }
}
const namesWith = async (status: string): Promise<string[]> => {
  const { body } = await http.request({ url: `/api/v1/products/${pk}/devices?status=${status}` })
  return (body as { items: { deviceName: string }[] }).items.map(({ deviceName }) => deviceName)
}

describe('devices that match', () => {
  test('are counted, and all of them changed', async () => {
    const filter = { productKey: pk, search: 'meter' }
    expect(await counted(`productKey=${pk}&search=meter`)).toBe(3)
    expect(await act({ action: 'disable', ...filter })).toMatchObject({ done: 3, failures: [] })
    expect(await namesWith('DISABLE')).toEqual(['METER-2', 'meter-1', 'meter-3'])
    expect(await counted(`productKey=${pk}&status=DISABLE`)).toBe(3)
    expect(await act({ action: 'enable', productKey: pk, status: 'DISABLE' })).toMatchObject({ done: 3 })
    expect(await act({ action: 'reset', ...filter })).toMatchObject({ done: 3 })
    expect(await act({ action: 'delete', ...filter })).toMatchObject({ done: 3 })
    expect(await namesWith('UNACTIVE')).toEqual(['lamp-1'])
  })

  test.each([1, 2, 3])(
    'are changed in parts of %i, each device once although the filter stops fitting',
    async limit => {
      for (const name of ['lamp-1', 'meter-1', 'meter-3']) await http.setOnline(pk, name)
      const told = await act({ action: 'disable', productKey: pk, status: 'ONLINE', limit })
      expect(told.done).toBe(3)
      expect(told.parts).toBeGreaterThanOrEqual(Math.ceil(3 / limit))
      expect(await namesWith('DISABLE')).toEqual(['lamp-1', 'meter-1', 'meter-3'])
    },
  )

  test('are no more than the limit, and nothing is lost by stopping and going on', async () => {
    const first = (await post({ action: 'disable', productKey: pk, limit: 3 })).body as Reply
    expect(first).toMatchObject({ done: 3, nextCursor: expect.any(String) })
    expect(await namesWith('DISABLE')).toHaveLength(3)
    await post({ action: 'disable', productKey: pk, cursor: first.nextCursor })
    expect(await namesWith('DISABLE')).toHaveLength(4)
  })

  test('of several products are those that the key covers, each request within one of them', async () => {
    const other = await http.newProduct()
    await http.createDevice(other, 'meter-1')
    const key = await http.createKey({ role: 'operator', products: [pk, other, 'gone'] })
    expect(await counted('search=meter-1', key)).toBe(2)
    expect(await act({ action: 'disable', search: 'meter-1' }, key)).toMatchObject({ done: 2, parts: 3 })
    expect(await post({ action: 'disable', productKey: 'gone1' }, key)).toMatchObject({ status: 404 })
  })

  test('that were created in a time', async () => {
    http.advance(3_600_000)
    const since = http.nowIso()
    await http.createDevice(pk, 'late-1')
    expect(await counted(`productKey=${pk}&createdSince=${since}`)).toBe(1)
    expect(await act({ action: 'delete', productKey: pk, createdSince: since })).toMatchObject({ done: 1 })
    expect(await namesWith('UNACTIVE')).toHaveLength(4)
  })

  test('are told of, so that connections end, and stand in the audit log with the filter', async () => {
    const changes: RegistryChange[] = []
    const stop = http.registry.onChange(change => changes.push(change))
    await act({ action: 'disable', productKey: pk, search: 'lamp' })
    await act({ action: 'reset', productKey: pk, search: 'lamp' })
    await act({ action: 'delete', productKey: pk, search: 'lamp' })
    stop()
    expect(changes.map(({ kind }) => kind)).toEqual(['device-disabled', 'device-deleted'])
    const { body } = await http.request({ url: `/api/v1/audit?target=${pk}&action=device.disable` })
    expect(body).toMatchObject({
      items: [
        {
          action: 'device.disable',
          target: pk,
          after: { filter: { productKey: pk, search: 'lamp' }, deviceNames: ['lamp-1'] },
        },
      ],
    })
  })

  test('one that is gone meanwhile is told as a failure, and spoils no other', async () => {
    const listDevices = http.registry.store.listDevices.bind(http.registry.store)
    vi.spyOn(http.registry.store, 'listDevices').mockImplementationOnce(async query => {
      const page = await listDevices(query)
      await http.registry.store.deleteDevice(pk, 'meter-1')
      return page
    })
    expect((await post({ action: 'disable', productKey: pk, search: 'meter' })).body).toMatchObject({
      done: 2,
      failures: [{ productKey: pk, deviceName: 'meter-1', reason: 'device-not-found' }],
    })
  })

  test('stay as they are where the store is away', async () => {
    vi.spyOn(http.registry.store, 'changeDevices').mockRejectedValue(new StoreUnavailable('away'))
    expect(await post({ action: 'disable', productKey: pk })).toMatchObject({
      status: 503,
      body: { code: 'store-unavailable' },
    })
  })

  test('that are none are none', async () => {
    expect(await act({ action: 'delete', productKey: pk, search: 'nothing' })).toMatchObject({ done: 0 })
    expect(await counted(`productKey=${pk}&search=nothing`)).toBe(0)
  })

  test.each([
    ['no action', {}, 422, 'action'],
    ['another action', { action: 'paint' }, 422, 'action'],
    ['too many at once', { action: 'delete', limit: 501 }, 422, 'limit'],
    ['a status that is none', { action: 'delete', status: 'online' }, 422, 'status'],
    ['a field that is none', { action: 'delete', serach: 'typo' }, 422, 'serach'],
    ['a cursor of another action', { action: 'delete', cursor: 'abcdefghijklmnop' }, 400, 'cursor'],
  ])('are refused for %s', async (_, body, status, field) => {
    expect(await post({ productKey: pk, ...body })).toMatchObject({ status, body: { field } })
  })
})
