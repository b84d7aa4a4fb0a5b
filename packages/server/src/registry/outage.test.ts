import { afterEach, describe, expect, test, vi } from 'vitest'
import { createRegistry } from './create-registry.ts'
import { Outage, type OutageState } from './outage.ts'
import { type Store, StoreUnavailable } from './store.ts'
import { newEntry, newKey } from './store-fixture.suite.ts'
import type { ApiKey, Device, Product } from './types.ts'

const NOW = 1_700_000_000_000
const REMEMBER_MS = 600_000
/** Longer than lookups are kept in any case. */
const OLD_MS = 40_000

const device = (over: Partial<Device> = {}): Device => ({
  productKey: 'pk',
  deviceName: 'dev1',
  deviceSecret: 'secret',
  disabled: false,
  activatedAt: 1,
  secretActivatedAt: 1,
  reopenedAt: null,
  createdAt: 1,
  clientIds: [],
  ...over,
})

/** A store with a device, a product and a key that the test can take away. */
function subject({ rememberMs = REMEMBER_MS } = {}) {
  const time = { now: NOW }
  const held: { device: Device | undefined } = { device: device() }
  const changes: (OutageState | null)[] = []
  let broken: Error | undefined
  let reads = 0
  const read = <Value>(value: () => Value): Promise<Value> => {
    reads += 1
    return broken === undefined ? Promise.resolve(value()) : Promise.reject(broken)
  }
  const product = { productKey: 'pk', productSecret: 's', name: 'n' } as Product
  const key: ApiKey = newKey({ id: 'hk1', role: 'application' })
  const store = {
    product: async (productKey: string) => read(() => (productKey === 'pk' ? product : undefined)),
    device: async () => read(() => held.device),
    apiKey: async () => read(() => key),
    apiKeyBySecretHash: async () => read(() => key),
    changeDevice: async () => read(() => true),
    register: async () => read(() => ({ ok: false, reason: 'slots-full' })),
    activate: async () => read(() => ({ ok: true })),
    appendJournal: async () => [],
    close: async () => undefined,
  } as unknown as Store
  const onOutage = (state: OutageState | null) => changes.push(state)
  const troubles: (string | null)[] = []
  const onWriteTrouble = (problem: string | null) => troubles.push(problem)
  const registry = createRegistry({ store, clock: () => time.now, rememberMs, onOutage, onWriteTrouble })
  closers.push(() => registry.close())
  return {
    registry,
    time,
    held,
    changes,
    troubles,
    get reads() {
      return reads
    },
    lookUp: () => registry.device('pk', 'dev1'),
    breakStore(error: Error = new StoreUnavailable('gone')) {
      broken = error
    },
    heal() {
      broken = undefined
    },
  }
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})

const away = { name: 'StoreUnavailable', reason: 'store-unavailable' }
const certain = (one: ReturnType<typeof subject>) =>
  vi.waitFor(() => expect(one.changes).toHaveLength(1), { interval: 1, timeout: 20_000 })
const back = (one: ReturnType<typeof subject>) =>
  vi.waitFor(() => expect(one.changes.at(-1)).toBeNull(), { interval: 5, timeout: 20_000 })

describe('a registry whose store is away', () => {
  test('answers from what it remembers, however old, and asks the store no more', async () => {
    const one = subject()
    await Promise.all([one.lookUp(), one.registry.product('pk'), one.registry.apiKey('hk1')])
    await one.registry.apiKeyBySecret('secret')
    one.time.now += OLD_MS
    one.breakStore()
    expect(await one.lookUp()).toEqual(device())
    expect(one.registry.outage).toEqual({
      since: NOW + OLD_MS,
      rememberedUntil: NOW + OLD_MS + REMEMBER_MS,
      problem: 'gone',
    })
    await certain(one)
    const asked = one.reads
    expect(await one.lookUp()).toEqual(device())
    expect(await one.registry.product('pk')).toMatchObject({ productKey: 'pk' })
    expect(await one.registry.apiKey('hk1')).toMatchObject({ id: 'hk1' })
    expect(await one.registry.apiKeyBySecret('secret')).toMatchObject({ id: 'hk1' })
    expect(one.reads).toBe(asked)
  })

  test('knows nothing of what it does not remember, and issues and activates nothing', async () => {
    const one = subject()
    one.breakStore()
    await expect(one.lookUp()).rejects.toMatchObject(away)
    await certain(one)
    const asked = one.reads
    const request = { productKey: 'pk', deviceName: 'dev1', now: NOW, journal: newEntry() } as never
    for (const call of [
      () => one.lookUp(),
      () => one.registry.apiKey('hk1'),
      () => one.registry.register(request),
      () => one.registry.activate(request),
    ]) {
      await expect(call()).rejects.toMatchObject(away)
    }
    expect(one.reads).toBe(asked)
  })

  test('says once that nothing can be changed, and once that it can again', async () => {
    const { registry, troubles, breakStore, heal } = subject()
    const change = () => registry.store.changeDevice('pk', 'dev1', { kind: 'disable' })
    await change()
    breakStore(new StoreUnavailable('slow', 'store-slow'))
    await expect(change()).rejects.toThrow('slow')
    expect(troubles).toEqual([])
    breakStore(new StoreUnavailable('disk full'))
    for (let tries = 0; tries < 3; tries += 1) await expect(change()).rejects.toThrow('disk full')
    expect(troubles).toEqual(['disk full'])
    heal()
    await change()
    await change()
    expect(troubles).toEqual(['disk full', null])
  })

  test('forgets when the time is over', async () => {
    const one = subject()
    await one.lookUp()
    one.time.now += OLD_MS
    one.breakStore()
    await one.lookUp()
    one.time.now += REMEMBER_MS - 1
    expect(await one.lookUp()).toEqual(device())
    one.time.now += 1
    await expect(one.lookUp()).rejects.toMatchObject(away)
  })

  test('remembers nothing beyond the usual time where that is switched off', async () => {
    const one = subject({ rememberMs: 0 })
    await one.lookUp()
    one.breakStore()
    one.time.now += 29_000
    expect(await one.lookUp()).toEqual(device())
    one.time.now += 2000
    await expect(one.lookUp()).rejects.toMatchObject(away)
  })

  test.each([
    ['a device that was deleted', undefined],
    ['a device that was disabled', device({ disabled: true })],
  ])('remembers the last that it read: %s', async (_, last) => {
    const one = subject()
    await one.lookUp()
    one.held.device = last
    one.time.now += OLD_MS
    await one.lookUp()
    one.time.now += OLD_MS
    one.breakStore()
    if (last === undefined) await expect(one.lookUp()).rejects.toMatchObject(away)
    else expect(await one.lookUp()).toEqual(last)
  })

  test('remembers nothing of a device that is about to be changed', async () => {
    const one = subject()
    await one.lookUp()
    one.breakStore()
    await expect(one.registry.store.changeDevice('pk', 'dev1', { kind: 'disable' })).rejects.toMatchObject(away)
    await expect(one.lookUp()).rejects.toMatchObject(away) // it may have been done
  })

  test('reads anew what it remembered when the store is back', async () => {
    const one = subject()
    await one.lookUp()
    one.breakStore()
    one.time.now += OLD_MS
    await one.lookUp()
    await certain(one)
    one.held.device = device({ disabled: true })
    one.heal()
    await back(one)
    expect(one.registry.outage).toBeNull()
    expect(await one.lookUp()).toMatchObject({ disabled: true })
  })

  test('takes an error of the store itself for no outage', async () => {
    const one = subject()
    await one.lookUp()
    one.time.now += OLD_MS
    one.breakStore(new Error('a bug'))
    await expect(one.lookUp()).rejects.toThrow('a bug')
    expect(one.registry.outage).toBeNull()
  })
})

describe('an outage', () => {
  const unavailable = () => new StoreUnavailable('gone')
  function watched(probe: () => Promise<unknown>) {
    const changes: (OutageState | null)[] = []
    const onChange = (state: OutageState | null) => changes.push(state)
    const outage = new Outage({ probe, clock: () => NOW, rememberMs: 1, onChange, probeIntervalMs: 1, patienceMs: 1 })
    closers.push(async () => outage.close())
    return { outage, changes, fail: () => expect(outage.read(() => Promise.reject(unavailable()))).rejects.toThrow() }
  }
  const soon = (assertion: () => void) => vi.waitFor(assertion, { interval: 1, timeout: 20_000 })

  test('is certain when the probe gets no answer either, and over when it comes after all', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { outage, changes, fail } = watched(() => promise)
    await fail()
    expect(() => outage.check()).not.toThrow()
    await soon(() => expect(changes).toHaveLength(1))
    expect(() => outage.check()).toThrow('gone')
    resolve()
    await soon(() => expect(changes).toHaveLength(2))
    expect(outage.state).toBeNull()
  })

  test('that a probe finds to be none is told to nobody', async () => {
    const { outage, changes, fail } = watched(async () => undefined)
    await fail()
    await soon(() => expect(outage.state).toBeNull())
    expect(changes).toEqual([])
  })

  test('begins with a write that failed only if nothing can be read either', async () => {
    const fine = watched(async () => undefined)
    await expect(fine.outage.write(() => Promise.reject(unavailable()))).rejects.toThrow('gone')
    expect(fine.outage.state).toBeNull()
    const gone = watched(() => Promise.reject(unavailable()))
    await expect(gone.outage.write(() => Promise.reject(unavailable()))).rejects.toThrow('gone')
    await soon(() => expect(gone.changes).toEqual([{ since: NOW, rememberedUntil: NOW + 1, problem: 'gone' }]))
    expect(fine.changes).toEqual([])
  })

  test('is none where another read has succeeded since', async () => {
    const { outage } = watched(() => Promise.reject(unavailable()))
    const { promise, reject } = Promise.withResolvers<void>()
    const unlucky = outage.read(() => promise)
    await outage.read(async () => undefined)
    reject(unavailable())
    await expect(unlucky).rejects.toThrow('gone')
    expect(outage.state).toBeNull()
  })

  test('can come again and again', async () => {
    let isAway = true
    const { outage, changes, fail } = watched(() => (isAway ? Promise.reject(unavailable()) : Promise.resolve()))
    for (let round = 1; round <= 50; round += 1) {
      isAway = true
      await fail()
      await soon(() => expect(changes).toHaveLength(2 * round - 1))
      isAway = false
      await soon(() => expect(changes).toHaveLength(2 * round))
      expect(outage.state).toBeNull()
    }
  })

  test('ends with closing, whatever the probe does', async () => {
    const { outage, changes, fail } = watched(() => new Promise(() => undefined))
    await fail()
    outage.close()
    await new Promise(resolve => setImmediate(resolve))
    expect(changes).toEqual([])
  })
})
