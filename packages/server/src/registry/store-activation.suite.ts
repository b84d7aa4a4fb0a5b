import { describe, expect, test } from 'vitest'
import { NOW, type StoreFixture } from './store-fixture.suite.ts'

export function describeActivation(fixture: () => StoreFixture): void {
  const registered = async () => {
    const productKey = await fixture().productWith('dev1')
    await fixture().register(productKey, 'dev1', 'secret1')
    return productKey
  }
  describe('activation with a DeviceSecret', () => {
    test('notes the first login and not the later ones', async () => {
      const productKey = await registered()
      for (const now of [NOW + 1, NOW + 2]) {
        expect(await fixture().activate(productKey, 'dev1', { deviceSecret: 'secret1' }, now)).toEqual({ ok: true })
      }
      const { activatedAt, secretActivatedAt } = await fixture().device(productKey, 'dev1')
      expect([activatedAt, secretActivatedAt]).toEqual([NOW + 1, NOW + 1])
    })

    test('is refused with a secret that was replaced', async () => {
      const productKey = await registered()
      await fixture().register(productKey, 'dev1', 'secret2')
      const outcome = await fixture().activate(productKey, 'dev1', { deviceSecret: 'secret1' })
      expect(outcome).toEqual({ ok: false, reason: 'signature-mismatch' })
      expect((await fixture().device(productKey, 'dev1')).activatedAt).toBeNull()
    })

    test('is refused where there is nothing to activate', async () => {
      const productKey = await fixture().productWith('dev1', 'dev2')
      const activate = (key: string, name: string) => fixture().activate(key, name, { deviceSecret: 's' })
      expect(await activate(productKey, 'dev1')).toEqual({ ok: false, reason: 'not-registered' })
      expect(await activate(productKey, 'nobody')).toEqual({ ok: false, reason: 'device-unknown' })
      expect(await activate('nobody', 'dev1')).toEqual({ ok: false, reason: 'product-unknown' })
    })

    test('is refused to a disabled device', async () => {
      const productKey = await registered()
      await fixture().store.changeDevice(productKey, 'dev1', { kind: 'disable' })
      const outcome = await fixture().activate(productKey, 'dev1', { deviceSecret: 'secret1' })
      expect(outcome).toEqual({ ok: false, reason: 'device-disabled' })
      expect((await fixture().device(productKey, 'dev1')).activatedAt).toBeNull()
    })
  })

  describe('activation with a DeviceToken', () => {
    const issued = async () => {
      const { productKey } = await fixture().product()
      for (const clientId of ['cid1', 'cid2']) await fixture().regnwl(productKey, 'dev1', clientId)
      return productKey
    }
    test('marks the token used and the device activated, with the time of the first login', async () => {
      const productKey = await issued()
      for (const now of [NOW + 1, NOW + 2]) {
        expect(await fixture().activate(productKey, 'dev1', { clientId: 'cid2' }, now)).toEqual({ ok: true })
      }
      const device = await fixture().device(productKey, 'dev1')
      expect(device).toMatchObject({ activatedAt: NOW + 1, secretActivatedAt: null })
      expect(device.clientIds.map(({ usedAt }) => usedAt)).toEqual([null, NOW + 1])
    })

    test('is refused with another token, an unknown ClientID and a forbidden one', async () => {
      const productKey = await issued()
      const refused = async (clientId: string, tokenHash: string) => {
        const credential = { clientId, tokenHash }
        const outcome = await fixture().store.activate({ productKey, deviceName: 'dev1', now: NOW, credential })
        return outcome.ok ? 'activated' : outcome.reason
      }
      expect(await refused('cid1', 'cid2'.padEnd(64, 'f'))).toBe('token-mismatch')
      expect(await refused('cid3', 'cid3'.padEnd(64, 'f'))).toBe('client-id-unknown')
      await fixture().store.changeDevice(productKey, 'dev1', { kind: 'keep-client-id', clientId: 'cid2', now: NOW })
      expect(await refused('cid1', 'cid1'.padEnd(64, 'f'))).toBe('client-id-forbidden')
      expect((await fixture().device(productKey, 'dev1')).activatedAt).toBeNull()
      expect(await refused('cid2', 'cid2'.padEnd(64, 'f'))).toBe('activated')
    })
  })
}
