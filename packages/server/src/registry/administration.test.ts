import { randomBytes } from 'node:crypto'
import { isDeviceSecret, isProductKey, isProductSecret } from '@hatchway/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Administration, createAdministration } from './administration.ts'
import { THE_SERVER } from './audit/index.ts'
import { type AnnouncingRegistry, createRegistry } from './create-registry.ts'
import type { NewKeyRequest } from './key-administration.ts'
import type { RegistryChange } from './registry.ts'
import { RequestError } from './request-error.ts'
import { databases } from './sqlite/database.suite.ts'
import { NOW, StoreFixture } from './store-fixture.suite.ts'

const { file, open } = databases()

async function start() {
  const registry = createRegistry({ store: await open(file()), clock: () => NOW })
  const administration = createAdministration({ registry, clock: () => NOW, random: size => randomBytes(size) }).by(
    THE_SERVER,
  )
  return { registry, administration, fixture: new StoreFixture(registry.store) }
}

let registry: AnnouncingRegistry
let administration: Administration
let fixture: StoreFixture
const changes: RegistryChange[] = []
beforeAll(async () => {
  ;({ registry, administration, fixture } = await start())
  registry.onChange(change => changes.push(change))
})
afterAll(() => registry.close())

/** The notices that the work brought about. */
async function noticesOf(work: Promise<unknown>): Promise<RegistryChange[]> {
  const before = changes.length
  await work
  return changes.slice(before)
}

async function refusalOf(
  work: Promise<unknown>,
): Promise<{ reason: string; field: string | undefined; message: string }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof RequestError)) throw new Error(`not refused: ${String(error)}`)
  return { reason: error.reason, field: error.field, message: error.message }
}

describe('creating a product', () => {
  test('makes its names, and takes the defaults for what is left out', async () => {
    const product = await administration.createProduct({ name: '恒温器 1', preregistrationFree: true })
    expect(product.productKey).toMatch(/^[A-Za-z0-9]{11}$/)
    expect(product.productSecret).toMatch(/^[A-Za-z0-9]{16}$/)
    expect(product).toMatchObject({
      dynamicRegistration: false,
      preregistrationFree: true,
      clientIdLimit: 5,
      createdAt: NOW,
    })
    expect(await registry.product(product.productKey)).toEqual(product)
  })

  test('takes the names of an imported one', async () => {
    const imported = { name: 'x', productKey: 'a1B2', productSecret: 'short' }
    expect(await administration.createProduct(imported)).toMatchObject(imported)
    expect(isProductKey('a1B2') && isProductSecret('short')).toBe(true)
    const refusal = await refusalOf(administration.createProduct(imported))
    expect(refusal).toMatchObject({ reason: 'product-exists', field: 'productKey' })
    expect(refusal.message).toContain('a1B2')
  })

  test.each([
    [{ name: '' }, 'name'],
    [{ name: ' x' }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ name: 'x'.repeat(65) }, 'name'],
    [{ name: 'x', productKey: 'with space' }, 'productKey'],
    [{ name: 'x', productKey: 'sys' }, 'productKey'],
    [{ name: 'x', productSecret: '' }, 'productSecret'],
    [{ name: 'x', clientIdLimit: 0 }, 'clientIdLimit'],
    [{ name: 'x', clientIdLimit: 101 }, 'clientIdLimit'],
    [{ name: 'x', clientIdLimit: 1.5 }, 'clientIdLimit'],
    [{ name: 'x', tlsOnly: 'yes' as unknown as boolean }, 'tlsOnly'],
  ])('names the field at fault: %j', async (request, field) => {
    const refusal = await refusalOf(administration.createProduct(request))
    expect(refusal).toMatchObject({ reason: 'field-invalid', field })
    expect(refusal.message).toMatch(new RegExp(`^${field}: .*; .*\\.$`))
  })

  test('a name of 64 characters fits, whatever they are', async () => {
    expect((await administration.createProduct({ name: '🌡'.repeat(64) })).name).toHaveLength(128)
  })
})

describe('a product', () => {
  test('is changed where the request says so, and the change is announced', async () => {
    const { productKey } = await administration.createProduct({ name: 'x', clientIdLimit: 3 })
    const notices = await noticesOf(administration.updateProduct(productKey, { name: 'y', tlsOnly: true }))
    expect(notices).toEqual([{ kind: 'product-changed', productKey, at: NOW }])
    expect(await registry.product(productKey)).toMatchObject({ name: 'y', tlsOnly: true, clientIdLimit: 3 })
    expect(await refusalOf(administration.updateProduct(productKey, { name: '' }))).toMatchObject({ field: 'name' })
    expect(await refusalOf(administration.updateProduct('nobody', { name: 'z' }))).toMatchObject({
      reason: 'product-not-found',
    })
  })

  test('can be deleted when it is empty, or with its devices when that is asked', async () => {
    const productKey = await fixture.productWith('dev1')
    expect(await refusalOf(administration.deleteProduct(productKey))).toMatchObject({ reason: 'product-not-empty' })
    expect(await registry.product(productKey)).toBeDefined()
    const notices = await noticesOf(administration.deleteProduct(productKey, { withDevices: true }))
    expect(notices).toEqual([{ kind: 'product-deleted', productKey, at: NOW }])
    expect(await registry.product(productKey)).toBeUndefined()
    expect(await refusalOf(administration.deleteProduct(productKey))).toMatchObject({ reason: 'product-not-found' })
    await administration.deleteProduct(await fixture.productWith())
  })
})

describe('devices', () => {
  test('one is created and announced, with a factory-made secret or without', async () => {
    const productKey = await fixture.productWith()
    const notices = await noticesOf(
      administration.createDevice({ productKey, deviceName: 'dev1', deviceSecret: 'burnt-in' }),
    )
    expect(notices).toEqual([{ kind: 'device-created', productKey, deviceName: 'dev1', at: NOW }])
    expect(isDeviceSecret('burnt-in')).toBe(true)
    expect((await registry.device(productKey, 'dev1'))?.deviceSecret).toBe('burnt-in')
  })

  test.each([
    [{ deviceName: 'abc' }, 'field-invalid', 'deviceName'],
    [{ deviceName: 'with&ampersand' }, 'field-invalid', 'deviceName'],
    [{ deviceName: 'dev2', deviceSecret: 'x'.repeat(65) }, 'field-invalid', 'deviceSecret'],
    [{ deviceName: 'there' }, 'device-exists', 'deviceName'],
    [{ deviceName: 'dev3', productKey: 'nobody' }, 'product-not-found', 'productKey'],
  ])('one is refused with its reason: %j', async (request, reason, field) => {
    const productKey = await fixture.productWith('there')
    const refusal = await refusalOf(administration.createDevice({ productKey, ...request }))
    expect(refusal).toMatchObject({ reason, field })
    expect(refusal.message).not.toContain('x'.repeat(65)) // secrets are not repeated
  })

  test('in an import each row has its outcome, and a bad one spoils only itself', async () => {
    const productKey = await fixture.productWith('there')
    const rows = [
      { deviceName: 'good' },
      { deviceName: 'a' },
      { deviceName: 'there' },
      { deviceName: 'fine', deviceSecret: null },
    ]
    const outcomes = await administration.createDevices(productKey, rows)
    expect(outcomes.map(outcome => (outcome.ok ? 'created' : outcome.reason))).toEqual([
      'created',
      'field-invalid',
      'device-exists',
      'created',
    ])
    const nowhere = await administration.createDevices('nobody', [{ deviceName: 'good' }])
    expect(nowhere).toMatchObject([{ ok: false, reason: 'product-not-found' }])
  })

  test.each([
    ['disableDevice', 'device-disabled', { disabled: true }],
    ['enableDevice', 'device-enabled', { disabled: false }],
  ] as const)('%s is announced as %s', async (action, kind, state) => {
    const productKey = await fixture.productWith('dev1')
    const { [action]: act } = administration // as a bare function, as callers may hold it
    expect(await noticesOf(act(productKey, 'dev1'))).toEqual([{ kind, productKey, deviceName: 'dev1', at: NOW }])
    expect(await registry.device(productKey, 'dev1')).toMatchObject(state)
  })

  test('reset opens registration again and announces nothing', async () => {
    const productKey = await fixture.productWith('dev1')
    expect(await noticesOf(administration.resetDevice(productKey, 'dev1'))).toEqual([])
    expect((await registry.device(productKey, 'dev1'))?.reopenedAt).toBe(NOW)
  })

  test('one is deleted and announced', async () => {
    const productKey = await fixture.productWith('dev1')
    const notices = await noticesOf(administration.deleteDevice(productKey, 'dev1'))
    expect(notices).toEqual([{ kind: 'device-deleted', productKey, deviceName: 'dev1', at: NOW }])
    expect(await registry.device(productKey, 'dev1')).toBeUndefined()
  })

  test.each(['resetDevice', 'disableDevice', 'enableDevice', 'deleteDevice', 'dropClientIds'] as const)(
    '%s of one that is not there says what is missing',
    async action => {
      const productKey = await fixture.productWith()
      expect(await refusalOf(administration[action](productKey, 'dev1'))).toMatchObject({ reason: 'device-not-found' })
      expect(await refusalOf(administration[action]('nobody', 'dev1'))).toMatchObject({ reason: 'product-not-found' })
    },
  )
})

describe('ClientIDs', () => {
  const twoOf = async () => {
    const { productKey } = await fixture.product()
    for (const [at, clientId] of ['cid1', 'cid2'].entries())
      await fixture.regnwl(productKey, 'dev1', clientId, NOW + at)
    return productKey
  }
  const revoked = (productKey: string, clientIds: string[] | 'all') => [
    { kind: 'credentials-revoked', productKey, deviceName: 'dev1', clientIds, at: NOW },
  ]

  test('one or all are dropped, and their connections are to end', async () => {
    const productKey = await twoOf()
    expect(await noticesOf(administration.dropClientIds(productKey, 'dev1', 'cid1'))).toEqual(
      revoked(productKey, ['cid1']),
    )
    expect(await noticesOf(administration.dropClientIds(productKey, 'dev1'))).toEqual(revoked(productKey, 'all'))
    expect((await registry.device(productKey, 'dev1'))?.clientIds).toEqual([])
  })

  test('keeping one ends the connections of the others', async () => {
    const productKey = await twoOf()
    expect(await noticesOf(administration.keepClientId(productKey, 'dev1', 'cid2'))).toEqual(
      revoked(productKey, ['cid1']),
    )
  })

  test('an unknown one is refused', async () => {
    const productKey = await twoOf()
    for (const work of [administration.dropClientIds, administration.keepClientId]) {
      const refusal = await refusalOf(work(productKey, 'dev1', 'nobody'))
      expect(refusal).toMatchObject({ reason: 'client-id-not-found', field: 'clientId' })
    }
  })
})

describe('API keys', () => {
  test('the secret is told once and kept as a hash', async () => {
    const { productKey } = await fixture.product()
    const { key, secret } = await administration.createKey({
      name: 'ERP',
      role: 'application',
      products: [productKey, productKey],
    })
    expect(secret).toMatch(/^[A-Za-z0-9]{40}$/)
    expect(key).toMatchObject({ name: 'ERP', role: 'application', products: [productKey], revokedAt: null })
    expect(JSON.stringify(key)).not.toContain(secret)
    expect(await registry.apiKeyBySecret(secret)).toEqual(key)
    expect(await registry.apiKey(key.id)).toEqual(key)
  })

  test('a secret of the operator’s own choosing is taken, once', async () => {
    const request: NewKeyRequest = { name: 'own', role: 'viewer', secret: 'my-own-secret-16' }
    expect((await administration.createKey(request)).secret).toBe('my-own-secret-16')
    const refusal = await refusalOf(administration.createKey(request))
    expect(refusal).toMatchObject({ reason: 'key-exists', field: 'secret' })
  })

  test.each<[Partial<Record<keyof NewKeyRequest, unknown>>, string]>([
    [{ name: '' }, 'name'],
    [{ name: 'HATCHWAY_ADMIN_TOKEN' }, 'name'],
    [{ role: 'root' }, 'role'],
    [{ products: [] }, 'products'],
    [{ products: ['nobody'] }, 'products'],
    [{ products: ['not a key'] }, 'products'],
    [{ secret: 'fifteen chars..' }, 'secret'],
    [{ secret: 'with a space in it' }, 'secret'],
    [{ secret: 'x'.repeat(129) }, 'secret'],
  ])('names the field at fault: %j', async (over, field) => {
    const request = { name: 'key', role: 'viewer', ...over } as NewKeyRequest
    const refusal = await refusalOf(administration.createKey(request))
    expect(refusal).toMatchObject({ reason: 'field-invalid', field })
    if (typeof over.secret === 'string') expect(refusal.message).not.toContain(over.secret)
  })

  test('a revoked one is announced and still found, as revoked', async () => {
    const { key, secret } = await administration.createKey({ name: 'short-lived', role: 'operator' })
    expect(await noticesOf(administration.revokeKey(key.id))).toEqual([{ kind: 'key-revoked', keyId: key.id, at: NOW }])
    expect((await registry.apiKeyBySecret(secret))?.revokedAt).toBe(NOW)
    expect(await refusalOf(administration.revokeKey('nobody'))).toMatchObject({ reason: 'key-not-found' })
  })
})

describe('the administrator’s key', () => {
  test('is made on the first start, told once, and made again only when none is left', async () => {
    const own = await start()
    const first = await own.administration.ensureAdminKey()
    expect((await own.registry.apiKeyBySecret(first.secret ?? ''))?.role).toBe('admin')
    expect(await own.administration.ensureAdminKey()).toEqual({ id: first.id, secret: null })
    await own.administration.revokeKey(first.id)
    expect((await own.administration.ensureAdminKey()).secret).not.toBeNull()
    await own.registry.close()
  })

  test('of the environment is kept over starts; a new value revokes the one before', async () => {
    const own = await start()
    const [old, fresh] = ['old-token-old-token', 'new-token-new-token']
    const first = await own.administration.ensureAdminKey(old)
    expect(first.secret).toBeNull()
    expect(await own.administration.ensureAdminKey(old)).toEqual(first)
    const second = await own.administration.ensureAdminKey(fresh)
    expect((await own.registry.apiKeyBySecret(old))?.revokedAt).toBe(NOW)
    expect(await own.registry.apiKeyBySecret(fresh)).toMatchObject({ id: second.id, role: 'admin', revokedAt: null })
    expect(await refusalOf(own.administration.ensureAdminKey(old))).toMatchObject({ field: 'HATCHWAY_ADMIN_TOKEN' })
    await own.registry.close()
  })

  test('of the environment must be one word and nobody else’s', async () => {
    expect(await refusalOf(administration.ensureAdminKey('two words'))).toMatchObject({ field: 'HATCHWAY_ADMIN_TOKEN' })
    const { secret } = await administration.createKey({ name: 'viewer', role: 'viewer' })
    expect(await refusalOf(administration.ensureAdminKey(secret))).toMatchObject({ reason: 'key-exists' })
  })
})
