import { describe, expect, test } from 'vitest'
import { RULES_ISSUE_ANYWAY, RULES_THROW } from './fixture-rules.suite.ts'
import { StoreUnavailable } from './store.ts'
import { NOW, type StoreFixture } from './store-fixture.suite.ts'

export function describeRegistration(fixture: () => StoreFixture): void {
  describe('registering with a DeviceSecret', () => {
    test('replaces the secret each time until the device has logged in', async () => {
      const productKey = await fixture().productWith('dev1')
      for (const secret of ['secret1', 'secret2']) {
        const outcome = await fixture().register(productKey, 'dev1', secret)
        expect(outcome).toMatchObject({ ok: true, created: false, revoked: { secret: false, clientIds: [] } })
        expect((await fixture().device(productKey, 'dev1')).deviceSecret).toBe(secret)
      }
    })

    test('writes its entry in the same transaction', async () => {
      const productKey = await fixture().productWith('dev1')
      const outcome = await fixture().register(productKey, 'dev1', 'secret1', NOW + 7)
      if (!outcome.ok) throw new Error(outcome.reason)
      const request = fixture().request(productKey, 'dev1', { deviceSecret: 'secret1' }, NOW + 7)
      expect(outcome.journal).toEqual({ ...request.journal, id: expect.any(Number) })
      expect(await fixture().journalOf(productKey)).toEqual([outcome.journal])
    })

    test('a refusal tells the reason and changes nothing', async () => {
      const productKey = await fixture().productWith('dev1')
      await fixture().register(productKey, 'dev1', 'secret1')
      await fixture().activate(productKey, 'dev1', { deviceSecret: 'secret1' })
      const before = await fixture().device(productKey, 'dev1')
      expect(await fixture().register(productKey, 'dev1', 'secret2')).toEqual({
        ok: false,
        reason: 'already-activated',
      })
      expect(await fixture().device(productKey, 'dev1')).toEqual(before)
      expect(await fixture().register(productKey, 'dev2', 's')).toEqual({ ok: false, reason: 'device-unknown' })
      expect(await fixture().register('nobody', 'dev2', 's')).toEqual({ ok: false, reason: 'product-unknown' })
      expect(await fixture().journalOf(productKey)).toHaveLength(1)
    })

    test('a refusal carries the problem that the rules name', async () => {
      const { productKey } = await fixture().product({ dynamicRegistration: false, name: 'Nämé' })
      const refusal = { ok: false, reason: 'switch-off', problem: 'Nämé' }
      expect(await fixture().register(productKey, 'dev1', 's')).toEqual(refusal)
    })

    test('the rules are told that a gateway asks, and what the product says to that', async () => {
      const { store } = fixture()
      const productKey = await fixture().productWith('dev1')
      const request = { ...fixture().request(productKey, 'dev1', { deviceSecret: 'secret1' }), byGateway: true }
      expect(await store.register(request)).toEqual({ ok: false, reason: 'registration-by-gateways-off' })
      await store.updateProduct(productKey, { registrationByGateways: true }, NOW)
      expect(await store.register(request)).toMatchObject({ ok: true })
      expect((await fixture().device(productKey, 'dev1')).deviceSecret).toBe('secret1')
    })

    test('after a reset it ends the old credentials and tells which ones were in use', async () => {
      const { productKey } = await fixture().product()
      for (const clientId of ['used', 'pending']) await fixture().regnwl(productKey, 'dev1', clientId)
      await fixture().activate(productKey, 'dev1', { clientId: 'used' })
      await fixture().store.changeDevice(productKey, 'dev1', { kind: 'reset', now: NOW })
      const first = await fixture().register(productKey, 'dev1', 'secret1')
      expect(first).toMatchObject({ ok: true, revoked: { secret: false, clientIds: ['used'] } })
      const blank = { activatedAt: null, secretActivatedAt: null, reopenedAt: null, clientIds: [] }
      expect(await fixture().device(productKey, 'dev1')).toMatchObject({ deviceSecret: 'secret1', ...blank })

      await fixture().activate(productKey, 'dev1', { deviceSecret: 'secret1' })
      await fixture().store.changeDevice(productKey, 'dev1', { kind: 'reset', now: NOW })
      const second = await fixture().register(productKey, 'dev1', 'secret2')
      expect(second).toMatchObject({ ok: true, revoked: { secret: true, clientIds: [] } })
      expect(await fixture().device(productKey, 'dev1')).toMatchObject({ deviceSecret: 'secret2', ...blank })
    })
  })
  describeTokens(fixture)
  describeFailures(fixture)
  describeRaces(fixture)
}

function describeTokens(fixture: () => StoreFixture): void {
  const clientIds = async (productKey: string) =>
    (await fixture().device(productKey, 'dev1')).clientIds.map(({ clientId }) => clientId)

  describe('registering with a ClientID', () => {
    test('creates the device with the first one and adds the others', async () => {
      const { productKey } = await fixture().product()
      expect(await fixture().regnwl(productKey, 'dev1', 'cid1', NOW)).toMatchObject({ ok: true, created: true })
      expect(await fixture().regnwl(productKey, 'dev1', 'cid2', NOW + 1)).toMatchObject({ ok: true, created: false })
      expect(await clientIds(productKey)).toEqual(['cid1', 'cid2'])
      expect(await fixture().device(productKey, 'dev1')).toMatchObject({ createdAt: NOW, deviceSecret: null })
      expect(await fixture().journalOf(productKey)).toHaveLength(2)
    })

    test('replaces a pending one when no slot is free, and a used one never', async () => {
      const { productKey } = await fixture().product({ clientIdLimit: 2 })
      for (const [at, clientId] of ['cid1', 'cid2'].entries()) {
        await fixture().regnwl(productKey, 'dev1', clientId, NOW + at)
      }
      await fixture().activate(productKey, 'dev1', { clientId: 'cid1' })
      const third = await fixture().regnwl(productKey, 'dev1', 'cid3', NOW + 2)
      expect(third).toMatchObject({ ok: true, revoked: { secret: false, clientIds: [] } })
      expect(await clientIds(productKey)).toEqual(['cid1', 'cid3'])
      await fixture().activate(productKey, 'dev1', { clientId: 'cid3' })
      expect(await fixture().regnwl(productKey, 'dev1', 'cid4')).toEqual({ ok: false, reason: 'slots-full' })
      expect(await clientIds(productKey)).toEqual(['cid1', 'cid3'])
    })

    test('leaves an unactivated secret of the device alone', async () => {
      const productKey = await fixture().productWith('dev1')
      await fixture().register(productKey, 'dev1', 'secret1')
      await fixture().regnwl(productKey, 'dev1', 'cid1')
      expect(await fixture().device(productKey, 'dev1')).toMatchObject({ deviceSecret: 'secret1' })
    })
  })
}

function describeFailures(fixture: () => StoreFixture): void {
  describe('rules that fail', () => {
    test.each([RULES_THROW, RULES_ISSUE_ANYWAY])('reject the registration and change nothing: %s', async deviceName => {
      const productKey = await fixture().productWith('dev1')
      const before = await fixture().store.counts()
      const failing = fixture().register(productKey, deviceName, 'secret1')
      await expect(failing).rejects.toBeInstanceOf(Error)
      await expect(failing).rejects.not.toBeInstanceOf(StoreUnavailable)
      expect(await fixture().store.device(productKey, deviceName)).toBeUndefined()
      expect(await fixture().store.counts()).toEqual(before)
    })

    test('spoil none of the calls that are made together with them', async () => {
      const productKey = await fixture().productWith('dev1', 'dev2')
      const results = await Promise.allSettled([
        fixture().register(productKey, 'dev1', 'secret1'),
        fixture().register(productKey, RULES_THROW, 'secret2'),
        fixture().register('nobody', RULES_ISSUE_ANYWAY, 'secret3'),
        fixture().register(productKey, 'dev2', 'secret4'),
      ])
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
      expect((await fixture().device(productKey, 'dev1')).deviceSecret).toBe('secret1')
      expect((await fixture().device(productKey, 'dev2')).deviceSecret).toBe('secret4')
      expect(await fixture().journalOf(productKey)).toHaveLength(2)
    })

    test.each([
      ['where a slot is free', 5],
      ['where it would replace another', 2],
    ])('a ClientID that the device has already is not issued twice, %s', async (_, clientIdLimit) => {
      const { productKey } = await fixture().product({ clientIdLimit })
      for (const [at, clientId] of ['cid1', 'cid2'].entries()) {
        await fixture().regnwl(productKey, 'dev1', clientId, NOW + at)
      }
      const before = [await fixture().device(productKey, 'dev1'), await fixture().store.counts()]
      await expect(fixture().regnwl(productKey, 'dev1', 'cid2')).rejects.toBeInstanceOf(Error)
      expect([await fixture().device(productKey, 'dev1'), await fixture().store.counts()]).toEqual(before)
      expect(await fixture().journalOf(productKey)).toHaveLength(2)
    })
  })
}

function describeRaces(fixture: () => StoreFixture): void {
  const parallel = Array.from({ length: 200 }, (_, at) => at)

  describe('at the same instant', () => {
    test('200 registrations of one device all get a secret, and the one that is kept is the last', async () => {
      const productKey = await fixture().productWith('dev1')
      const outcomes = await Promise.all(
        parallel.map(at => fixture().register(productKey, 'dev1', `secret${at}`, NOW + at)),
      )
      const entries = outcomes.flatMap(outcome => (outcome.ok ? [outcome.journal] : []))
      expect(entries).toHaveLength(200)
      expect(new Set(entries.map(({ id }) => id)).size).toBe(200)
      const last = entries.reduce((newest, entry) => (entry.id > newest.id ? entry : newest))
      expect((await fixture().device(productKey, 'dev1')).deviceSecret).toBe(`secret${last.time - NOW}`)
    })

    test('200 units of one name create one device and hold no more than its slots', async () => {
      const { productKey } = await fixture().product({ clientIdLimit: 5 })
      const outcomes = await Promise.all(parallel.map(at => fixture().regnwl(productKey, 'dev1', `cid${at}`, NOW + at)))
      expect(outcomes.filter(outcome => outcome.ok && outcome.created)).toHaveLength(1)
      expect(outcomes.every(({ ok }) => ok)).toBe(true)
      expect((await fixture().device(productKey, 'dev1')).clientIds).toHaveLength(5)
      expect(await fixture().store.productView(productKey)).toMatchObject({ deviceCount: 1 })
    })

    test('of a first login and a new registration of one device, one wins', async () => {
      const names = parallel.slice(0, 40).map(at => `device${at}`)
      const productKey = await fixture().productWith(...names)
      await Promise.all(names.map(name => fixture().register(productKey, name, 'first')))
      const races = names.map(async (name, at) => {
        const login = () => fixture().activate(productKey, name, { deviceSecret: 'first' })
        const anew = () => fixture().register(productKey, name, 'second')
        const [one, other] = await Promise.all(at % 2 === 0 ? [login(), anew()] : [anew(), login()])
        const { deviceSecret, secretActivatedAt } = await fixture().device(productKey, name)
        expect([one.ok, other.ok].sort()).toEqual([false, true])
        expect(secretActivatedAt === null).toBe(deviceSecret === 'second')
      })
      await Promise.all(races)
    })
  })
}
