import { registrationText, type SignMethod, sign } from '@hatchway/protocol'
import { describe, expect, test } from 'vitest'
import type { HttpRegistration, Peer } from './admission.ts'
import { httpRegistrationCode } from './http-registration.ts'
import { unavailable } from './memory-registry.suite.ts'
import { type Bench, openBench } from './onboarding.suite.ts'

const names = { productKey: 'al123456789', deviceName: 'device1' }
const overHttps: Peer = { address: '10.0.0.9', transport: 'https', tlsVersion: 'TLSv1.3', tlsCipher: null }
const form = (signMethod: SignMethod = 'hmacsha256', secret = 'psecret'): Required<HttpRegistration> => ({
  ...names,
  random: '123',
  sign: sign(signMethod, secret, registrationText({ ...names, random: '123' })),
  signMethod,
})
const open = (product: object = {}, device: object = {}): Bench => {
  const bench = openBench()
  bench.registry.addProduct({ ...names, ...product })
  bench.registry.addDevice({ ...names, ...device })
  return bench
}
const register = (bench: Bench, change: HttpRegistration = {}, peer = overHttps) =>
  bench.onboarding.registerByHttp({ ...form(), ...change }, peer)

describe('registration over HTTP', () => {
  const methods = ['hmacmd5', 'hmacsha1', 'hmacsha256'] as const
  test.each(methods)('takes %s and answers with the DeviceSecret that is stored', async signMethod => {
    const bench = open()
    const answer = await register(bench, form(signMethod))
    const deviceSecret = bench.registry.peek(names.productKey, names.deviceName)?.deviceSecret
    expect(answer).toEqual({ ok: true, ...names, deviceSecret })
    expect(deviceSecret).toMatch(/^[0-9a-f]{32}$/)
  })

  test('without TLS it is answered on this machine only', async () => {
    const plain = (address: string): Peer => ({ address, transport: 'http', tlsVersion: null, tlsCipher: null })
    expect(await register(open(), {}, plain('127.0.0.1'))).toMatchObject({ ok: true })
    expect(await register(open(), {}, plain('::1'))).toMatchObject({ ok: true })
    expect(await register(open(), {}, plain('10.0.0.9'))).toEqual({ ok: false, reason: 'tls-required' })
  })

  test('the sign may be upper case and the method in any case', async () => {
    const { sign: lower } = form()
    expect(await register(open(), { sign: lower.toUpperCase(), signMethod: 'HmacSHA256' })).toMatchObject({ ok: true })
  })

  const { random: _, ...withoutRandom } = form()
  const { signMethod: __, ...withoutMethod } = form()
  const refusals: [rule: string, HttpRegistration, product: object, device: object, reason: string, code: number][] = [
    ['a ProductKey that is none', { ...form(), productKey: 'a b' }, {}, {}, 'product-key-malformed', 460],
    ['a DeviceName that is none', { ...form(), deviceName: 'x' }, {}, {}, 'device-name-malformed', 460],
    ['no random', withoutRandom, {}, {}, 'parameter-missing:random', 460],
    ['a random that is too long', { ...form(), random: 'r'.repeat(65) }, {}, {}, 'parameter-invalid:random', 460],
    ['no sign', { ...form(), sign: '' }, {}, {}, 'password-missing', 460],
    ['no signMethod', withoutMethod, {}, {}, 'parameter-missing:signmethod', 460],
    ['another signMethod', { ...form(), signMethod: 'sha3' }, {}, {}, 'parameter-invalid:signmethod', 6292],
    ['an unknown product', { ...form(), productKey: 'other' }, {}, {}, 'product-unknown', 6250],
    ['a wrong sign', form('hmacsha256', 'other'), {}, {}, 'signature-mismatch', 6600],
    ['the switch off', form(), { dynamicRegistration: false }, {}, 'switch-off', 6288],
    ['an activated device', form(), {}, { secretActivatedAt: 5 }, 'already-activated', 6289],
    ['a disabled device', form(), {}, { disabled: true }, 'device-disabled', 460],
  ]
  test.each(refusals)('%s is refused with its body code', async (_rule, sent, product, device, reason, code) => {
    const bench = open(product, device)
    const answer = await bench.onboarding.registerByHttp(sent, overHttps)
    expect(answer).toEqual({ ok: false, reason })
    if (!answer.ok) expect(httpRegistrationCode(answer.reason)).toBe(code)
    expect(bench.registry.entries).toHaveLength(1)
    expect(bench.registry.entries[0]).toMatchObject({
      outcome: 'refused',
      reason,
      mode: 'register',
      transport: 'https',
    })
  })

  test('what the server may fix by itself is 500', () => {
    for (const reason of ['store-unavailable', 'store-slow', 'draining', 'rate-limited', 'internal-error'] as const) {
      expect(httpRegistrationCode(reason)).toBe(500)
    }
  })

  test('a success and a refusal are journaled without CONNACK and MQTT version, by the transport that they came over', async () => {
    const bench = open()
    for (const transport of ['https', 'http'] as const) {
      const address = transport === 'https' ? '10.0.0.9' : '127.0.0.1'
      await register(bench, {}, { ...overHttps, address, transport })
      expect(bench.registry.entries.at(-1)).toMatchObject({
        outcome: 'registered',
        transport,
        mqttVersion: null,
        connackCode: null,
        address,
        ...names,
      })
      await register(bench, { sign: 'ab' }, { ...overHttps, address, transport })
      expect(bench.registry.entries.at(-1)).toMatchObject({
        outcome: 'refused',
        transport,
        mqttVersion: null,
        connackCode: null,
      })
    }
  })

  test('shares the connect rate with MQTT', async () => {
    const bench = openBench({ connectsPerMinute: 1 })
    bench.registry.addProduct(names)
    bench.registry.addDevice(names)
    expect(await register(bench)).toMatchObject({ ok: true })
    expect(await register(bench)).toEqual({ ok: false, reason: 'rate-limited' })
  })

  test('a store that is down and a server that drains refuse', async () => {
    const bench = open()
    bench.registry.fail(unavailable())
    expect(await register(bench)).toEqual({ ok: false, reason: 'store-unavailable' })
    bench.onboarding.drain()
    expect(await register(bench)).toEqual({ ok: false, reason: 'draining' })
  })
})
