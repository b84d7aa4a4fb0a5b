import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  loginText,
  parseSignMethod,
  registrationText,
  SIGN_METHODS,
  type SignMethod,
  sign,
  verify,
} from './signature.ts'

const REGISTRATION = 'deviceNamedevice1productKeyal123456789random123'

const VECTORS: [SignMethod, key: string, text: string, signature: string][] = [
  ['hmacmd5', 'psecret', REGISTRATION, 'b42912c61861c37919ea45effb5fa6b2'],
  ['hmacsha1', 'psecret', REGISTRATION, '4af0bdf4fec2780873b55ec28d22c7f2db837950'],
  ['hmacsha256', 'psecret', REGISTRATION, 'e4c2d9f48bdd25f7613512aa8c510a1a5d224016ca62739e6b18a5a9a617d4dc'],
  [
    'hmacsha1',
    'secret',
    'clientId12345deviceNamedeviceproductKeypktimestamp789',
    'FAFD82A3D602B37FB0FA8B7892F24A477F851A14',
  ],
]

describe.each(VECTORS)('%s with key %s', (method, key, text, signature) => {
  test('signs the known text to the known signature, in lower case', () => {
    expect(sign(method, key, text)).toBe(signature.toLowerCase())
  })

  test('verifies it in upper and in lower case', () => {
    expect(verify(method, key, text, signature.toUpperCase())).toBe(true)
    expect(verify(method, key, text, signature.toLowerCase())).toBe(true)
  })

  test('refuses another key, text, method, a changed, cut or longer signature', () => {
    expect(verify(method, `${key}x`, text, signature)).toBe(false)
    expect(verify(method, key, `${text}x`, signature)).toBe(false)
    for (const other of SIGN_METHODS.filter(name => name !== method)) {
      expect(verify(other, key, text, signature)).toBe(false)
    }
    const last = signature.endsWith('0') ? '1' : '0'
    for (const wrong of ['', signature.slice(0, -1) + last, signature.slice(0, -1), `${signature}0`, `${signature} `]) {
      expect(verify(method, key, text, wrong)).toBe(false)
    }
  })
})

test('the signing texts join sorted keys and values without separators', () => {
  expect(registrationText({ deviceName: 'device1', productKey: 'al123456789', random: '123' })).toBe(REGISTRATION)
  const login = { id: '12345', deviceName: 'device', productKey: 'pk' }
  expect(loginText({ ...login, timestamp: '789' })).toBe('clientId12345deviceNamedeviceproductKeypktimestamp789')
  expect(loginText(login)).toBe('clientId12345deviceNamedeviceproductKeypk')
  expect(loginText({ ...login, timestamp: '' })).toBe('clientId12345deviceNamedeviceproductKeypktimestamp')
})

test('sign methods are named in any case', () => {
  expect(['HmacMD5', 'HMACSHA1', 'hmacsha256'].map(parseSignMethod)).toEqual(SIGN_METHODS)
  for (const text of ['', 'sha256', 'hmac-sha256', 'hmacsha512', 'constructor']) {
    expect(parseSignMethod(text)).toBeUndefined()
  }
})

test('property: any text may be verified, and only its own signature is good', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      expect(verify('hmacsha256', a, b, a)).toBe(false)
      const good = sign('hmacsha256', a, b)
      expect(verify('hmacsha256', a, b, good.toUpperCase())).toBe(true)
      for (const bad of [`${good}0`, `${good}00`, good.slice(1), good.slice(2), `g${good.slice(1)}`, `${good} `]) {
        expect(verify('hmacsha256', a, b, bad)).toBe(false)
      }
    }),
  )
})
