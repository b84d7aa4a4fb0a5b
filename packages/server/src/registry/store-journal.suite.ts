import { describe, expect, test } from 'vitest'
import { InvalidCursor, type JournalQuery } from './store.ts'
import { allPages, NOW, newEntry, type StoreFixture } from './store-fixture.suite.ts'

export function describeJournal(fixture: () => StoreFixture): void {
  describe('the journal', () => {
    test('gives entries back whole, with ids that rise', async () => {
      const productKey = fixture().unique('pk')
      const detail = { signedText: 'deviceName…"é"\n', mistakes: ['order', 'hash'], count: 3, firstBytes: '16 03' }
      const nothing = { deviceName: null, mode: null, tlsVersion: null, tlsCipher: null, mqttVersion: null } as const
      const entries = [
        newEntry({ productKey, deviceName: 'dev1', detail }),
        newEntry({ productKey, ...nothing, connackCode: null, transport: 'ws', outcome: 'closed', reason: 'not-mqtt' }),
      ]
      const written = await fixture().store.appendJournal(entries)
      expect(written.map(({ id: _, ...entry }) => entry)).toEqual(entries)
      expect(written[1]?.id).toBeGreaterThan(written[0]?.id ?? Number.POSITIVE_INFINITY)
      expect(await fixture().journalOf(productKey)).toEqual([...written].reverse())
      expect(await fixture().store.appendJournal([])).toEqual([])
    })

    test('takes more entries than one transaction does, in order', async () => {
      const productKey = fixture().unique('pk')
      const entries = Array.from({ length: 1203 }, (_, at) => newEntry({ productKey, time: NOW + at }))
      const written = await fixture().store.appendJournal(entries)
      const ids = written.map(({ id }) => id)
      expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other))
      expect(written.map(({ time }) => time)).toEqual(entries.map(({ time }) => time))
    })

    test('is filtered by product, device, outcome, reason and time', async () => {
      const productKey = fixture().unique('pk')
      const entries = [
        newEntry({ productKey, deviceName: 'dev1', time: NOW }),
        newEntry({ productKey, deviceName: 'dev2', time: NOW + 1, outcome: 'closed', reason: 'connect-timeout' }),
        newEntry({ productKey, deviceName: 'dev1', time: NOW + 2, reason: 'switch-off' }),
        newEntry({ productKey: `${productKey}x`, deviceName: 'dev1', time: NOW + 3 }),
      ]
      const first = (await fixture().store.appendJournal(entries))[0]?.id ?? 0
      const found = async (query: Omit<JournalQuery, 'limit'>) => {
        const { items } = await fixture().store.listJournal({ afterId: first - 1, ...query, limit: 100 })
        return items.map(({ time }) => time - NOW)
      }
      expect(await found({ productKey })).toEqual([0, 1, 2])
      expect(await found({ deviceName: 'dev1' })).toEqual([0, 2, 3])
      expect(await found({ productKey, deviceName: 'dev1' })).toEqual([0, 2])
      expect(await found({ productKey, outcome: 'closed' })).toEqual([1])
      expect(await found({ productKey, reason: 'switch-off' })).toEqual([2])
      expect(await found({ productKey, since: NOW + 1 })).toEqual([1, 2])
      expect(
        await found({ productKey, deviceName: 'dev1', outcome: 'refused', reason: 'switch-off', since: NOW }),
      ).toEqual([2])
      expect(await found({ productKey: 'nobody' })).toEqual([])
    })

    test('pages newest first, and what is written meanwhile moves nothing', async () => {
      const productKey = fixture().unique('pk')
      const entries = Array.from({ length: 11 }, () => newEntry({ productKey }))
      const written = await fixture().store.appendJournal(entries)
      const page = (cursor?: string) =>
        fixture().store.listJournal({ productKey, limit: 3, ...(cursor === undefined ? {} : { cursor }) })
      const listed = await allPages(page, () => fixture().store.appendJournal([newEntry({ productKey })]))
      expect(listed).toEqual([...written].reverse())
    })

    test('is followed from an id on, oldest first', async () => {
      const productKey = fixture().unique('pk')
      const written = await fixture().store.appendJournal(Array.from({ length: 7 }, () => newEntry({ productKey })))
      const afterId = written[1]?.id ?? 0
      const page = (cursor?: string) =>
        fixture().store.listJournal({ productKey, afterId, limit: 2, ...(cursor === undefined ? {} : { cursor }) })
      expect(await allPages(page)).toEqual(written.slice(2))
      const last = written.at(-1)?.id ?? 0
      expect(await fixture().store.listJournal({ afterId: last, limit: 2 })).toEqual({ items: [], nextCursor: null })
    })

    test('a cursor that is none is refused', async () => {
      await expect(fixture().store.listJournal({ limit: 1, cursor: 'x' })).rejects.toBeInstanceOf(InvalidCursor)
    })
  })
}
