import { afterEach, expect, test } from 'vitest'
import { createRegistry } from '../create-registry.ts'
import { DEFAULT_PRODUCT_SETTINGS } from '../product-settings.ts'
import { databases } from '../sqlite/database.suite.ts'
import { type Store, StoreUnavailable } from '../store.ts'
import { NOW, newEntry, StoreFixture } from '../store-fixture.suite.ts'
import type { JournalEntry } from '../types.ts'
import type { StoreCall } from './messages.ts'
import { type RemoteRig, remoteRig } from './remote.suite.ts'
import { RemoteStore } from './remote-store.ts'
import { serveStore } from './serve-store.ts'

const { file, open } = databases()
const rigs: RemoteRig[] = []
afterEach(async () => {
  await Promise.all(rigs.splice(0).map(rig => rig.close()))
})

async function start(options: Parameters<typeof remoteRig>[1] = {}, store?: Store): Promise<RemoteRig> {
  const rig = await remoteRig(store ?? (await open(file())), options)
  rigs.push(rig)
  return rig
}

/** A store of which one call never ends. */
const silent = async (): Promise<Store> => ({ ...(await open(file())), counts: () => new Promise(() => {}) })

test('what a registration through it did is announced where the database is', async () => {
  const { registry, remote } = await start()
  const fixture = new StoreFixture(remote.store)
  const productKey = await fixture.productWith()
  const changes: string[] = []
  const entries: JournalEntry[] = []
  registry.onChange(({ kind }) => void changes.push(kind))
  registry.journal.onEntry(entry => void entries.push(entry))
  await fixture.regnwl(productKey, 'dev1', 'cid1')
  await remote.store.appendJournal([newEntry({ reason: 'not-mqtt' })])
  expect(changes).toEqual(['device-created'])
  expect(entries.map(({ reason }) => reason)).toEqual(['registered', 'not-mqtt'])
})

test('a change anywhere is known to every process before the one who made it has the answer', async () => {
  const store = await open(file())
  const rig = await start({}, store)
  const other = createRegistry({ store: rig.remote.store, clock: Date.now })
  const fixture = new StoreFixture(rig.registry.store)
  const productKey = await fixture.productWith('dev1')
  await fixture.register(productKey, 'dev1', 'first')
  expect(await other.device(productKey, 'dev1')).toMatchObject({ deviceSecret: 'first' })
  expect(await other.product(productKey)).toMatchObject({ tlsOnly: false })
  // Answers travel behind the news of the change, on one line.
  await Promise.all([
    fixture.register(productKey, 'dev1', 'second'),
    rig.registry.store.updateProduct(productKey, { ...DEFAULT_PRODUCT_SETTINGS, tlsOnly: true }, NOW),
  ])
  await rig.remote.store.check()
  expect(await other.device(productKey, 'dev1')).toMatchObject({ deviceSecret: 'second' })
  expect(await other.product(productKey)).toMatchObject({ tlsOnly: true })
})

test('a call that is not answered in time is slow, and the others go on', async () => {
  const { remote } = await start({ callTimeoutMs: 50 }, await silent())
  await expect(remote.store.counts()).rejects.toMatchObject({ name: 'StoreUnavailable', reason: 'store-slow' })
  await expect(remote.store.product('pk')).resolves.toBeUndefined()
})

test('only so many calls wait', async () => {
  const { remote, cut } = await start({ maxWaitingCalls: 2 }, await silent())
  const asked = Array.from({ length: 3 }, () => remote.store.counts())
  await expect(asked[2]).rejects.toMatchObject({ name: 'StoreUnavailable', reason: 'store-slow' })
  cut()
  for (const { reason } of (await Promise.allSettled(asked)) as PromiseRejectedResult[]) {
    expect(reason).toBeInstanceOf(StoreUnavailable)
  }
})

test('when the other process is gone, what waits and what is asked is unavailable', async () => {
  const { remote, cut } = await start({}, await silent())
  const waiting = remote.store.counts()
  cut()
  await expect(waiting).rejects.toMatchObject({ name: 'StoreUnavailable', reason: 'store-unavailable' })
  await expect(remote.store.product('pk')).rejects.toMatchObject({ reason: 'store-unavailable' })
})

test('only the calls that are allowed are answered', async () => {
  const { registry } = await start()
  const replies: unknown[] = []
  const served = serveStore(registry, ['product'], message => void replies.push(message))
  for (const [id, call] of ['close', 'constructor', 'onForeignChange', 'createApiKey'].entries()) {
    served.message({ kind: 'store-call', id, call, args: [] } as unknown as StoreCall)
  }
  await expect.poll(() => replies).toHaveLength(4)
  for (const reply of replies) expect(reply).toMatchObject({ failure: { kind: 'other' } })
})

test('closing waits for what was asked, and no longer than its time limit', async () => {
  const remote = new RemoteStore({ send: () => {}, callTimeoutMs: 30 })
  const asked = remote.store.counts()
  const closed = remote.store.close()
  await expect(asked).rejects.toMatchObject({ reason: 'store-slow' })
  await closed
})
