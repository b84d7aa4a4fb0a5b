import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  isDeviceName,
  isDeviceSecret,
  isDeviceToken,
  isFreeId,
  isIssuedClientId,
  isProductKey,
  isProductSecret,
  isRandom,
  newClientId,
  newDeviceSecret,
  newDeviceToken,
  newKeyId,
  newKeySecret,
  newProductKey,
  newProductSecret,
} from './names.ts'

const x = (length: number) => 'x'.repeat(length)

describe.each<[name: string, check: (text: string) => boolean, good: string[], bad: string[]]>([
  ['ProductKey', isProductKey, ['a', 'al123456789', x(20)], ['', x(21), 'a-b', 'a b', 'a&b', 'ä', 'sys', 'ext', 'ota']],
  ['ProductKey', isProductKey, ['sysx', 'Sys'], ['shadow', 'broadcast', 'as']],
  ['ProductSecret', isProductSecret, ['p', 'A1b2', x(64)], ['', x(65), 'a b', 'a\n', 'é']],
  ['DeviceName', isDeviceName, ['dev1', 'a_@.:-', 'A0:B1:C2', x(32)], ['dev', x(33), 'dev&', 'dev/1', 'dev+', 'dév1']],
  ['DeviceSecret', isDeviceSecret, ['s', 'p#$%', x(64)], ['', x(65), 'a b', 'a\u007f']],
  ['issued ClientID', isIssuedClientId, ['K19uYV000100', x(64)], ['', x(65), 'a.b', 'a|b']],
  ['DeviceToken', isDeviceToken, ['t', x(63)], ['', x(64), 'a=']],
  ['free id', isFreeId, ['a', 'pk.dn', ' ', '设备', x(64)], ['', x(65), 'a|b']],
  ['random', isRandom, ['1', '123', 'ü', x(64)], ['', x(65)]],
])('%s', (_name, check, good, bad) => {
  test.each(good)('may be %j', text => expect(check(text)).toBe(true))
  test.each(bad)('may not be %j', text => expect(check(text)).toBe(false))
})

describe.each<[string, (random: typeof randomBytes) => string, RegExp, (text: string) => boolean]>([
  ['newProductKey', newProductKey, /^[A-Za-z0-9]{11}$/, isProductKey],
  ['newProductSecret', newProductSecret, /^[A-Za-z0-9]{16}$/, isProductSecret],
  ['newDeviceSecret', newDeviceSecret, /^[0-9a-f]{32}$/, isDeviceSecret],
  ['newClientId', newClientId, /^[A-Za-z0-9]{24}$/, isIssuedClientId],
  ['newDeviceToken', newDeviceToken, /^[A-Za-z0-9]{32}$/, isDeviceToken],
  ['newKeyId', newKeyId, /^hk[A-Za-z0-9]{14}$/, text => !text.includes('&')],
  ['newKeySecret', newKeySecret, /^[A-Za-z0-9]{40}$/, text => text.length === 40],
])('%s', (_name, make, shape, check) => {
  test('has the shape that devices can store, and is another one each time', () => {
    const made = Array.from({ length: 50 }, () => make(randomBytes))
    for (const text of made) {
      expect(text).toMatch(shape)
      expect(check(text)).toBe(true)
    }
    expect(new Set(made).size).toBe(made.length)
  })

  test('follows from the bytes it is given', () => {
    const fixed = (sizeBytes: number) => new Uint8Array(sizeBytes).map((_, index) => (index * 37 + 11) % 256)
    expect(make(fixed as typeof randomBytes)).toBe(make(fixed as typeof randomBytes))
  })
})

test('every byte value that is used stands for each character equally often', () => {
  const counts = new Map<string, number>()
  for (let byte = 0; byte < 248; byte++) {
    const key = newProductKey(sizeBytes => new Uint8Array(sizeBytes).fill(byte))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  expect(counts.size).toBe(62)
  expect(new Set(counts.values())).toEqual(new Set([4]))
})

test('a source of randomness that gives nothing usable ends with an error, not a loop', () => {
  expect(() => newClientId(sizeBytes => new Uint8Array(sizeBytes).fill(255))).toThrow('randomness')
  expect(() => newClientId(() => new Uint8Array(0))).toThrow('randomness')
  expect(() => newDeviceSecret(() => new Uint8Array(3))).toThrow('randomness')
})
