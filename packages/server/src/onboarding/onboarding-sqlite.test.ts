import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registrationConnect, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AnnouncingRegistry, createRegistry, createSqliteStore } from '../registry/index.ts'
import type { Onboarding } from './admission.ts'
import { createOnboarding } from './admit.ts'
import { defaultProduct } from './memory-registry.suite.ts'
import { connectOf, overTls, pushOf } from './onboarding.suite.ts'
import { registrationSequences } from './registration-sequences.suite.ts'

const masterKey = createHash('sha256').update('master').digest()
let folder: string
let registry: AnnouncingRegistry
let onboarding: Onboarding

const open = async (): Promise<void> => {
  const rulesModule = new URL('./rules.ts', import.meta.url)
  const file = join(folder, 'registry.db')
  // A slow disk must not turn into a refusal: what is tested here is who wins.
  const store = await createSqliteStore({ file, masterKey, rulesModule, groupCommitWindowMs: 1, callTimeoutMs: 30_000 })
  registry = createRegistry({ store, clock: Date.now })
  const settings = { instanceId: null, connectsPerMinute: 0 }
  onboarding = createOnboarding({ registry, clock: Date.now, random: randomBytes, settings })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onboarding-'))
  await open()
})

afterAll(async () => {
  await registry.close()
  await rm(folder, { recursive: true })
})

const admit = (credentials: ReturnType<typeof registrationConnect>) => onboarding.admit(connectOf(credentials), overTls)
const registration = (mode: 'register' | 'regnwl', productKey: string, deviceName: string) =>
  registrationConnect({ mode, productKey, deviceName, productSecret: 'psecret', random: '1' })
const createProduct = async (productKey: string, change: object = {}): Promise<void> => {
  await registry.store.createProduct({ ...defaultProduct, ...change, productKey, name: productKey })
}
const createDevices = (productKey: string, deviceNames: readonly string[]) =>
  registry.store.createDevices(
    deviceNames.map(deviceName => ({ productKey, deviceName, deviceSecret: null, createdAt: 1 })),
  )

registrationSequences(
  'in SQLite',
  () => ({
    createProduct: product => registry.store.createProduct(product),
    createDevice: (productKey, deviceName) => createDevices(productKey, [deviceName]),
    register: request => registry.register(request),
    activate: request => registry.activate(request),
    changeDevice: (productKey, deviceName, change) => registry.store.changeDevice(productKey, deviceName, change),
    device: (productKey, deviceName) => registry.store.device(productKey, deviceName),
  }),
  25,
)

describe('on the real store', () => {
  test('of a login with the present secret and a registration at the same instant exactly one wins', async () => {
    await createProduct('race')
    const deviceNames = Array.from({ length: 40 }, (_, at) => `dev${at}`)
    await createDevices('race', deviceNames)
    const outcomes = await Promise.all(
      deviceNames.map(async (deviceName, at) => {
        const { fields } = pushOf(await admit(registration('register', 'race', deviceName)))
        const { deviceSecret = '' } = fields
        const login = () => admit(secretLoginConnect({ productKey: 'race', deviceName, deviceSecret }))
        const again = () => admit(registration('register', 'race', deviceName))
        const [first, second] = await Promise.all(at % 2 === 0 ? [login(), again()] : [again(), login()])
        return [first?.kind, second?.kind].sort().join()
      }),
    )
    for (const outcome of outcomes) expect(['admitted,refused', 'refused,registered']).toContain(outcome)
  })

  test('any number of registrations of one name at once fill its slots and no more, and the last ones hold them', async () => {
    await createProduct('crowd', { preregistrationFree: true, clientIdLimit: 3 })
    const pushes = await Promise.all(
      Array.from({ length: 20 }, async () => pushOf(await admit(registration('regnwl', 'crowd', 'dev1'))).fields),
    )
    expect((await registry.store.device('crowd', 'dev1'))?.clientIds).toHaveLength(3)
    const logins = await Promise.all(
      pushes.map(({ clientId = '', deviceToken = '' }) =>
        admit(tokenLoginConnect({ productKey: 'crowd', deviceName: 'dev1', clientId, deviceToken })),
      ),
    )
    expect(logins.filter(({ kind }) => kind === 'admitted')).toHaveLength(3)
    expect(await admit(registration('regnwl', 'crowd', 'dev1'))).toEqual({ kind: 'refused', reason: 'slots-full' })
  })

  test('what a device was given works after a restart, and what it did is remembered', async () => {
    await createProduct('durable')
    await createDevices('durable', ['dev1'])
    const { deviceSecret = '' } = pushOf(await admit(registration('register', 'durable', 'dev1'))).fields
    await registry.close()
    await open()
    const login = secretLoginConnect({ productKey: 'durable', deviceName: 'dev1', deviceSecret })
    expect((await admit(login)).kind).toBe('admitted')
    await registry.close()
    await open()
    const again = await admit(registration('register', 'durable', 'dev1'))
    expect(again).toEqual({ kind: 'refused', reason: 'already-activated' })
  })

  test('a registration is in the journal as soon as it is answered', async () => {
    await createProduct('entry')
    await createDevices('entry', ['dev1'])
    await admit(registration('register', 'entry', 'dev1'))
    const { items } = await registry.store.listJournal({ productKey: 'entry', limit: 10 })
    expect(items.map(({ outcome, deviceName, mode }) => [outcome, deviceName, mode])).toEqual([
      ['registered', 'dev1', 'register'],
    ])
  })
})
