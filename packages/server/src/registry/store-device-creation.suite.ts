import { describe, expect, test } from 'vitest'
import { type DeviceQuery, InvalidCursor } from './store.ts'
import { allPages, NOW, type StoreFixture } from './store-fixture.suite.ts'

const MINUTE_MS = 60_000
/** More than are read at once and sorted. */
const MANY = 1500

type Filter = Omit<DeviceQuery, 'productKey' | 'limit' | 'cursor'>

export function describeCreation(fixture: () => StoreFixture): void {
  /** Names with the minutes at which they were created. */
  const productWith = async (devices: Readonly<Record<string, number>>): Promise<string> => {
    const { productKey } = await fixture().product()
    const rows = Object.entries(devices).map(([deviceName, minutes]) => ({
      ...{ productKey, deviceName, deviceSecret: null, createdAt: NOW + minutes * MINUTE_MS },
    }))
    await fixture().store.createDevices(rows)
    return productKey
  }
  const read = (productKey: string, filter: Filter, limit: number) => (cursor?: string) =>
    fixture().store.listDevices({ productKey, ...filter, limit, ...(cursor === undefined ? {} : { cursor }) })
  const names = async (productKey: string, filter: Filter, limit = 7) =>
    (await allPages(read(productKey, filter, limit))).map(({ deviceName }) => deviceName)
  const disable = async (productKey: string, ...deviceNames: string[]) => {
    for (const name of deviceNames) await fixture().store.changeDevice(productKey, name, { kind: 'disable' })
  }
  const at = (minutes: number): number => NOW + minutes * MINUTE_MS

  describe('lists of devices by time of creation', () => {
    const SIX = { zeta: 0, beta: 1, alpha: 2, 'beta-2': 2, gamma: 3, BETA: 5 }
    test.each<[Filter, string[]]>([
      [{ order: 'oldest' }, ['zeta', 'beta', 'alpha', 'beta-2', 'gamma', 'BETA']],
      [{ order: 'newest' }, ['BETA', 'gamma', 'beta-2', 'alpha', 'beta', 'zeta']],
      [{ createdSince: at(2) }, ['BETA', 'gamma', 'beta-2', 'alpha']],
      [{ createdBefore: at(2) }, ['beta', 'zeta']],
      [{ createdSince: at(1), createdBefore: at(3), order: 'oldest' }, ['beta', 'alpha', 'beta-2']],
      [{ createdSince: at(4), createdBefore: at(5) }, []],
      [{ createdSince: at(3), createdBefore: at(2) }, []],
      [{ createdSince: at(1), search: 'beta' }, ['BETA', 'beta-2', 'beta']],
      [{ createdSince: at(1), search: 'ta' }, ['BETA', 'beta-2', 'beta']],
      [{ createdSince: at(2), status: 'DISABLE' }, ['gamma', 'alpha']],
      [{ createdSince: at(0), createdBefore: at(3), status: 'UNACTIVE', order: 'oldest' }, ['zeta', 'beta', 'beta-2']],
      [{ search: 'a', status: 'DISABLE', order: 'oldest' }, ['alpha', 'gamma']],
      [{ search: 'beta', status: 'UNACTIVE', createdBefore: at(5) }, ['beta-2', 'beta']],
    ])('%j', async (filter, found) => {
      const productKey = await productWith(SIX)
      await productWith({ beta: 4 }) // another product's are none of its business
      await disable(productKey, 'alpha', 'gamma')
      for (const limit of [1, 2, 7]) expect(await names(productKey, filter, limit)).toEqual(found)
      expect(await read(productKey, filter, 1)()).toMatchObject({ total: found.length })
    })

    test.each<[Filter, (name: string, index: number) => boolean]>([
      [{}, () => true],
      [{ search: 'dev' }, () => true],
      [{ search: 'v1' }, name => name.includes('v1')],
      [{ search: '077' }, name => name.includes('077')],
      [{ status: 'UNACTIVE' }, (_, index) => index % 700 !== 0],
      [{ status: 'DISABLE' }, (_, index) => index % 700 === 0],
      [{ status: 'DISABLE', search: '7' }, name => name === 'dev0700'],
      [{ status: 'UNACTIVE', search: '00' }, (name, index) => name.includes('00') && index % 700 !== 0],
    ])('all pages in a large product, both ways round, %j', async (filter, matches) => {
      const many = Array.from({ length: MANY }, (_, index) => `dev${String(index).padStart(4, '0')}`)
      // Two thirds of the names against the order of the times; three to a minute.
      const minutes = new Map(many.map((name, index) => [name, index < 1000 ? 1000 - Math.floor(index / 3) : index]))
      const productKey = await productWith(Object.fromEntries(minutes))
      await disable(productKey, ...many.filter((_, index) => index % 700 === 0))
      const found = many
        .filter((name, index) => matches(name, index) && (minutes.get(name) ?? 0) >= 700)
        .sort((one, other) => (minutes.get(one) ?? 0) - (minutes.get(other) ?? 0) || (one < other ? -1 : 1))
      const since = { ...filter, createdSince: at(700) }
      expect(await names(productKey, { ...since, order: 'oldest' }, 170)).toEqual(found)
      expect(await names(productKey, since, 170)).toEqual(found.toReversed())
    })

    test('a total is counted to a thousand, and not at all where nobody asks', async () => {
      const productKey = await productWith(
        Object.fromEntries(Array.from({ length: MANY }, (_, index) => [`dev${index}`, index])),
      )
      const bound = { total: 1000, totalIsLowerBound: true }
      expect(await read(productKey, { createdSince: at(0) }, 1)()).toMatchObject(bound)
      expect(await read(productKey, { createdSince: at(600) }, 1)()).toMatchObject({ total: 900 })
      const uncounted = { total: 0, totalIsLowerBound: true }
      expect(await read(productKey, { createdSince: at(0), isCounted: false }, 1)()).toMatchObject(uncounted)
      expect(await read(productKey, { search: 'v', isCounted: false }, 1)()).toMatchObject(uncounted)
    })

    test('a page for which too many devices are passed over ends early, and the next one goes on', async () => {
      const many = Object.fromEntries(Array.from({ length: 20_500 }, (_, index) => [`unit${index}`, -index]))
      const productKey = await productWith({ ...many, zz: -30_000 })
      for (const filter of [{ search: 'zz' }, { search: 'zz', order: 'newest' }] as const) {
        const first = await read(productKey, filter, 10)()
        expect(first).toEqual({ items: [], nextCursor: expect.any(String), total: 0, totalIsLowerBound: true })
        expect(await names(productKey, filter)).toEqual(['zz'])
      }
    })

    test('a cursor of a list by name is refused', async () => {
      const productKey = await productWith(SIX)
      const { nextCursor } = await read(productKey, {}, 1)()
      const going = read(productKey, { order: 'newest' }, 1)
      await expect(going(nextCursor ?? '')).rejects.toBeInstanceOf(InvalidCursor)
    })
  })
}
