import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActivationRequest, DeviceChange, RegistrationOutcome, RegistrationRequest } from '../registry/store.ts'
import type { Device, Product } from '../registry/types.ts'
import { defaultProduct } from './memory-registry.suite.ts'

/** As much of a registry as registrations, logins and an operator need. */
export interface SequenceTarget {
  createProduct(product: Product): Promise<unknown>
  createDevice(productKey: string, deviceName: string): Promise<unknown>
  register(request: RegistrationRequest): Promise<RegistrationOutcome>
  activate(request: ActivationRequest): Promise<{ ok: boolean }>
  changeDevice(productKey: string, deviceName: string, change: DeviceChange): Promise<unknown>
  device(productKey: string, deviceName: string): Promise<Device | undefined>
}

type Step =
  | { kind: 'register' | 'regnwl' | 'secret-login' | 'reset' | 'drop-all' }
  | { kind: 'token-login' | 'keep' | 'drop'; pick: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('register', 'secret-login', 'reset', 'drop-all') }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('regnwl') }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('token-login', 'keep', 'drop'), pick: fc.nat(20) }) },
)

const limit = 3
const deviceName = 'dev1'

/** What must hold after every step, by the units that hold credentials. */
class Model {
  /** ClientIDs ever issued, with their token hashes. */
  readonly issued: { clientId: string; tokenHash: string }[] = []
  /** Those that logged in and were not dropped since. */
  readonly inUse = new Set<string>()
  lastSecret: string | null = null
}

/** Runs random lives of one device, and checks the promises made to the units that hold its credentials. */
export function registrationSequences(name: string, target: () => SequenceTarget, numRuns: number): void {
  test(`${name}: never more slots than the limit, no used ClientID lost, the last secret wins`, async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async steps => {
        run += 1
        const productKey = `pk${run}`
        const settings = { preregistrationFree: true, clientIdLimit: limit }
        await target().createProduct({ ...defaultProduct, ...settings, productKey, name: productKey })
        await target().createDevice(productKey, deviceName)
        await live(target(), productKey, steps)
      }),
      { numRuns },
    )
  })
}

async function live(registry: SequenceTarget, productKey: string, steps: readonly Step[]): Promise<void> {
  const model = new Model()
  let now = 1000
  for (const step of steps) {
    now += 1
    const before = await registry.device(productKey, deviceName)
    await take(step, { registry, productKey, now, model })
    const after = await registry.device(productKey, deviceName)
    expect(after?.clientIds.length).toBeLessThanOrEqual(limit)
    const held = new Set(after?.clientIds.map(({ clientId }) => clientId))
    for (const clientId of model.inUse) expect(held).toContain(clientId)
    expect(after?.deviceSecret).toBe(model.lastSecret)
    const reset = before?.reopenedAt !== null
    if (before?.secretActivatedAt !== null && !reset) expect(after?.secretActivatedAt).not.toBeNull()
  }
}

interface Scene {
  registry: SequenceTarget
  productKey: string
  now: number
  model: Model
}

async function take(step: Step, { registry, productKey, now, model }: Scene): Promise<void> {
  const asked = { productKey, deviceName, now }
  const picked = 'pick' in step ? model.issued[step.pick % Math.max(1, model.issued.length)] : undefined
  switch (step.kind) {
    case 'register': {
      const deviceSecret = `secret${now}`
      const reset = (await registry.device(productKey, deviceName))?.reopenedAt !== null
      const outcome = await registry.register({
        mode: 'register',
        ...asked,
        fresh: { deviceSecret },
        journal: entry(now),
      })
      if (!outcome.ok) break
      expect(reset || model.inUse.size === 0).toBe(true)
      model.lastSecret = deviceSecret
      model.inUse.clear()
      break
    }
    case 'regnwl': {
      const fresh = { clientId: `c${now}`, tokenHash: now.toString(16).padStart(64, '0') }
      const outcome = await registry.register({ mode: 'regnwl', ...asked, fresh, journal: entry(now) })
      if (outcome.ok) model.issued.push(fresh)
      break
    }
    case 'secret-login':
      if (model.lastSecret === null) break
      expect(await registry.activate({ ...asked, credential: { deviceSecret: model.lastSecret } })).toEqual({
        ok: true,
      })
      break
    case 'token-login':
      if (picked === undefined) break
      if ((await registry.activate({ ...asked, credential: picked })).ok) model.inUse.add(picked.clientId)
      break
    case 'reset':
      await registry.changeDevice(productKey, deviceName, { kind: 'reset', now })
      break
    case 'keep':
      if (picked === undefined) break
      await registry.changeDevice(productKey, deviceName, { kind: 'keep-client-id', clientId: picked.clientId, now })
      break
    case 'drop':
      if (picked === undefined) break
      model.inUse.delete(picked.clientId)
      await registry.changeDevice(productKey, deviceName, { kind: 'drop-client-id', clientId: picked.clientId })
      break
    case 'drop-all':
      model.inUse.clear()
      await registry.changeDevice(productKey, deviceName, { kind: 'drop-all-client-ids' })
      break
    default:
      step satisfies never
  }
}

const entry = (time: number): RegistrationRequest['journal'] => ({
  time,
  outcome: 'registered',
  reason: 'registered',
  productKey: null,
  deviceName: null,
  mode: 'register',
  address: '127.0.0.1',
  transport: 'tls',
  tlsVersion: null,
  tlsCipher: null,
  mqttVersion: '3.1.1',
  connackCode: 0,
  detail: null,
})
