import { describe, expect, test } from 'vitest'
import type { AuditEntry, AuditNote } from './audit/audit-entry.ts'
import { verifyAudit } from './audit/verify.ts'
import type { Store } from './store.ts'
import { allPages, NOW, newKey, type StoreFixture } from './store-fixture.suite.ts'

export const newNote = (over: Partial<AuditNote> = {}): AuditNote => ({
  at: NOW,
  actor: { kind: 'key', id: 'hk1', name: '钥匙' },
  action: 'test.do',
  target: 'pk1/dev1',
  before: null,
  after: { list: ['a', null, { z: 1, a: '"\u0000\ud800' }], text: 'ä' },
  address: '192.0.2.1',
  via: 'api',
  ...over,
})

const newest = async (store: Store): Promise<AuditEntry | undefined> => (await store.listAudit({ limit: 1 })).items[0]

export function describeAudit(fixture: () => StoreFixture): void {
  const store = () => fixture().store
  /** Runs an act with a note; the entries that it has left. */
  const left = async (act: (note: AuditNote) => Promise<unknown>, over: Partial<AuditNote> = {}) => {
    const last = (await newest(store()))?.id ?? 0
    await act(newNote(over))
    return (await store().listAudit({ afterId: last, limit: 100 })).items
  }

  describe('the audit log', () => {
    test('keeps entries in their order, each chained to the one before', async () => {
      const notes = [newNote(), newNote({ before: { x: 1 }, after: null, address: null, via: 'cli' })]
      await store().appendAudit(notes)
      const { items } = await store().listAudit({ limit: 2 })
      expect(items.map(({ id: _, hash: __, ...note }) => note)).toEqual([...notes].reverse())
      expect((items[0]?.id ?? 0) - (items[1]?.id ?? 0)).toBe(1)
      expect(await verifyAudit(store())).toMatchObject({ ok: true, problem: null, lastHash: items[0]?.hash })
    })

    test('is found by who, what, on what and when, page by page', async () => {
      const name = fixture().unique('actor')
      const actor = { kind: 'user', id: `id-${name}`, name } as const
      const [one, two, three] = [
        newNote({ actor, action: 'device.disable', target: `${name}/a%_` }),
        newNote({ actor, action: 'device.enable', target: `${name}/b`, at: NOW + 10 }),
        newNote({ actor, action: 'devices', target: name, at: NOW + 20 }),
      ]
      await store().appendAudit([one, two, three])
      const targets = async (query: object): Promise<string[]> =>
        (await store().listAudit({ limit: 100, ...query })).items.map(({ target }) => target)
      expect(await targets({ actor: name })).toEqual([three.target, two.target, one.target])
      expect(await targets({ actor: actor.id, action: 'device.' })).toEqual([two.target, one.target])
      expect(await targets({ actor: name, action: 'device.enable' })).toEqual([two.target])
      expect(await targets({ target: `${name}/` })).toEqual([two.target, one.target])
      expect(await targets({ target: `${name}/a%_` })).toEqual([one.target])
      expect(await targets({ target: `${name}/_` })).toEqual([])
      expect(await targets({ actor: name, since: NOW + 10 })).toEqual([three.target, two.target])
      const paged = await allPages(cursor =>
        store().listAudit({ actor: name, limit: 1, ...(cursor ? { cursor } : {}) }),
      )
      expect(paged.map(({ target }) => target)).toEqual([three.target, two.target, one.target])
    })

    test('has an entry for each change that was made with a note, and none for one that was not made', async () => {
      const productKey = await fixture().productWith('dev1')
      const key = newKey({ id: fixture().unique('key') })
      const acts: ((note: AuditNote) => Promise<unknown>)[] = [
        note => store().updateProduct(productKey, { name: 'N' }, NOW, note),
        note => store().changeDevice(productKey, 'dev1', { kind: 'disable' }, note),
        note => store().createApiKey(key, note),
        note => store().revokeApiKey(key.id, NOW, note),
        note => store().deleteDevice(productKey, 'dev1', note),
        note => store().deleteProduct(productKey, note),
      ]
      for (const act of acts) expect(await left(act)).toHaveLength(1)
      const undone: ((note: AuditNote) => Promise<unknown>)[] = [
        note => store().updateProduct('none', { name: 'N' }, NOW, note),
        note => store().changeDevice('none', 'dev1', { kind: 'disable' }, note),
        note => store().deleteDevice('none', 'dev1', note),
        note => store().deleteProduct('none', note),
        note => store().revokeApiKey('none', NOW, note),
        note => store().deleteUser('none', NOW, note),
        note => store().endSessions({ userId: 'none', which: { kind: 'all' }, now: NOW }, note),
        note =>
          store()
            .createApiKey(key, note)
            .catch(() => undefined),
        note =>
          store().createDevices([{ productKey: 'none', deviceName: 'd', deviceSecret: null, createdAt: NOW }], note),
      ]
      for (const act of undone) expect(await left(act)).toEqual([])
      expect(await verifyAudit(store())).toMatchObject({ ok: true })
    })

    test('names the devices of an import that were made, chunk by chunk', async () => {
      const productKey = await fixture().productWith('dev0')
      const rows = Array.from({ length: 600 }, (_, at) => `dev${at}`)
      const devices = rows.map(deviceName => ({ productKey, deviceName, deviceSecret: null, createdAt: NOW }))
      const entries = await left(note => store().createDevices(devices, note), { after: { deviceNames: [] } })
      expect(entries.map(({ after }) => after?.['deviceNames'])).toEqual([rows.slice(1, 500), rows.slice(500)])
    })

    test('names the devices of a common change that were there, chunk by chunk', async () => {
      const names = Array.from({ length: 600 }, (_, at) => `dev${at}`)
      const productKey = await fixture().productWith(...names.slice(1))
      const entries = await left(note => store().changeDevices(productKey, names, { kind: 'disable' }, note), {
        after: { filter: { search: 'dev' }, deviceNames: [] },
      })
      expect(entries.map(({ after }) => after)).toEqual([
        { filter: { search: 'dev' }, deviceNames: names.slice(1, 500) },
        { filter: { search: 'dev' }, deviceNames: names.slice(500) },
      ])
      expect(await left(note => store().changeDevices(productKey, ['dev0'], { kind: 'delete' }, note))).toEqual([])
    })

    test('acts at the same instant are chained one after the other', async () => {
      const productKey = await fixture().productWith('dev1', 'dev2')
      const acts = Array.from({ length: 20 }, (_, at) => [
        store().changeDevice(productKey, `dev${(at % 2) + 1}`, { kind: at % 4 < 2 ? 'disable' : 'enable' }, newNote()),
        store().updateProduct(productKey, { name: `N${at}` }, NOW, newNote()),
        store().appendAudit([newNote()]),
      ])
      const before = (await newest(store()))?.id ?? 0
      await Promise.all(acts.flat())
      const verdict = await verifyAudit(store())
      expect(verdict).toMatchObject({ ok: true })
      expect((await newest(store()))?.id).toBe(verdict.entries)
      expect(verdict.entries).toBeGreaterThanOrEqual(before)
    })
  })
}
