import { downlinkFilters, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { describe, expect, test } from 'vitest'
import { hashSecret } from '../registry/hash.ts'
import type { Admission } from './admission.ts'
import { unavailable } from './memory-registry.suite.ts'
import { type Bench, openBench, over, refusedWith } from './onboarding.suite.ts'

const names = { productKey: 'al123456789', deviceName: 'device1' }
const deviceSecret = 'ab'.repeat(16)
const deviceToken = 'TokenOfTheFirstUnit'
const issued = { clientId: 'unit1', tokenHash: hashSecret(deviceToken), createdAt: 1, usedAt: null, forbiddenAt: null }

const bySecret = (change: Partial<Parameters<typeof secretLoginConnect>[0]> = {}) =>
  secretLoginConnect({ ...names, deviceSecret, ...change })
const byToken = (change: Partial<Parameters<typeof tokenLoginConnect>[0]> = {}) =>
  tokenLoginConnect({ ...names, clientId: 'unit1', deviceToken, ...change })

const openWithDevice = (product: Parameters<Bench['registry']['addProduct']>[0] | object = {}): Bench => {
  const bench = openBench()
  bench.registry.addProduct({ ...names, ...product })
  bench.registry.addDevice({ ...names, deviceSecret, clientIds: [issued] })
  return bench
}
const lastEntry = (bench: Bench) => bench.registry.entries.at(-1)
const device = (bench: Bench) => bench.registry.peek(names.productKey, names.deviceName)
const admitted = (admission: Admission): Extract<Admission, { kind: 'admitted' }> => {
  if (admission.kind !== 'admitted') throw new Error(`not admitted but ${JSON.stringify(admission)}`)
  return admission
}

describe('a login while the store is away', () => {
  test('is journaled, where it goes by what is remembered', async () => {
    const bench = openWithDevice()
    await bench.admit(bySecret())
    expect(bench.registry.entries).toEqual([])
    bench.registry.outage = { since: 1, rememberedUntil: 2, problem: 'gone' }
    admitted(await bench.admit(bySecret()))
    expect(bench.registry.entries).toEqual([
      expect.objectContaining({
        ...{ outcome: 'admitted', reason: 'logged-in-from-memory', connackCode: 0, mode: 'secret' },
        ...names,
      }),
    ])
  })
})

describe('DeviceSecret login', () => {
  test('answers who this is and keeps the Keep Alive that was asked for', async () => {
    expect(await openWithDevice().admit(bySecret())).toEqual({
      kind: 'admitted',
      identity: { kind: 'device', sessionId: 'al123456789/device1', ...names, clientId: null },
      keepAliveSeconds: 60,
      keepAliveChanged: false,
      serverSubscriptions: [],
    })
  })

  test('the published test vector logs in', async () => {
    const bench = openBench()
    bench.registry.addProduct({ productKey: 'pk' })
    bench.registry.addDevice({ productKey: 'pk', deviceName: 'device', deviceSecret: 'secret' })
    const password = 'FAFD82A3D602B37FB0FA8B7892F24A477F851A14'
    const clientId = '12345|securemode=3,signmethod=hmacsha1,timestamp=789|'
    expect((await bench.admit({ clientId, userName: 'device&pk', password }, {}, over('tcp'))).kind).toBe('admitted')
  })

  test('the method is hmacmd5 where none is named', async () => {
    const { userName, password } = bySecret({ signMethod: 'hmacmd5', id: 'x' })
    expect((await openWithDevice().admit({ clientId: 'x|securemode=2|', userName, password })).kind).toBe('admitted')
  })

  test('the first good login activates durably before it is admitted, later ones write nothing', async () => {
    const bench = openWithDevice()
    await bench.admit(bySecret())
    expect(device(bench)).toMatchObject({ activatedAt: bench.now, secretActivatedAt: bench.now })
    await bench.admit(bySecret())
    expect(bench.registry.calls).toEqual(['activate'])
  })

  test('a secret is activated by its own first login, whatever logged in before it', async () => {
    const bench = openWithDevice()
    await bench.admit(byToken())
    expect(device(bench)?.secretActivatedAt).toBeNull()
    await bench.admit(bySecret())
    expect(device(bench)?.secretActivatedAt).toBe(bench.now)
  })

  test('an activation that the store refuses is a refusal: the secret was replaced meanwhile', async () => {
    const bench = openWithDevice()
    const { activate } = bench.registry
    bench.registry.activate = request => {
      bench.registry.addDevice({ ...names, deviceSecret: 'replaced' })
      return activate(request)
    }
    expect(await bench.admit(bySecret())).toEqual(refusedWith('signature-mismatch'))
  })

  test('a wrong signature activates nothing', async () => {
    const bench = openWithDevice()
    expect(await bench.admit(bySecret({ deviceSecret: 'other' }))).toEqual(refusedWith('signature-mismatch'))
    expect(bench.registry.calls).toEqual([])
  })

  test('a mismatch tells what was signed and that the ProductSecret was used', async () => {
    const bench = openWithDevice()
    await bench.admit(bySecret({ deviceSecret: 'psecret', id: 'x', timestamp: '7' }))
    expect(lastEntry(bench)?.detail).toEqual({
      signedText: 'clientIdxdeviceNamedevice1productKeyal123456789timestamp7',
      signMethod: 'hmacsha256',
      mistakes: ['product-secret-used'],
    })
  })

  test('a device without a secret is told apart from a wrong one, for the operator', async () => {
    const bench = openWithDevice()
    bench.registry.addDevice(names)
    expect(await bench.admit(bySecret())).toEqual(refusedWith('not-registered'))
  })

  test('turning the switch off leaves logins alone', async () => {
    expect((await openWithDevice({ dynamicRegistration: false }).admit(bySecret())).kind).toBe('admitted')
  })
})

describe('DeviceToken login', () => {
  test('answers which unit this is, over plain TCP too', async () => {
    const bench = openWithDevice()
    const { identity } = admitted(await bench.admit(byToken(), {}, over('tcp')))
    expect(identity).toEqual({ kind: 'device', sessionId: 'al123456789/device1', ...names, clientId: 'unit1' })
  })

  test('the first good login marks the token used, later ones write nothing', async () => {
    const bench = openWithDevice()
    await bench.admit(byToken())
    expect(device(bench)?.clientIds[0]?.usedAt).toBe(bench.now)
    expect(device(bench)?.activatedAt).toBe(bench.now)
    await bench.admit(byToken())
    expect(bench.registry.calls).toEqual(['activate'])
  })

  test('the token counts in its case', async () => {
    const bench = openWithDevice()
    expect(await bench.admit(byToken({ deviceToken: deviceToken.toLowerCase() }))).toEqual(
      refusedWith('token-mismatch'),
    )
    expect(lastEntry(bench)).toMatchObject({ connackCode: 4, mode: 'token', detail: { clientId: 'unit1' } })
    expect(JSON.stringify(bench.registry.entries)).not.toContain(deviceToken.toLowerCase())
  })

  test('a ClientID that this device never got is refused', async () => {
    expect(await openWithDevice().admit(byToken({ clientId: 'unit2' }))).toEqual(refusedWith('client-id-unknown'))
  })

  test('a ClientID of another device is refused', async () => {
    const bench = openWithDevice()
    bench.registry.addDevice({ ...names, deviceName: 'device2' })
    expect(await bench.admit(byToken({ deviceName: 'device2' }))).toEqual(refusedWith('client-id-unknown'))
  })

  test('a forbidden ClientID is refused, and only who holds its token hears of it in the journal', async () => {
    const bench = openWithDevice()
    bench.registry.addDevice({ ...names, clientIds: [{ ...issued, forbiddenAt: 9 }] })
    expect(await bench.admit(byToken())).toEqual(refusedWith('client-id-forbidden'))
    expect(await bench.admit(byToken({ deviceToken: 'wrong' }))).toEqual(refusedWith('token-mismatch'))
  })

  test('the token’s hash is no token', async () => {
    expect(await openWithDevice().admit(byToken({ deviceToken: issued.tokenHash }))).toEqual(
      refusedWith('token-mismatch'),
    )
  })
})

describe('both device logins', () => {
  const modes = [
    ['secret', bySecret],
    ['token', byToken],
  ] as const

  test.each(modes)('%s: an unknown product or device is refused', async (_mode, login) => {
    const bench = openWithDevice()
    expect(await bench.admit(login({ productKey: 'other' }))).toEqual(refusedWith('product-unknown'))
    expect(await bench.admit(login({ deviceName: 'other' }))).toEqual(refusedWith('device-unknown'))
    expect(lastEntry(bench)).toMatchObject({ connackCode: 4 })
  })

  test.each(modes)('%s: a disabled device is refused', async (_mode, login) => {
    const bench = openWithDevice()
    bench.registry.change(names.productKey, names.deviceName, { kind: 'disable' })
    expect(await bench.admit(login())).toEqual(refusedWith('device-disabled'))
    expect(bench.registry.calls).toEqual([])
  })

  test.each(modes)(
    '%s: a TLS-only product refuses tcp and ws, by the transport and not by securemode',
    async (_m, login) => {
      const bench = openWithDevice({ tlsOnly: true })
      for (const transport of ['tcp', 'ws'] as const) {
        expect(await bench.admit(login(), {}, over(transport))).toEqual(refusedWith('tls-only-product'))
      }
      expect(bench.registry.calls).toEqual([])
      for (const transport of ['tls', 'wss'] as const) {
        expect((await bench.admit(login(), {}, over(transport))).kind).toBe('admitted')
      }
    },
  )

  test.each(modes)('%s: other products take every transport', async (_mode, login) => {
    const bench = openWithDevice()
    for (const transport of ['tls', 'tcp', 'ws', 'wss'] as const) {
      expect((await bench.admit(login(), {}, over(transport))).kind).toBe('admitted')
    }
  })

  test.each(modes)(
    '%s: only a strict product refuses a Keep Alive below 30 s; above 1200 s it is shortened',
    async (_m, login) => {
      const table = [
        [0, 0, 'keep-alive-refused'],
        [29, 29, 'keep-alive-refused'],
        [30, 30, 30],
        [1200, 1200, 1200],
        [1201, 1200, 1200],
        [65535, 1200, 1200],
      ] as const
      for (const [asked, lenient, strict] of table) {
        for (const strictKeepAlive of [false, true]) {
          const bench = openWithDevice({ strictKeepAlive })
          const admission = await bench.admit(login(), { keepAliveSeconds: asked })
          const expected = strictKeepAlive ? strict : lenient
          if (typeof expected === 'string') {
            expect(admission).toEqual(refusedWith(expected))
            expect(lastEntry(bench)).toMatchObject({ connackCode: 2, detail: { keepAliveSeconds: asked } })
          } else {
            expect(admission).toMatchObject({ keepAliveSeconds: expected, keepAliveChanged: asked !== expected })
          }
        }
      }
    },
  )

  test.each(modes)('%s: _ss=1 asks the server to subscribe the device to its downlink topics', async (_mode, login) => {
    const { serverSubscriptions } = admitted(await openWithDevice().admit(login({ serverSubscribe: true })))
    expect(serverSubscriptions).toEqual(downlinkFilters(names.productKey, names.deviceName))
  })

  test.each(modes)('%s: a good login is not journaled', async (_mode, login) => {
    const bench = openWithDevice()
    await bench.admit(login())
    expect(bench.registry.entries).toEqual([])
  })

  test.each(modes)(
    '%s: a store that is down refuses with a code that lets the device try again',
    async (_mode, login) => {
      const bench = openWithDevice()
      bench.registry.fail(unavailable())
      expect(await bench.admit(login())).toEqual(refusedWith('store-unavailable'))
    },
  )
})

describe('application login', () => {
  const secret = 'application-secret'
  const key = { userName: 'hk1', password: secret, clientId: 'dashboard' }
  const openWithKey = (change: object = {}): Bench => {
    const bench = openBench({ connectsPerMinute: 1 })
    bench.registry.addKey({ id: 'hk1', secretHash: hashSecret(secret), ...change })
    return bench
  }

  test('an API key of the role application opens a session of its own', async () => {
    expect(await openWithKey().admit(key, { keepAliveSeconds: 7 })).toEqual({
      kind: 'admitted',
      identity: { kind: 'application', sessionId: '@hk1/dashboard', keyId: 'hk1', products: 'all' },
      keepAliveSeconds: 7,
      keepAliveChanged: false,
      serverSubscriptions: [],
    })
  })

  test('a key for some products covers only those', async () => {
    const { identity } = admitted(await openWithKey({ products: ['a', 'b'] }).admit(key))
    expect(identity).toMatchObject({ products: new Set(['a', 'b']) })
  })

  test('its Keep Alive is as asked, even 0 or very long', async () => {
    for (const keepAliveSeconds of [0, 65535]) {
      expect(await openWithKey().admit(key, { keepAliveSeconds })).toMatchObject({
        keepAliveSeconds,
        keepAliveChanged: false,
      })
    }
  })

  test('an empty clientId gets one made for it, another each time', async () => {
    const bench = openWithKey()
    const first = admitted(await bench.admit({ ...key, clientId: '' })).identity.sessionId
    const second = admitted(await bench.admit({ ...key, clientId: '' })).identity.sessionId
    expect(first).toMatch(/^@hk1\/[A-Za-z0-9]+$/)
    expect(second).not.toBe(first)
  })

  test('an empty clientId with a lasting session is refused below MQTT 5', async () => {
    const lasting = { cleanStart: false } as const
    expect(await openWithKey().admit({ ...key, clientId: '' }, lasting)).toEqual(refusedWith('client-id-missing'))
    expect((await openWithKey().admit({ ...key, clientId: '' }, { ...lasting, protocolLevel: 5 })).kind).toBe(
      'admitted',
    )
  })

  const refusals = [
    ['an unknown key', { userName: 'hk2' }, {}, 'application-key-unknown'],
    ['a wrong secret', { password: 'wrong' }, {}, 'application-key-mismatch'],
    ['a revoked key', {}, { revokedAt: 5 }, 'application-key-revoked'],
    ['a key of the role admin', {}, { role: 'admin' }, 'application-role-required'],
    ['a key of the role operator', {}, { role: 'operator' }, 'application-role-required'],
    ['a key of the role viewer', {}, { role: 'viewer' }, 'application-role-required'],
  ] as const
  test.each(refusals)('%s is refused', async (_what, sent, stored, reason) => {
    const bench = openWithKey(stored)
    expect(await bench.admit({ ...key, ...sent })).toEqual(refusedWith(reason))
    expect(lastEntry(bench)).toMatchObject({ reason, mode: 'application', productKey: null })
    expect(JSON.stringify(bench.registry.entries)).not.toContain(secret)
  })

  test('TLS is required, for the secret crosses the wire as it is', async () => {
    for (const transport of ['tcp', 'ws'] as const) {
      expect(await openWithKey().admit(key, {}, over(transport))).toEqual(refusedWith('tls-required'))
    }
    expect((await openWithKey().admit(key, {}, over('wss'))).kind).toBe('admitted')
  })

  test('the rate limit of devices is not its', async () => {
    const bench = openWithKey()
    for (let count = 0; count < 5; count += 1) expect((await bench.admit(key)).kind).toBe('admitted')
  })
})
