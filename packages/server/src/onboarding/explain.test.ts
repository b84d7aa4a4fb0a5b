import { REASONS, registrationConnect, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashSecret } from '../registry/hash.ts'
import type { Transport } from '../registry/types.ts'
import { unavailable } from './memory-registry.suite.ts'
import { type Bench, openBench, over } from './onboarding.suite.ts'

const names = { productKey: 'al123456789', deviceName: 'device1' }
const deviceSecret = 'ab'.repeat(16)
const deviceToken = 'TokenOfTheFirstUnit'
const issued = { clientId: 'unit1', tokenHash: hashSecret(deviceToken), createdAt: 1, usedAt: null, forbiddenAt: null }

const claims = {
  register: registrationConnect({ mode: 'register', ...names, productSecret: 'psecret', random: '123' }),
  regnwl: registrationConnect({ mode: 'regnwl', ...names, productSecret: 'psecret', random: '123' }),
  secret: secretLoginConnect({ ...names, deviceSecret, id: 'x', timestamp: '7' }),
  token: tokenLoginConnect({ ...names, clientId: 'unit1', deviceToken }),
  application: { clientId: 'dashboard', userName: 'hk1', password: 'application-secret' },
}
type Mode = keyof typeof claims
const modes = Object.keys(claims) as Mode[]

const open = (product: object = {}, device: object = {}): Bench => {
  const bench = openBench()
  bench.registry.addProduct({ ...names, preregistrationFree: true, ...product })
  bench.registry.addDevice({ ...names, deviceSecret, clientIds: [issued], ...device })
  bench.registry.addKey({ id: 'hk1', secretHash: hashSecret('application-secret') })
  return bench
}

const stepsOf = (explanation: { steps: readonly { step: string; ok: boolean }[] }) =>
  explanation.steps.map(({ step, ok }) => (ok ? step : `${step}!`))

describe('explain', () => {
  const table: [Mode, decision: string, reason: string, signedText: string | null, steps: string[]][] = [
    [
      'register',
      'would-register',
      'registered',
      'deviceNamedevice1productKeyal123456789random123',
      ['parse', 'transport', 'product', 'signature', 'rules'],
    ],
    [
      'regnwl',
      'would-register',
      'registered',
      'deviceNamedevice1productKeyal123456789random123',
      ['parse', 'transport', 'product', 'signature', 'rules'],
    ],
    [
      'secret',
      'would-log-in',
      'logged-in',
      'clientIdxdeviceNamedevice1productKeyal123456789timestamp7',
      ['parse', 'product', 'device', 'signature', 'transport', 'keep-alive', 'rules'],
    ],
    [
      'token',
      'would-log-in',
      'logged-in',
      null,
      ['parse', 'product', 'device', 'credential', 'transport', 'keep-alive', 'rules'],
    ],
    ['application', 'would-log-in', 'logged-in', null, ['parse', 'transport', 'credential', 'rules']],
  ]
  test.each(table)('%s: says what it would do, step by step', async (mode, decision, reason, signedText, steps) => {
    const explanation = await open().onboarding.explain(claims[mode], 'tls')
    expect(explanation).toMatchObject({
      decision,
      reason,
      mode,
      signedText,
      connackCode: 0,
      mqtt5ReasonCode: 0,
      mistakes: [],
    })
    expect(stepsOf(explanation)).toEqual(steps)
    const isDevice = mode !== 'application'
    expect(explanation.productKey).toBe(isDevice ? names.productKey : null)
    expect(explanation.deviceName).toBe(isDevice ? names.deviceName : null)
  })

  test.each(modes)('%s: changes nothing and journals nothing', async mode => {
    const bench = open()
    const before = bench.registry.peek(names.productKey, names.deviceName)
    for (let count = 0; count < 40; count += 1) await bench.onboarding.explain(claims[mode], 'tls')
    expect(bench.registry.peek(names.productKey, names.deviceName)).toEqual(before)
    expect(bench.registry.calls).toEqual([])
    expect(bench.registry.entries).toEqual([])
    expect((await bench.admit(claims[mode])).kind).toMatch(/registered|admitted/)
  })

  test('a refusal carries its sentence, fix and codes, and ends with the step that failed', async () => {
    const explanation = await open({}, { secretActivatedAt: 5 }).onboarding.explain(claims.register, 'tls')
    const { en, zh, fixEn, fixZh } = REASONS['already-activated']
    expect(explanation).toMatchObject({
      decision: 'would-refuse',
      reason: 'already-activated',
      connackCode: 4,
      mqtt5ReasonCode: 0x86,
      retryable: false,
      sentence: { en, zh },
      fix: { en: fixEn, zh: fixZh },
    })
    expect(explanation.steps.at(-1)).toEqual({ step: 'rules', ok: false, text: en, textZh: zh })
  })

  test('what is wrong with a field is part of its step', async () => {
    const { steps } = await open().onboarding.explain(
      { ...claims.register, clientId: `${'x'.repeat(65)}|random=1|` },
      'tls',
    )
    expect(steps).toHaveLength(1)
    expect(steps[0]?.text).toContain('65 characters')
    expect(steps[0]?.textZh).toContain('65 characters')
  })

  test('a wrong signature names the mistake in both languages, and never a secret', async () => {
    const { password } = registrationConnect({
      mode: 'register',
      ...names,
      productSecret: 'psecret',
      random: '123',
      signMethod: 'hmacsha1',
    })
    const explanation = await open().onboarding.explain({ ...claims.register, password }, 'tls')
    expect(explanation.mistakes).toEqual([
      {
        code: 'hash-other',
        en: expect.any(String),
        zh: expect.any(String),
        fixEn: expect.any(String),
        fixZh: expect.any(String),
      },
    ])
    expect(explanation.steps.at(-1)).toMatchObject({ step: 'signature', ok: false })
    expect(JSON.stringify(explanation)).not.toContain('psecret')
    expect(JSON.stringify(explanation)).not.toContain(password)
  })

  test('the text to sign is there even when no password was given', async () => {
    const { clientId, userName } = claims.register
    const explanation = await open().onboarding.explain({ clientId, userName }, 'tls')
    expect(explanation).toMatchObject({
      reason: 'password-missing',
      signedText: 'deviceNamedevice1productKeyal123456789random123',
      signMethod: 'hmacsha256',
    })
  })

  test('a registration that would create its device says so', async () => {
    const bench = open()
    bench.registry.removeDevice(names.productKey, names.deviceName)
    const { steps } = await bench.onboarding.explain(claims.regnwl, 'tls')
    expect(steps.at(-1)?.text).toContain('the device would be created')
    expect(bench.registry.peek(names.productKey, names.deviceName)).toBeUndefined()
  })

  test('the Keep Alive is judged where one is given', async () => {
    const { onboarding } = open({ strictKeepAlive: true })
    expect(await onboarding.explain(claims.secret, 'tls')).toMatchObject({ decision: 'would-log-in' })
    expect(await onboarding.explain({ ...claims.secret, keepAliveSeconds: 29 }, 'tls')).toMatchObject({
      reason: 'keep-alive-refused',
      connackCode: 2,
    })
    const clamped = await onboarding.explain({ ...claims.secret, keepAliveSeconds: 1300 }, 'tls')
    expect(clamped.steps.find(({ step }) => step === 'keep-alive')?.text).toContain('1300 seconds is shortened to 1200')
  })

  test('a store that is down is explained too', async () => {
    const bench = open()
    bench.registry.fail(unavailable())
    expect(await bench.onboarding.explain(claims.register, 'tls')).toMatchObject({
      decision: 'would-refuse',
      reason: 'store-unavailable',
      retryable: true,
    })
  })

  test('a device over its connect rate is told so, and the question does not count', async () => {
    const bench = openBench({ connectsPerMinute: 1 })
    bench.registry.addProduct(names)
    bench.registry.addDevice({ ...names, deviceSecret })
    await bench.admit(claims.secret)
    expect(await bench.onboarding.explain(claims.secret, 'tls')).toMatchObject({ reason: 'rate-limited' })
  })
})

test('explain and admit always agree', async () => {
  const anyTime = fc.constantFrom(null, 5)
  const anyClientId = fc.record({ usedAt: anyTime, forbiddenAt: anyTime })
  const scene = fc.record({
    product: fc.record({
      dynamicRegistration: fc.boolean(),
      preregistrationFree: fc.boolean(),
      tlsOnly: fc.boolean(),
      strictKeepAlive: fc.boolean(),
      clientIdLimit: fc.constantFrom(1, 2),
    }),
    device: fc.option(
      fc.record({
        deviceSecret: fc.constantFrom(null, deviceSecret, 'other'),
        disabled: fc.boolean(),
        secretActivatedAt: anyTime,
        reopenedAt: anyTime,
        clientIds: fc.array(anyClientId, { maxLength: 3 }),
      }),
    ),
    mode: fc.constantFrom(...modes),
    password: fc.constantFrom(undefined, 'wrong', ''),
    transport: fc.constantFrom<Transport>('tls', 'tcp', 'ws', 'wss'),
    keepAliveSeconds: fc.constantFrom(0, 60, 9999),
  })
  await fc.assert(
    fc.asyncProperty(scene, async ({ product, device, mode, password, transport, keepAliveSeconds }) => {
      const bench = open(product)
      if (device === null) bench.registry.removeDevice(names.productKey, names.deviceName)
      else {
        const clientIds = device.clientIds.map((one, at) => ({ ...issued, clientId: `unit${at + 1}`, ...one }))
        bench.registry.addDevice({ ...names, ...device, clientIds })
      }
      const sent = { ...claims[mode], ...(password === undefined ? {} : { password }) }
      const explanation = await bench.onboarding.explain({ ...sent, keepAliveSeconds }, transport)
      const admission = await bench.admit(sent, { keepAliveSeconds }, over(transport))
      const kinds = { registered: 'would-register', admitted: 'would-log-in', refused: 'would-refuse' }
      expect(explanation.decision).toBe(kinds[admission.kind])
      if (admission.kind === 'refused') expect(explanation.reason).toBe(admission.reason)
      expect(explanation.steps.filter(({ ok }) => !ok)).toHaveLength(admission.kind === 'refused' ? 1 : 0)
    }),
    { numRuns: 400 },
  )
})
