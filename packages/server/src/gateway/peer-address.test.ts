import { expect, test } from 'vitest'
import { addressMatcher, plainAddress } from './peer-address.ts'

test.each([
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['10.0.0.1', '10.0.0.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:0:1', '::ffff:0:1'],
])('%s is written as %s', (given, plain) => {
  expect(plainAddress(given)).toBe(plain)
})

test.each([
  ['10.0.0.5', true],
  ['10.0.0.6', false],
  ['192.168.3.255', true],
  ['192.168.4.0', false],
  ['2001:db8::5', true],
  ['2001:DB8:0::5', true],
  ['2001:db8::6', false],
  ['fe80::77', true],
  ['fe80::77%eth0', true],
  ['fe81::77', false],
  ['no address', false],
])('%s is listed by address or network: %s', (address, isListed) => {
  expect(addressMatcher(['10.0.0.5', '192.168.2.0/23', '2001:db8::5', 'fe80::/64'])(address)).toBe(isListed)
})

test('an empty list has nobody in it, and a network of 0 bits its whole family', () => {
  expect(addressMatcher([])('127.0.0.1')).toBe(false)
  const anyIPv4 = addressMatcher(['0.0.0.0/0'])
  expect([anyIPv4('203.0.113.9'), anyIPv4('::1')]).toEqual([true, false])
})
