import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StoreUnavailable } from './store.ts'
import { describeAccounts } from './store-accounts.suite.ts'
import { describeActivation } from './store-activation.suite.ts'
import { describeActivity } from './store-activity.suite.ts'
import { describeAudit } from './store-audit.suite.ts'
import { describeCounters } from './store-counters.suite.ts'
import { describeCreation } from './store-device-creation.suite.ts'
import { describeDevices } from './store-devices.suite.ts'
import { newEntry, type StoreFactory, StoreFixture } from './store-fixture.suite.ts'
import { describeJournal } from './store-journal.suite.ts'
import { describeKeys } from './store-keys.suite.ts'
import { describeProducts } from './store-products.suite.ts'
import { describeRegistration } from './store-registration.suite.ts'

/**
 * The specification of `Store`: every implementation passes it. The factory gives a store that is empty, or at least
 * one
 * that nobody else writes to, with the rules of `fixture-rules.suite.ts`.
 */
export function describeStore(name: string, factory: StoreFactory): void {
  describe(`${name} as a store`, () => {
    let fixture: StoreFixture
    beforeAll(async () => {
      fixture = new StoreFixture(await factory({ journalLimit: 100_000 }))
    })
    afterAll(() => fixture.store.close())
    const now = () => fixture

    describeProducts(now)
    describeDevices(now)
    describeCreation(now)
    describeCounters(now)
    describeRegistration(now)
    describeActivation(now)
    describeKeys(now)
    describeAccounts(now)
    describeAudit(now)
    describeJournal(now)
    describeActivity(now)
    test('status tells how large it is', async () => {
      const { sizeBytes, gateways } = await fixture.store.status()
      expect(sizeBytes).toBeGreaterThan(16_384)
      expect(gateways.filter(({ self }) => self).length).toBe(Math.min(1, gateways.length))
    })
    test('check resolves while reads and writes go through', async () => {
      await expect(fixture.store.check()).resolves.toBeUndefined()
    })
  })
  describe(`${name} as a store of its own`, () => {
    describeLimits(factory)
  })
}

function describeLimits(factory: StoreFactory): void {
  test('the journal keeps its newest entries and little more than its limit', async () => {
    const store = await factory({ journalLimit: 200 })
    try {
      let last = 0
      for (let round = 0; round < 40; round++) {
        const written = await store.appendJournal(Array.from({ length: 25 }, () => newEntry()))
        last = written.at(-1)?.id ?? 0
      }
      const { items } = await store.listJournal({ limit: 1000 })
      expect(items[0]?.id).toBe(last)
      expect(items.length).toBeGreaterThanOrEqual(200)
      expect(items.length).toBeLessThanOrEqual(264)
      expect((await store.counts()).journalEntries).toBe(items.length)
    } finally {
      await store.close()
    }
  })

  test('close finishes what was asked before it, and refuses what is asked after', async () => {
    const store = await factory({ journalLimit: 1000 })
    const asked = store.appendJournal([newEntry()])
    const closed = store.close()
    await expect(asked).resolves.toHaveLength(1)
    await closed
    await expect(store.product('pk')).rejects.toBeInstanceOf(StoreUnavailable)
    await expect(store.appendJournal([newEntry()])).rejects.toBeInstanceOf(StoreUnavailable)
    await store.close() // again: nothing happens
  })
}
