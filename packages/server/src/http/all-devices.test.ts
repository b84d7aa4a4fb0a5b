import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

interface Page {
  items: { productKey: string; deviceName: string; status: string }[]
  nextCursor: string | null
  total: number | null
}

let http: HttpFixture
beforeAll(async () => {
  http = await startHttp()
  for (const [productKey, ...names] of [
    ['pk1', 'lamp-1', 'meter-1', 'meter-2'],
    ['pk2'],
    ['pk3', 'METER-9', 'door-1'],
    ['pk4', 'meter-4'],
  ] as const) {
    await http.createProduct(productKey)
    for (const name of names) await http.createDevice(productKey, name)
    http.advance(3_600_000)
  }
  await http.setOnline('pk3', 'door-1')
})
afterAll(() => http.close())

const list = async (query = '', key?: string): Promise<Page> =>
  (await http.request({ url: `/api/v1/devices${query}`, ...(key === undefined ? {} : { key }) })).body as Page
const namesOf = ({ items }: Page): string[] => items.map(({ productKey, deviceName }) => `${productKey}/${deviceName}`)
/** Page by page, until there is none. */
const all = async (query: string, key?: string): Promise<string[]> => {
  const names: string[] = []
  let cursor = ''
  for (let pages = 0; pages < 20; pages++) {
    const page = await list(`${query}${cursor}`, key)
    names.push(...namesOf(page))
    if (page.nextCursor === null) return names
    cursor = `&cursor=${page.nextCursor}`
  }
  throw new Error('the list does not end')
}
const EVERY = ['pk1/lamp-1', 'pk1/meter-1', 'pk1/meter-2', 'pk3/METER-9', 'pk3/door-1', 'pk4/meter-4']

describe('devices of all products', () => {
  test('come one product after the other, each by name, with the whole number', async () => {
    const page = await list()
    expect(namesOf(page)).toEqual(EVERY)
    expect(page).toMatchObject({ total: 6, nextCursor: null })
  })

  test.each([1, 2, 3, 4, 5, 6])('come in pages of %i, each once', async limit => {
    expect(await all(`?limit=${limit}`)).toEqual(EVERY)
    expect(await all(`?limit=${limit}&search=METER`)).toEqual(EVERY.filter(name => /meter/i.test(name)))
    const ofLater = '&createdSince=2026-01-31T12:00:01Z'
    expect(await all(`?limit=${limit}${ofLater}&order=oldest`)).toEqual(EVERY.slice(3))
    expect(await all(`?limit=${limit}${ofLater}`)).toEqual(['pk3/door-1', 'pk3/METER-9', 'pk4/meter-4'])
    expect(await all(`?limit=${limit}&createdBefore=2026-01-31T14:00:00Z&order=oldest`)).toEqual(EVERY.slice(0, 3))
  })

  test('come by time of creation where that is asked for, and are counted all the same', async () => {
    expect(await list('?order=newest&productKey=pk1')).toMatchObject({ total: 3 })
    expect(namesOf(await list('?order=newest&productKey=pk1'))).toEqual(EVERY.slice(0, 3).toReversed())
  })

  test('are found by status and by product, and counted where counters tell', async () => {
    expect(await list('?status=ONLINE')).toMatchObject({ items: [{ deviceName: 'door-1' }], total: 1 })
    expect(await list('?status=UNACTIVE')).toMatchObject({ total: 5 })
    expect(await list('?status=OFFLINE')).toMatchObject({ items: [], total: 0, nextCursor: null })
    expect(await list('?productKey=pk1')).toMatchObject({ total: 3 })
    expect(await list('?search=meter')).toMatchObject({ total: null })
  })

  test('are those of the products that a key covers', async () => {
    const key = await http.createKey({ role: 'application', products: ['pk4', 'pk1', 'gone'] })
    expect(await all('?limit=2', key)).toEqual([EVERY[5], ...EVERY.slice(0, 3)])
    const other = await http.request({ url: '/api/v1/devices?productKey=pk3', key })
    expect(other).toMatchObject({ status: 404, body: { code: 'product-not-found' } })
    expect((await list('?productKey=pk4', key)).total).toBe(1)
  })

  test('a page that would look through too many products ends early, and the next one goes on', async () => {
    for (let number = 1; number <= 30; number++) {
      await http.createProduct(`many${number}`)
      await http.createDevice(`many${number}`, number === 30 ? 'zz-1' : 'unit-1')
    }
    expect(await list('?search=zz')).toMatchObject({ items: [], nextCursor: expect.any(String) })
    expect(await all('?search=zz')).toEqual(['many30/zz-1'])
  })

  test.each([
    ['createdSince=soon', 'createdSince'],
    ['createdBefore=2026-13-01', 'createdBefore'],
    ['status=online', 'status'],
    ['order=name', 'order'],
    ['cursor=abc', 'cursor'],
  ])('are refused for %s', async (query, field) => {
    expect(await http.request({ url: `/api/v1/devices?${query}` })).toMatchObject({ status: 400, body: { field } })
  })
})
