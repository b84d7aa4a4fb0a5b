import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoreCounts } from './store.ts'
import { NOW, type StoreFixture } from './store-fixture.suite.ts'
import type { DeviceStatus } from './types.ts'

interface Subject {
  fixture: StoreFixture
  productKey: string
  deviceName: string
}

const presence = ({ fixture, productKey, deviceName }: Subject, online: boolean) =>
  fixture.store.notePresence([{ productKey, deviceName, online, at: NOW, address: null }])
const change = ({ fixture, productKey, deviceName }: Subject, kind: 'disable' | 'enable' | 'drop-all-client-ids') =>
  fixture.store.changeDevice(productKey, deviceName, { kind })

const STEPS = {
  create: ({ fixture, productKey, deviceName }) =>
    fixture.store.createDevices([{ productKey, deviceName, deviceSecret: null, createdAt: NOW }]),
  register: ({ fixture, productKey, deviceName }) => fixture.register(productKey, deviceName, 'secret'),
  regnwl: ({ fixture, productKey, deviceName }) => fixture.regnwl(productKey, deviceName, fixture.unique('cid')),
  login: ({ fixture, productKey, deviceName }) => fixture.activate(productKey, deviceName, { deviceSecret: 'secret' }),
  comesOnline: subject => presence(subject, true),
  goesOffline: subject => presence(subject, false),
  disable: subject => change(subject, 'disable'),
  enable: subject => change(subject, 'enable'),
  dropClientIds: subject => change(subject, 'drop-all-client-ids'),
  reset: ({ fixture, productKey, deviceName }) =>
    fixture.store.changeDevice(productKey, deviceName, { kind: 'reset', now: NOW }),
  delete: ({ fixture, productKey, deviceName }) => fixture.store.deleteDevice(productKey, deviceName),
} satisfies Record<string, (subject: Subject) => Promise<unknown>>

const STATUSES: readonly DeviceStatus[] = ['UNACTIVE', 'ONLINE', 'OFFLINE', 'DISABLE']

export function describeCounters(fixture: () => StoreFixture): void {
  describe('counters', () => {
    test('agree with what the lists show, whatever happened before', async () => {
      const step = fc.tuple(
        fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
        fc.constantFrom('dev1', 'dev2', 'dev3'),
      )
      const agree = fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async steps => {
        const before = await fixture().store.counts()
        const { productKey } = await fixture().product({ clientIdLimit: 1 })
        // All at once, so that they meet in one transaction, in this order.
        await Promise.all(
          steps.map(([name, deviceName]) => STEPS[name]({ fixture: fixture(), productKey, deviceName })),
        )
        await expectAgreement(fixture(), productKey, before)
      })
      await fc.assert(agree, { numRuns: 40 })
    })
  })
}

async function expectAgreement({ store }: StoreFixture, productKey: string, before: StoreCounts): Promise<void> {
  const { items, total } = await store.listDevices({ productKey, limit: 100 })
  const online = items.filter(({ status }) => status === 'ONLINE').length
  expect(total).toBe(items.length)
  expect(await store.productView(productKey)).toMatchObject({ deviceCount: items.length, onlineCount: online })
  for (const status of STATUSES) {
    const listed = await store.listDevices({ productKey, status, limit: 100 })
    const expected = items.filter(item => item.status === status)
    expect(listed.items).toEqual(expected)
    expect(listed.total).toBe(expected.length)
  }
  const after = await store.counts()
  expect({
    devices: after.devices - before.devices,
    unactive: after.unactive - before.unactive,
    online: after.online - before.online,
    offline: after.offline - before.offline,
    activated: after.activated - before.activated,
    disabled: after.disabled - before.disabled,
    clientIds: after.clientIds - before.clientIds,
  }).toEqual({
    devices: items.length,
    unactive: items.filter(({ status }) => status === 'UNACTIVE').length,
    online,
    offline: items.filter(({ status }) => status === 'OFFLINE').length,
    activated: items.filter(({ activatedAt }) => activatedAt !== null).length,
    disabled: items.filter(({ status }) => status === 'DISABLE').length,
    clientIds: items.reduce((sum, { clientIds }) => sum + clientIds.length, 0),
  })
}
