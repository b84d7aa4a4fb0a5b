import { describe, expect, test } from 'vitest'
import { NOW, newKey, type StoreFixture } from './store-fixture.suite.ts'

export function describeKeys(fixture: () => StoreFixture): void {
  describe('API keys', () => {
    test('are read back by id and by the hash of their secret', async () => {
      const keys = [
        newKey({ id: fixture().unique('key') }),
        newKey({ id: fixture().unique('key'), name: '钥匙', role: 'application', products: ['pk1', 'pk2'] }),
        newKey({ id: fixture().unique('key'), products: [] }),
      ]
      for (const key of keys) {
        await fixture().store.createApiKey(key)
        expect(await fixture().store.apiKey(key.id)).toEqual(key)
        expect(await fixture().store.apiKeyBySecretHash(key.secretHash)).toEqual(key)
      }
      expect(await fixture().store.listApiKeys()).toEqual(expect.arrayContaining(keys))
    })

    test('an unknown one is undefined and can not be revoked', async () => {
      expect(await fixture().store.apiKey('nobody')).toBeUndefined()
      expect(await fixture().store.apiKeyBySecretHash('nobody')).toBeUndefined()
      expect(await fixture().store.revokeApiKey('nobody', NOW)).toBe(false)
    })

    test('an id or a secret that is taken is a conflict', async () => {
      const key = newKey({ id: fixture().unique('key') })
      await fixture().store.createApiKey(key)
      const same = [
        { ...key, secretHash: 'another' },
        { ...key, id: fixture().unique('key') },
      ]
      for (const one of same) {
        await expect(fixture().store.createApiKey(one)).rejects.toMatchObject({
          name: 'Conflict',
          reason: 'key-exists',
        })
      }
      expect(await fixture().store.apiKey(key.id)).toEqual(key)
    })

    test('a revoked one is still found, with the time of its first revocation', async () => {
      const key = newKey({ id: fixture().unique('key') })
      await fixture().store.createApiKey(key)
      for (const now of [NOW + 1, NOW + 2]) expect(await fixture().store.revokeApiKey(key.id, now)).toBe(true)
      expect(await fixture().store.apiKeyBySecretHash(key.secretHash)).toEqual({ ...key, revokedAt: NOW + 1 })
    })
  })
}
