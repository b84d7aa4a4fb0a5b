import { registrationConnect, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { describe, expect, test } from 'vitest'
import type { Connect } from '../mqtt/index.ts'
import { unavailable } from './memory-registry.suite.ts'
import { type Bench, openBench, over, overTls, pushOf, refusedWith } from './onboarding.suite.ts'

const names = { productKey: 'al123456789', deviceName: 'device1' }
const signed = { ...names, productSecret: 'psecret', random: '123' }
const register = (change: Partial<Parameters<typeof registrationConnect>[0]> = {}) =>
  registrationConnect({ mode: 'register', ...signed, ...change })
const regnwl = (change: Partial<Parameters<typeof registrationConnect>[0]> = {}) =>
  register({ mode: 'regnwl', ...change })

const withDevice = (settings: Parameters<typeof openBench>[0] = {}): Bench => {
  const bench = openBench(settings)
  bench.registry.addProduct({ productKey: names.productKey, productSecret: signed.productSecret })
  bench.registry.addDevice(names)
  return bench
}

const preregistrationFree = (settings: Parameters<typeof openBench>[0] = {}): Bench => {
  const bench = openBench(settings)
  bench.registry.addProduct({ ...names, preregistrationFree: true, clientIdLimit: 2 })
  return bench
}

const lastEntry = (bench: Bench) => bench.registry.entries.at(-1)

describe('register', () => {
  test('a signed registration gets a DeviceSecret of 32 lower-case hex digits on /ext/register', async () => {
    const bench = withDevice()
    const { topic, fields } = pushOf(await bench.admit(register()))
    expect(topic).toBe('/ext/register')
    expect(fields).toEqual({ ...names, deviceSecret: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(bench.registry.peek(names.productKey, names.deviceName)?.deviceSecret).toBe(fields['deviceSecret'])
  })

  const methods = ['hmacmd5', 'hmacsha1', 'hmacsha256'] as const
  test.each(methods)('takes %s, in lower and upper case', async signMethod => {
    const bench = withDevice()
    const sent = register({ signMethod })
    expect((await bench.admit(sent)).kind).toBe('registered')
    expect((await bench.admit({ ...sent, password: sent.password.toUpperCase() })).kind).toBe('registered')
  })

  test('takes a clientId as fielded devices send it', async () => {
    const bench = withDevice()
    const password = 'E4C2D9F48BDD25F7613512AA8C510A1A5D224016CA62739E6B18A5A9A617D4DC'
    const clientId = 'x|random=123,authType=Register, signMethod=HmacSHA256,lan=JS|Ali,securemode=-2,|'
    expect((await bench.admit({ clientId, userName: 'device1&al123456789', password })).kind).toBe('registered')
  })

  test('a device that never logged in gets a new secret each time, and only the last one logs in', async () => {
    const bench = withDevice()
    const first = pushOf(await bench.admit(register())).fields['deviceSecret'] ?? ''
    const second = pushOf(await bench.admit(register())).fields['deviceSecret'] ?? ''
    expect(second).not.toBe(first)
    const login = (deviceSecret: string) => bench.admit(secretLoginConnect({ ...names, deviceSecret }))
    expect(await login(first)).toEqual(refusedWith('signature-mismatch'))
    expect((await login(second)).kind).toBe('admitted')
  })

  test('a device that logged in with its secret is refused until it is reset', async () => {
    const bench = withDevice()
    const { fields } = pushOf(await bench.admit(register()))
    const login = secretLoginConnect({ ...names, deviceSecret: fields['deviceSecret'] ?? '' })
    await bench.admit(login)
    expect(await bench.admit(register())).toEqual(refusedWith('already-activated'))
    bench.registry.change(names.productKey, names.deviceName, { kind: 'reset', now: bench.now })
    expect((await bench.admit(login)).kind).toBe('admitted')
    expect((await bench.admit(register())).kind).toBe('registered')
    expect(await bench.admit(login)).toEqual(refusedWith('signature-mismatch'))
  })

  test('the random may be used again and again', async () => {
    const bench = withDevice()
    for (let count = 0; count < 3; count += 1) expect((await bench.admit(register())).kind).toBe('registered')
  })

  test('Keep Alive, clean session and a will do not matter', async () => {
    const bench = withDevice()
    bench.registry.addProduct({ ...names, strictKeepAlive: true })
    const will: Connect['will'] = { topic: 'anything', payload: Buffer.from('x'), qos: 1, retain: true }
    const admission = await bench.admit(register(), { keepAliveSeconds: 0, cleanStart: false, will })
    expect(admission.kind).toBe('registered')
  })
})

describe('regnwl', () => {
  test('creates the device and pushes a ClientID and a DeviceToken on /ext/regnwl', async () => {
    const bench = preregistrationFree()
    const { topic, fields } = pushOf(await bench.admit(regnwl()))
    expect(topic).toBe('/ext/regnwl')
    expect(fields).toEqual({
      ...names,
      clientId: expect.stringMatching(/^[A-Za-z0-9]{1,64}$/),
      deviceToken: expect.stringMatching(/^[A-Za-z0-9]{1,63}$/),
    })
    const device = bench.registry.peek(names.productKey, names.deviceName)
    expect(device?.clientIds.map(({ clientId }) => clientId)).toEqual([fields['clientId']])
    expect(JSON.stringify(device)).not.toContain(fields['deviceToken'])
  })

  test('a lost reply costs nothing: pending ClientIDs make room for new ones', async () => {
    const bench = preregistrationFree()
    for (let count = 0; count < 10; count += 1) {
      bench.now += 1
      expect((await bench.admit(regnwl())).kind).toBe('registered')
    }
    expect(bench.registry.peek(names.productKey, names.deviceName)?.clientIds).toHaveLength(2)
  })

  test('once every slot has logged in, the next unit is refused', async () => {
    const bench = preregistrationFree()
    for (let unit = 0; unit < 2; unit += 1) {
      const { clientId = '', deviceToken = '' } = pushOf(await bench.admit(regnwl())).fields
      expect((await bench.admit(tokenLoginConnect({ ...names, clientId, deviceToken }))).kind).toBe('admitted')
    }
    expect(await bench.admit(regnwl())).toEqual(refusedWith('slots-full'))
    expect(lastEntry(bench)).toMatchObject({ reason: 'slots-full', detail: { problem: '2 of 2 in use' } })
  })

  test('a product that does not allow it refuses', async () => {
    expect(await withDevice().admit(regnwl())).toEqual(refusedWith('preregistration-free-off'))
  })
})

describe('both modes', () => {
  const modes = [
    ['register', register],
    ['regnwl', regnwl],
  ] as const

  test.each(modes)('%s: only over TLS, whatever securemode says', async (_mode, claim) => {
    const bench = withDevice()
    bench.registry.addProduct({ ...names, preregistrationFree: true })
    for (const transport of ['tcp', 'ws'] as const) {
      expect(await bench.admit(claim({ secureMode: 2 }), {}, over(transport))).toEqual(refusedWith('tls-required'))
      expect(lastEntry(bench)).toMatchObject({ reason: 'tls-required', transport, connackCode: 2 })
    }
    for (const transport of ['tls', 'wss'] as const) {
      expect((await bench.admit(claim({ secureMode: -2 }), {}, over(transport))).kind).toBe('registered')
    }
  })

  test.each(modes)('%s: a wrong signature is refused before the store is asked', async (_mode, claim) => {
    const bench = withDevice()
    expect(await bench.admit(claim({ productSecret: 'other' }))).toEqual(refusedWith('signature-mismatch'))
    expect(bench.registry.calls).toEqual([])
  })

  test.each(modes)('%s: an unknown product is refused before the store is asked', async (_mode, claim) => {
    const bench = openBench()
    expect(await bench.admit(claim())).toEqual(refusedWith('product-unknown'))
    expect(bench.registry.calls).toEqual([])
  })

  test.each(modes)('%s: an instanceId must match where this instance has one', async (_mode, claim) => {
    const answer = async (ours: string | null, theirs: string | undefined) => {
      const bench = withDevice({ instanceId: ours })
      bench.registry.addProduct({ ...names, preregistrationFree: true })
      const admission = await bench.admit(claim({ instanceId: theirs }))
      return admission.kind === 'refused' ? admission.reason : admission.kind
    }
    expect(await answer('iot-1', 'iot-1')).toBe('registered')
    expect(await answer('iot-1', undefined)).toBe('registered')
    expect(await answer(null, 'iot-2')).toBe('registered')
    expect(await answer('iot-1', 'iot-2')).toBe('instance-mismatch')
  })

  test.each(modes)('%s: a store that is down or slow is answered with its reason', async (_mode, claim) => {
    const bench = withDevice()
    bench.registry.fail(unavailable())
    expect(await bench.admit(claim())).toEqual(refusedWith('store-unavailable'))
    expect(lastEntry(bench)).toMatchObject({ reason: 'store-unavailable', connackCode: 3 })
  })

  test.each(modes)(
    '%s: a crash in a check refuses with internal-error and tells no more than its class',
    async (_m, claim) => {
      const bench = withDevice()
      bench.registry.fail(new RangeError('psecret'))
      expect(await bench.admit(claim())).toEqual(refusedWith('internal-error'))
      expect(lastEntry(bench)).toMatchObject({ reason: 'internal-error', detail: { problem: 'RangeError' } })
      expect(bench.errors).toHaveLength(1)
    },
  )

  test.each(modes)(
    '%s: the push stays below 1000 bytes for the longest names, without escapes',
    async (mode, claim) => {
      const longest = { productKey: 'k'.repeat(20), deviceName: 'd_:@.-'.padEnd(32, 'x') }
      const bench = openBench()
      bench.registry.addProduct({ ...longest, preregistrationFree: true })
      bench.registry.addDevice(longest)
      const admission = await bench.admit(claim({ ...longest, random: 'r'.repeat(64) }))
      if (admission.kind !== 'registered') throw new Error('not registered')
      expect(Buffer.byteLength(admission.push.payload)).toBeLessThan(1000)
      expect(admission.push.payload).not.toContain('\\')
      expect(admission.push.topic).toBe(`/ext/${mode}`)
    },
  )
})

describe('the connect rate', () => {
  test('a verified device over its limit is refused, registrations and logins together', async () => {
    const bench = withDevice({ connectsPerMinute: 2 })
    const { fields } = pushOf(await bench.admit(register()))
    const login = secretLoginConnect({ ...names, deviceSecret: fields['deviceSecret'] ?? '' })
    expect((await bench.admit(login)).kind).toBe('admitted')
    expect(await bench.admit(login)).toEqual(refusedWith('rate-limited'))
    expect(await bench.admit(register())).toEqual(refusedWith('rate-limited'))
    expect(lastEntry(bench)).toMatchObject({ reason: 'rate-limited', connackCode: 3 })
    bench.now += 30_000
    expect((await bench.admit(login)).kind).toBe('admitted')
  })

  test('forged CONNECTs never use up what the device itself may do', async () => {
    const bench = withDevice({ connectsPerMinute: 1 })
    for (let count = 0; count < 50; count += 1) {
      expect(await bench.admit(register({ productSecret: 'forged' }))).toEqual(refusedWith('signature-mismatch'))
    }
    expect((await bench.admit(register())).kind).toBe('registered')
  })

  test('a registration over the limit asks the store nothing', async () => {
    const bench = withDevice({ connectsPerMinute: 1 })
    await bench.admit(register())
    await bench.admit(register())
    expect(bench.registry.calls).toEqual(['register:issue-secret'])
  })
})

describe('the journal', () => {
  test('a success is one entry, handed to the store with the request', async () => {
    const bench = withDevice()
    await bench.admit(register(), { protocolLevel: 3 })
    expect(bench.registry.entries).toEqual([
      {
        time: bench.now,
        outcome: 'registered',
        reason: 'registered',
        ...names,
        mode: 'register',
        ...overTls,
        mqttVersion: '3.1',
        connackCode: 0,
        detail: null,
      },
    ])
  })

  test('a refusal is one entry with the code as it goes on the wire of that MQTT version', async () => {
    const table = [
      [3, '3.1', 4],
      [4, '3.1.1', 4],
      [5, '5.0', 0x86],
    ] as const
    for (const [protocolLevel, mqttVersion, connackCode] of table) {
      const bench = openBench()
      await bench.admit(register(), { protocolLevel })
      expect(bench.registry.entries).toHaveLength(1)
      expect(lastEntry(bench)).toMatchObject({
        outcome: 'refused',
        mqttVersion,
        connackCode,
        ...names,
        mode: 'register',
      })
    }
  })

  test('a signature mismatch tells what was signed, how, and which mistake it was', async () => {
    const bench = withDevice()
    await bench.admit({ ...register(), password: register({ random: '124' }).password })
    expect(lastEntry(bench)).toMatchObject({
      detail: { signedText: 'deviceNamedevice1productKeyal123456789random123', signMethod: 'hmacsha256', mistakes: [] },
    })
    const other = register({ signMethod: 'hmacmd5' }).password
    await bench.admit({ ...register(), password: other })
    expect(lastEntry(bench)?.detail?.mistakes).toEqual(['hash-other'])
  })

  test('no entry holds a secret or the signature', async () => {
    const bench = withDevice()
    const sent = register({ productSecret: 'another-secret' })
    await bench.admit(sent)
    await bench.admit(register())
    const all = JSON.stringify(bench.registry.entries)
    expect(all).not.toContain('psecret')
    expect(all).not.toContain(sent.password)
    expect(all).not.toContain(bench.registry.peek(names.productKey, names.deviceName)?.deviceSecret)
  })

  test('in a flood of bad signatures only so many a second are searched for their mistake', async () => {
    const bench = withDevice()
    const forged = { ...register(), password: register({ signMethod: 'hmacmd5' }).password }
    for (let count = 0; count < 30; count += 1) await bench.admit(forged)
    const searched = bench.registry.entries.filter(({ detail }) => detail?.mistakes !== undefined)
    expect(bench.registry.entries).toHaveLength(30)
    expect(searched).toHaveLength(20)
    bench.now += 1000
    await bench.admit(forged)
    expect(lastEntry(bench)?.detail?.mistakes).toEqual(['hash-other'])
  })

  test('an unknown product whose names are swapped in the user name is told so', async () => {
    const bench = openBench()
    bench.registry.addProduct({ productKey: 'al123456789' })
    const { clientId, password } = register()
    expect(await bench.admit({ clientId, password, userName: 'al123456789&device1' })).toEqual(
      refusedWith('product-unknown'),
    )
    expect(lastEntry(bench)?.detail?.mistakes).toEqual(['names-swapped-in-user-name'])
  })

  test('a CONNECT that cannot be read is journaled with its field and as much as could be read', async () => {
    const bench = openBench()
    const clientId = 'x|authType=register,securemode=2,signmethod=hmacsha1,random=1'
    expect(await bench.admit({ clientId, userName: 'device1&al123456789', password: 'ab' })).toEqual(
      refusedWith('block-not-closed'),
    )
    expect(lastEntry(bench)).toMatchObject({
      ...names,
      mode: 'register',
      connackCode: 2,
      detail: { field: 'clientId' },
    })
  })

  test('names of a CONNECT that cannot be read are cut', async () => {
    const bench = openBench()
    await bench.admit({
      clientId: 'x|securemode=2|',
      userName: `${'d'.repeat(9999)}&${'p'.repeat(9999)}`,
      password: 'ab',
    })
    expect(lastEntry(bench)?.deviceName).toBe('d'.repeat(64))
    expect(lastEntry(bench)?.productKey).toBe('p'.repeat(64))
  })
})

test('a server that drains refuses everyone with a code that lets them try again', async () => {
  const bench = withDevice()
  bench.onboarding.drain()
  expect(await bench.admit(register())).toEqual(refusedWith('draining'))
  expect(lastEntry(bench)).toMatchObject({ reason: 'draining', connackCode: 3, ...names })
  expect(bench.registry.calls).toEqual([])
})
