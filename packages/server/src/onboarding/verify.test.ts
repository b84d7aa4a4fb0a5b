import { sign } from '@hatchway/protocol'
import { expect, test } from 'vitest'
import { hashSecret } from '../registry/hash.ts'
import { hasHash, isSignedWith } from './verify.ts'

const text = 'deviceNamedevice1productKeyal123456789random123'
const signedWith = (secret: string) => ({ text, method: 'hmacmd5', signature: sign('hmacmd5', secret, text) }) as const

test('the published vector verifies in either case', () => {
  const signature = 'b42912c61861c37919ea45effb5fa6b2'
  expect(isSignedWith('psecret', { text, method: 'hmacmd5', signature })).toBe(true)
  expect(isSignedWith('psecret', { text, method: 'hmacmd5', signature: signature.toUpperCase() })).toBe(true)
})

test('another text, method or secret does not verify, nor does a part of the signature', () => {
  const good = signedWith('psecret')
  expect(isSignedWith('psecret', { ...good, text: `${text}4` })).toBe(false)
  expect(isSignedWith('psecret', { ...good, method: 'hmacsha1' })).toBe(false)
  expect(isSignedWith('other', good)).toBe(false)
  expect(isSignedWith('psecret', { ...good, signature: good.signature.slice(1) })).toBe(false)
  expect(isSignedWith('psecret', { ...good, signature: '' })).toBe(false)
})

test('where there is no secret nothing verifies, not even what is compared with in its place', () => {
  const inItsPlace = '0123456789abcdef0123456789abcdef'
  expect(isSignedWith(inItsPlace, signedWith(inItsPlace))).toBe(true)
  for (const secret of ['', inItsPlace]) {
    expect(isSignedWith(undefined, signedWith(secret))).toBe(false)
    expect(isSignedWith(null, signedWith(secret))).toBe(false)
  }
})

test('a token has its own hash and no other, and none where there is none', () => {
  expect(hasHash('token', hashSecret('token'))).toBe(true)
  expect(hasHash('Token', hashSecret('token'))).toBe(false)
  expect(hasHash('token', hashSecret('token').slice(1))).toBe(false)
  expect(hasHash('token', undefined)).toBe(false)
})
