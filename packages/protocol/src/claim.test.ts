import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Claim, parseClaim } from './claim.ts'
import { registrationConnect } from './device-connect.ts'
import { isReasonCode } from './reasons.ts'
import { loginText, registrationText, SIGN_METHODS, sign, verify } from './signature.ts'

const claimOf = (clientId: string, userName = 'dev1&pk1', password = 'aa'): Claim => {
  const result = parseClaim({ clientId, userName, password })
  if (!result.ok) throw new Error(result.reason)
  return result.claim
}

const DEV1 = { productKey: 'pk1', deviceName: 'dev1', signature: 'aa' }

describe('clientIds of devices in the field', () => {
  test.each<[clientId: string, expected: Partial<Claim>]>([
    [
      'dev1.pk1|random=2660082039,authType=register,securemode=2,signmethod=hmacsha256|',
      { ...DEV1, mode: 'register', id: 'dev1.pk1', random: '2660082039', signMethod: 'hmacsha256', secureMode: 2 },
    ],
    [
      'dev1.pk1|random=77,authType=regnwl,securemode=2,signmethod=hmacsha256,instanceId=iot-060a0abc|',
      {
        ...DEV1,
        mode: 'regnwl',
        id: 'dev1.pk1',
        random: '77',
        signMethod: 'hmacsha256',
        secureMode: 2,
        instanceId: 'iot-060a0abc',
      },
    ],
    [
      'pk1.dev1|authType=register,random=D2249570,signmethod=hmacsha256,securemode=2|',
      { ...DEV1, mode: 'register', id: 'pk1.dev1', random: 'D2249570', signMethod: 'hmacsha256', secureMode: 2 },
    ],
    [
      '1700000000000|securemode=2,authType=regnwl,random=1700000000000,signmethod=hmacsha1|',
      { ...DEV1, mode: 'regnwl', id: '1700000000000', random: '1700000000000', signMethod: 'hmacsha1', secureMode: 2 },
    ],
    [
      'dev1|securemode=-2,authType=regnwl,random=123,signmethod=hmacmd5,instanceId=iot-x|',
      {
        ...DEV1,
        mode: 'regnwl',
        id: 'dev1',
        random: '123',
        signMethod: 'hmacmd5',
        secureMode: -2,
        instanceId: 'iot-x',
      },
    ],
    [
      'pk1.dev1|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,_conn=tls_2a|',
      {
        ...DEV1,
        mode: 'secret',
        id: 'pk1.dev1',
        timestamp: '2524608000000',
        signMethod: 'hmacsha256',
        secureMode: '2',
        serverSubscribe: true,
      },
    ],
    [
      'pk1.dev1|timestamp=2524608000000,_v=sdk-c-3.2.0,securemode=2,signmethod=hmacsha256,lan=C,_ss=1,gw=0,ext=0|',
      {
        ...DEV1,
        mode: 'secret',
        id: 'pk1.dev1',
        timestamp: '2524608000000',
        signMethod: 'hmacsha256',
        secureMode: '2',
        serverSubscribe: true,
      },
    ],
    [
      'pk1&dev1|securemode=3,signmethod=hmacsha1,timestamp=1795367831918,lan=NodeJS,_v=1.2.8|',
      {
        ...DEV1,
        mode: 'secret',
        id: 'pk1&dev1',
        timestamp: '1795367831918',
        signMethod: 'hmacsha1',
        secureMode: '3',
        serverSubscribe: false,
      },
    ],
    [
      'pk1&dev1|securemode=3,signmethod=hmacsha1,timestamp=1,lan=JS|Ali,_v=1.2.8|',
      {
        ...DEV1,
        mode: 'secret',
        id: 'pk1&dev1',
        timestamp: '1',
        signMethod: 'hmacsha1',
        secureMode: '3',
        serverSubscribe: false,
      },
    ],
    [
      'pk1.dev1|securemode=2,signmethod=hmacsha256,timestamp=1,ext=3,|',
      {
        ...DEV1,
        mode: 'secret',
        id: 'pk1.dev1',
        timestamp: '1',
        signMethod: 'hmacsha256',
        secureMode: '2',
        serverSubscribe: false,
      },
    ],
    [
      'K19uYV000100|authType=connwl,securemode=-2,_ss=1,ext=3,_v=sdk-c-4.2.0|',
      {
        mode: 'token',
        clientId: 'K19uYV000100',
        productKey: 'pk1',
        deviceName: 'dev1',
        token: 'aa',
        serverSubscribe: true,
      },
    ],
    [
      'K19uYV000100|timestamp=1795367831918,_v=paho-android-1.0.0,securemode=-2,authType=connwl|',
      {
        mode: 'token',
        clientId: 'K19uYV000100',
        productKey: 'pk1',
        deviceName: 'dev1',
        token: 'aa',
        serverSubscribe: false,
      },
    ],
  ])('%s', (clientId, expected) => {
    expect(claimOf(clientId)).toEqual(expected)
  })
})

const REGISTER = 'd|securemode=2,authType=register,random=1,signmethod=hmacsha256|'
const without = (name: string) => REGISTER.replace(new RegExp(`${name}=[^,|]*,?`), '')
const withValue = (name: string, value: string) => REGISTER.replace(new RegExp(`${name}=[^,|]*`), `${name}=${value}`)
const long = 'x'.repeat(65)

describe('refusals name what is wrong and keep what was readable', () => {
  test.each<[reason: string, field: string, clientId: string, userName: string | undefined, password: string]>([
    ['parameter-missing:securemode', 'clientId', without('securemode'), 'dev1&pk1', 'aa'],
    ['parameter-missing:signmethod', 'clientId', without('signmethod'), 'dev1&pk1', 'aa'],
    ['parameter-missing:random', 'clientId', without('random'), 'dev1&pk1', 'aa'],
    ['parameter-missing:authType', 'clientId', without('authType'), 'dev1&pk1', 'aa'],
    ['parameter-invalid:authType', 'clientId', withValue('authType', 'login'), 'dev1&pk1', 'aa'],
    ['parameter-invalid:authType', 'clientId', withValue('authType', ''), 'dev1&pk1', 'aa'],
    ['parameter-invalid:authType', 'clientId', withValue('authType', 'constructor'), 'dev1&pk1', 'aa'],
    ['parameter-invalid:securemode', 'clientId', withValue('securemode', '3'), 'dev1&pk1', 'aa'],
    ['parameter-invalid:signmethod', 'clientId', withValue('signmethod', 'sha256'), 'dev1&pk1', 'aa'],
    ['parameter-invalid:random', 'clientId', withValue('random', ''), 'dev1&pk1', 'aa'],
    ['parameter-invalid:random', 'clientId', withValue('random', long), 'dev1&pk1', 'aa'],
    ['parameter-invalid:instanceId', 'clientId', withValue('random', `1,instanceId=${long}`), 'dev1&pk1', 'aa'],
    ['parameter-invalid:timestamp', 'clientId', `d|securemode=2,timestamp=${long}|`, 'dev1&pk1', 'aa'],
    ['parameter-invalid:signmethod', 'clientId', 'd|securemode=2,signmethod=md5|', 'dev1&pk1', 'aa'],
    ['block-not-closed', 'clientId', REGISTER.slice(0, -1), 'dev1&pk1', 'aa'],
    ['block-missing', 'clientId', 'dev1', 'dev1&pk1', 'aa'],
    ['block-missing', 'clientId', 'dev1', undefined, 'aa'],
    ['client-id-missing', 'clientId', '', undefined, ''],
    ['client-id-malformed', 'clientId', REGISTER.slice(1), 'dev1&pk1', 'aa'],
    ['client-id-malformed', 'clientId', long + REGISTER.slice(1), 'dev1&pk1', 'aa'],
    ['issued-client-id-malformed', 'clientId', 'pk1.dev1|authType=connwl|', 'dev1&pk1', 'aa'],
    ['user-name-missing', 'userName', REGISTER, undefined, 'aa'],
    ['user-name-missing', 'userName', REGISTER, '', 'aa'],
    ['user-name-malformed', 'userName', REGISTER, 'dev1', 'aa'],
    ['user-name-malformed', 'userName', REGISTER, 'dev1&', 'aa'],
    ['user-name-malformed', 'userName', REGISTER, '&pk1', 'aa'],
    ['user-name-malformed', 'userName', REGISTER, 'dev1&pk1&x', 'aa'],
    ['product-key-malformed', 'userName', REGISTER, 'al123456789&dev_1', 'aa'],
    ['product-key-malformed', 'userName', REGISTER, 'dev1&sys', 'aa'],
    ['device-name-malformed', 'userName', REGISTER, 'dev&pk1', 'aa'],
    ['device-name-malformed', 'userName', REGISTER, 'dev/1&pk1', 'aa'],
    ['password-missing', 'password', REGISTER, 'dev1&pk1', ''],
    ['password-missing', 'password', 'app', 'hk1', ''],
  ])('%s in %s: %s %s', (reason, field, clientId, userName, password) => {
    const result = parseClaim({ clientId, userName, password })
    expect(result).toMatchObject({ ok: false, reason, field })
    if (userName === 'dev1&pk1') expect(result).toMatchObject({ productKey: 'pk1', deviceName: 'dev1' })
  })

  test('the mode is told as soon as the authType could be read', () => {
    const result = parseClaim({ clientId: REGISTER.slice(0, -1), userName: 'dev1&pk1', password: 'aa' })
    expect(result).toMatchObject({ mode: 'register' })
  })

  test('the detail holds lengths and never the value', () => {
    const result = parseClaim({ clientId: withValue('random', long), userName: 'dev1&pk1', password: 'aa' })
    expect(result).toMatchObject({ detail: 'random is 65 characters long, 1 to 64 allowed' })
  })
})

describe('what is accepted', () => {
  test('authType and signmethod in any case', () => {
    const clientId = 'd|SecureMode=2,AUTHTYPE=Register,RANDOM=aB,SignMethod=HmacMD5|'
    expect(claimOf(clientId)).toMatchObject({ mode: 'register', random: 'aB', signMethod: 'hmacmd5' })
    expect(claimOf('K1|authtype=ConnWL|')).toMatchObject({ mode: 'token' })
  })

  test('a login without signmethod, timestamp and securemode, signed with HMAC-MD5', () => {
    expect(claimOf('d|_v=1|')).toEqual({
      ...DEV1,
      mode: 'secret',
      id: 'd',
      signMethod: 'hmacmd5',
      serverSubscribe: false,
    })
  })

  test('any securemode on a login: it is unsigned', () => {
    for (const mode of ['2', '3', '-2', 'x', '']) expect(claimOf(`d|securemode=${mode}|`).mode).toBe('secret')
  })

  test('a login that carries both timestamp and random', () => {
    expect(claimOf('d|securemode=2,timestamp=1,random=5|')).toMatchObject({ mode: 'secret', timestamp: '1' })
  })

  test('an empty instanceId counts as none', () => {
    expect(claimOf(withValue('random', '1,instanceId='))).not.toHaveProperty('instanceId')
  })

  test('an API key with any clientId, even one with bars, as long as no device parameter is in it', () => {
    for (const clientId of ['', 'app', 'a|b', 'a|b=c|']) {
      expect(claimOf(clientId, 'hk1', 's')).toEqual({ mode: 'application', clientId, keyId: 'hk1', secret: 's' })
    }
  })

  test('a password given as bytes', () => {
    const result = parseClaim({ clientId: REGISTER, userName: 'dev1&pk1', password: Buffer.from('aB12') })
    expect(result).toMatchObject({ ok: true, claim: { signature: 'aB12' } })
  })
})

test('the known signatures verify from CONNECT to HMAC', () => {
  const registration = claimOf(
    'x|securemode=-2,authType=register,random=123,signmethod=hmacsha256|',
    'device1&al123456789',
    'E4C2D9F48BDD25F7613512AA8C510A1A5D224016CA62739E6B18A5A9A617D4DC',
  )
  if (registration.mode !== 'register') throw new Error(registration.mode)
  expect(verify(registration.signMethod, 'psecret', registrationText(registration), registration.signature)).toBe(true)
  const login = claimOf(
    '12345|securemode=3,signmethod=hmacsha1,timestamp=789|',
    'device&pk',
    'FAFD82A3D602B37FB0FA8B7892F24A477F851A14',
  )
  if (login.mode !== 'secret') throw new Error(login.mode)
  expect(verify(login.signMethod, 'secret', loginText(login), login.signature)).toBe(true)
})

const anyCase = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map(flags => [...text].map((c, at) => (flags[at] === true ? c.toUpperCase() : c.toLowerCase())).join(''))

test('property: order, case of keys, unknown keys and junk change nothing that is verified', () => {
  const noise = fc.array(fc.constantFrom('', 'lan=JS|Ali', '_v=1', 'ext=3', 'junk', ' ', 'os=', 'gw=0', '='), {
    maxLength: 6,
  })
  const pieces = fc
    .record({
      securemode: anyCase('securemode'),
      authType: anyCase('authtype'),
      register: anyCase('register'),
      random: anyCase('random'),
      signmethod: anyCase('signmethod'),
      method: fc.constantFrom(...SIGN_METHODS).chain(anyCase),
      noise,
    })
    .chain(p => {
      const entries = [
        `${p.securemode}=2`,
        ` ${p.authType} = ${p.register}`,
        `${p.random}=r-7`,
        `${p.signmethod}=${p.method}`,
        ...p.noise,
      ]
      return fc
        .shuffledSubarray(entries, { minLength: entries.length })
        .map(shuffled => ({ shuffled, method: p.method }))
    })
  fc.assert(
    fc.property(pieces, fc.boolean(), ({ shuffled, method }, isUpper) => {
      const text = registrationText({ deviceName: 'dev1', productKey: 'pk1', random: 'r-7' })
      const announced = SIGN_METHODS.find(name => name === method.toLowerCase()) ?? 'hmacmd5'
      const signature = sign(announced, 'psecret', text)
      const claim = claimOf(`d|${shuffled.join(',')}|`, 'dev1&pk1', isUpper ? signature.toUpperCase() : signature)
      if (claim.mode !== 'register') throw new Error(claim.mode)
      expect(verify(claim.signMethod, 'psecret', registrationText(claim), claim.signature)).toBe(true)
    }),
  )
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({
    unit: fc.constantFrom('|', ',', '=', '&', ' ', 'a', 'random', 'authType', 'register', '\0'),
    maxLength: 30,
  }),
)

test('property: no CONNECT makes it throw, and each refusal has a reason of the table', () => {
  const password = fc.oneof(hostile, fc.uint8Array({ maxLength: 80 }), fc.constant(undefined))
  fc.assert(
    fc.property(hostile, fc.option(hostile, { nil: undefined }), password, (clientId, userName, bytes) => {
      const result = parseClaim({ clientId, userName, password: bytes })
      expect(result.ok || isReasonCode(result.reason)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('property: what our device side builds is what is claimed', () => {
  const random = fc.stringMatching(/^[A-Za-z0-9.-]{1,64}$/)
  fc.assert(
    fc.property(
      random,
      fc.constantFrom(...SIGN_METHODS),
      fc.constantFrom('register', 'regnwl'),
      (r, signMethod, mode) => {
        const input = { mode, productKey: 'pk1', productSecret: 's', deviceName: 'dev1', random: r, signMethod }
        expect(parseClaim(registrationConnect(input))).toMatchObject({
          ok: true,
          claim: { mode, random: r, signMethod },
        })
      },
    ),
  )
})
