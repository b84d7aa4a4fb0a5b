import { registrationConnect, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { describe, expect, test } from 'vitest'
import { hashSecret } from '../registry/hash.ts'
import type { BrokerLogin, OnboardingSettings } from './admission.ts'
import { ownsClientId } from './broker-login.ts'
import { unavailable } from './memory-registry.suite.ts'
import { type Bench, openBench, refusedWith } from './onboarding.suite.ts'

const names = { productKey: 'al123456789', deviceName: 'device1' }
const deviceSecret = 'ab'.repeat(16)
const issued = { clientId: 'unit1', tokenHash: hashSecret('TheToken'), createdAt: 1, usedAt: null, forbiddenAt: null }
const bySecret = (change: Partial<Parameters<typeof secretLoginConnect>[0]> = {}) =>
  secretLoginConnect({ ...names, deviceSecret, ...change })
const byToken = tokenLoginConnect({ ...names, clientId: 'unit1', deviceToken: 'TheToken' })

const open = (product: object = {}, settings: Partial<OnboardingSettings> = {}): Bench => {
  const bench = openBench(settings)
  bench.registry.addProduct({ ...names, ...product })
  bench.registry.addDevice({ ...names, deviceSecret, clientIds: [issued] })
  return bench
}
const ask = (bench: Bench, login: Partial<BrokerLogin>) => {
  const nothing = { clientId: undefined, userName: undefined, password: undefined }
  const peer = { broker: 'emqx', address: '198.51.100.9', transport: 'tcp' } as const
  return bench.onboarding.admitAtBroker({ ...nothing, ...peer, ...login })
}
const keySecret = 'the-secret-of-the-key'
const withKey = (bench: Bench, id = 'hkabc'): Bench => {
  bench.registry.addKey({ id, role: 'application', secretHash: hashSecret(keySecret), products: ['al123456789'] })
  return bench
}

describe('a login at another broker', () => {
  test('with a DeviceSecret is admitted and activates the device', async () => {
    const bench = open()
    const identity = { kind: 'device', sessionId: 'al123456789/device1', ...names, clientId: null }
    expect(await ask(bench, bySecret())).toEqual({ kind: 'admitted', identity })
    expect(bench.registry.peek(names.productKey, names.deviceName)?.secretActivatedAt).toBe(bench.now)
    expect(bench.registry.entries).toEqual([])
  })

  test('with a DeviceToken is admitted, whatever Keep Alive the product asks for', async () => {
    expect(await ask(open({ strictKeepAlive: true }), byToken)).toMatchObject({ kind: 'admitted' })
  })

  test('that is refused is journaled with its reason, the client’s address and the broker', async () => {
    const bench = open()
    expect(await ask(bench, bySecret({ deviceSecret: 'wrong' }))).toEqual(refusedWith('signature-mismatch'))
    expect(bench.registry.entries.at(-1)).toMatchObject({
      ...names,
      outcome: 'refused',
      reason: 'signature-mismatch',
      mode: 'secret',
      address: '198.51.100.9',
      transport: 'tcp',
      mqttVersion: null,
      connackCode: null,
      detail: { broker: 'emqx', signMethod: 'hmacsha256' },
    })
    expect(JSON.stringify(bench.registry.entries)).not.toContain(bySecret({ deviceSecret: 'wrong' }).password)
  })

  test.each(['register', 'regnwl'] as const)('%s is refused: a broker can’t give a credential', async mode => {
    const bench = open({ preregistrationFree: true })
    const connect = registrationConnect({ ...names, mode, productSecret: 'psecret', random: '1' })
    expect(await ask(bench, { ...connect, transport: 'tls' })).toEqual(refusedWith('registration-not-here'))
    expect(bench.registry.entries.at(-1)).toMatchObject({ ...names, mode, reason: 'registration-not-here' })
  })

  test('of a disabled device is refused', async () => {
    const bench = openBench()
    bench.registry.addProduct(names)
    bench.registry.addDevice({ ...names, deviceSecret, disabled: true })
    expect(await ask(bench, bySecret())).toEqual(refusedWith('device-disabled'))
  })

  test('counts against the connect rate', async () => {
    const bench = open({}, { connectsPerMinute: 1 })
    expect(await ask(bench, bySecret())).toMatchObject({ kind: 'admitted' })
    expect(await ask(bench, bySecret())).toEqual(refusedWith('rate-limited'))
  })

  test('of a product for TLS only needs the operator’s word that the broker takes TLS', async () => {
    const bench = open({ tlsOnly: true })
    expect(await ask(bench, bySecret())).toEqual(refusedWith('tls-only-product'))
    expect(await ask(bench, { ...bySecret(), transport: 'tls' })).toMatchObject({ kind: 'admitted' })
  })

  test('without a client id says that the broker sent none', async () => {
    const bench = open()
    expect(await ask(bench, { ...bySecret(), clientId: undefined })).toEqual(refusedWith('client-id-missing'))
    const problem = expect.stringContaining('the broker sent none')
    expect(bench.registry.entries.at(-1)).toMatchObject({ detail: { field: 'clientId', problem } })
  })

  test('is refused while the store is unavailable and while the server drains', async () => {
    const bench = open()
    bench.registry.fail(unavailable())
    expect(await ask(bench, bySecret())).toEqual(refusedWith('store-unavailable'))
    bench.onboarding.drain()
    expect(await ask(bench, bySecret())).toEqual(refusedWith('draining'))
  })

  test('with an application key needs TLS and a clientId that begins with the key id', async () => {
    const bench = withKey(open())
    const login = { clientId: 'hkabc-1', userName: 'hkabc', password: keySecret, transport: 'tls' } as const
    expect(await ask(bench, login)).toMatchObject({ kind: 'admitted', identity: { kind: 'application' } })
    expect(await ask(bench, { ...login, transport: 'tcp' })).toEqual(refusedWith('tls-required'))
    expect(await ask(bench, { ...login, password: 'x' })).toEqual(refusedWith('application-key-mismatch'))
    expect(await ask(bench, { ...login, clientId: 'hkabcd' })).toEqual(refusedWith('client-id-not-own'))
  })
})

describe('a clientId that someone else may use', () => {
  test.each(['device1.al123456789', 'al123456789.device1', 'device1&al123456789', 'al123456789&device1'])(
    '%s is the device’s own',
    async id => {
      expect(await ask(open(), bySecret({ id }))).toMatchObject({ kind: 'admitted' })
    },
  )

  test.each(['device1', 'al123456789.device12', '12345', 'AL123456789.device1', 'x.al123456789.device1'])(
    '%s is refused, unless the operator allows any',
    async id => {
      expect(await ask(open(), bySecret({ id }))).toEqual(refusedWith('client-id-not-own'))
      expect(await ask(open({}, { brokerClientIds: 'any' }), bySecret({ id }))).toMatchObject({ kind: 'admitted' })
    },
  )

  test('is told from the client’s own where it is part of a name', () => {
    const { clientId, userName } = bySecret()
    expect(ownsClientId(userName, clientId)).toBe(true)
    expect(ownsClientId('device2&al123456789', clientId)).toBe(false)
    expect(ownsClientId('device2&al123456789', clientId, 'any')).toBe(true)
    expect(ownsClientId('hkabc', clientId)).toBe(false)
    expect(ownsClientId('hkabc', 'hkabc/1')).toBe(true)
  })
})
