import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxProxyHeaderBytes, readProxyHeader } from './proxy-header.ts'

const signature = '0d0a0d0a000d0a515549540a'
/** Version 2: command, family and transport, and what follows the length. */
const binary = (command: string, family: string, rest: string, length = rest.length / 2): Buffer =>
  Buffer.from(`${signature}${command}${family}${length.toString(16).padStart(4, '0')}${rest}`, 'hex')
const text = (line: string): Buffer => Buffer.from(`${line}\r\n`, 'latin1')

const ports = 'c35c075b'
const fromIPv4 = `cb007109c0000201${ports}` // 203.0.113.9 to 192.0.2.1
const fromIPv6 = `20010db8${'0'.repeat(22)}09${'20010db8'.padEnd(32, '0')}${ports}` // 2001:db8::9
const mappedIPv6 = `${'0'.repeat(20)}ffffcb007109${'0'.repeat(32)}${ports}`
const longest = `${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535`

const whole: readonly [name: string, bytes: Buffer, address: string | null][] = [
  ['v1 TCP4', text('PROXY TCP4 203.0.113.9 192.0.2.1 50012 1883'), '203.0.113.9'],
  ['v1 TCP4 with the least and the largest port', text('PROXY TCP4 0.0.0.0 255.255.255.255 0 65535'), '0.0.0.0'],
  ['v1 TCP6', text('PROXY TCP6 2001:db8::9 2001:db8::1 50012 1883'), '2001:db8::9'],
  ['v1 TCP6 in another spelling', text('PROXY TCP6 2001:0DB8:0:0::0009 ::1 50012 1883'), '2001:db8::9'],
  ['v1 TCP6 that holds an IPv4 address', text('PROXY TCP6 ::ffff:203.0.113.9 ::1 50012 1883'), '203.0.113.9'],
  ['v1 TCP6 of the largest size', text(`PROXY TCP6 ${longest}`), 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['v1 UNKNOWN', text('PROXY UNKNOWN'), null],
  ['v1 UNKNOWN with addresses', text('PROXY UNKNOWN ffff::1 what ever 1'), null],
  ['v1 UNKNOWN of the largest size', text(`PROXY UNKNOWN ${longest}`), null],
  ['v2 PROXY, IPv4', binary('21', '11', fromIPv4), '203.0.113.9'],
  ['v2 PROXY, IPv6', binary('21', '21', fromIPv6), '2001:db8::9'],
  ['v2 PROXY, IPv4 in IPv6', binary('21', '21', mappedIPv6), '203.0.113.9'],
  ['v2 PROXY, IPv4 with TLVs', binary('21', '11', `${fromIPv4}0400020000ee0001ff`), '203.0.113.9'],
  ['v2 PROXY, IPv6 with a TLV', binary('21', '21', `${fromIPv6}05000161`), '2001:db8::9'],
  ['v2 PROXY, unspecified', binary('21', '00', ''), null],
  ['v2 PROXY, unspecified, with a TLV', binary('21', '00', '0400020000'), null],
  ['v2 PROXY, UDP over IPv4', binary('21', '12', fromIPv4), null],
  ['v2 PROXY, UDP over IPv6', binary('21', '22', fromIPv6), null],
  ['v2 PROXY, UNIX stream', binary('21', '31', '61'.repeat(216)), null],
  ['v2 PROXY, UNIX datagram', binary('21', '32', '61'.repeat(216)), null],
  ['v2 LOCAL', binary('20', '00', ''), null],
  ['v2 LOCAL with addresses', binary('20', '11', fromIPv4), null],
  ['v2 LOCAL of an unknown family', binary('20', '55', 'ff'), null],
  ['v2 of the largest size', binary('21', '11', fromIPv4.padEnd(2 * (maxProxyHeaderBytes - 16), '0')), '203.0.113.9'],
]

describe.each(whole)('%s', (_name, bytes, address) => {
  test('is read, and what follows it is left', () => {
    const expected = { kind: 'whole', sizeBytes: bytes.length, address }
    expect(readProxyHeader(bytes)).toEqual(expected)
    expect(readProxyHeader(Buffer.concat([bytes, Buffer.from('\r\n\x10rest')]))).toEqual(expected)
  })

  test('is not whole before its last byte', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(readProxyHeader(bytes.subarray(0, length))).toEqual({ kind: 'need-more' })
  })
})

const notOne = 'it does not begin with one'
const noSuchProtocol = 'it names a protocol other than TCP4, TCP6 and UNKNOWN'
const wrongFields = 'its line is not two addresses and two ports, one space before each'
const wrongPort = 'a port is not a number from 0 to 65535'
const wrongCommand = 'its version is not 2, or its command neither LOCAL nor PROXY'
const wrongFamily = 'its address family or transport is unknown'
const tooShort = 'it is too short for its addresses'

const malformed: readonly [name: string, bytes: Buffer, problem: string][] = [
  ['an MQTT CONNECT', Buffer.from('101000044d515454', 'hex'), notOne],
  ['a TLS record', Buffer.from('160301', 'hex'), notOne],
  ['an HTTP GET', Buffer.from('GET / HTTP/1.1'), notOne],
  ['a POST', Buffer.from('PO'), notOne],
  ['lower case', Buffer.from('proxy'), notOne],
  ['PROXY and no space', text('PROXY'), notOne],
  ['a signature with another byte', Buffer.from('0d0a0d0a01', 'hex'), notOne],
  ['v1 without a protocol', text('PROXY '), noSuchProtocol],
  ['v1 of another protocol', text('PROXY UDP4 203.0.113.9 192.0.2.1 50012 1883'), noSuchProtocol],
  ['v1 UNKNOWN run together with more', text('PROXY UNKNOWNS'), noSuchProtocol],
  ['v1 without addresses', text('PROXY TCP4'), wrongFields],
  ['v1 with one port', text('PROXY TCP4 203.0.113.9 192.0.2.1 50012'), wrongFields],
  ['v1 with three ports', text('PROXY TCP4 203.0.113.9 192.0.2.1 50012 1883 1'), wrongFields],
  ['v1 with a space at its end', text('PROXY TCP4 203.0.113.9 192.0.2.1 50012 1883 '), wrongFields],
  ['v1 with two spaces', text('PROXY TCP4  203.0.113.9 192.0.2.1 50012'), 'an address is none of TCP4'],
  ['v1 with IPv6 in TCP4', text('PROXY TCP4 ::1 192.0.2.1 50012 1883'), 'an address is none of TCP4'],
  ['v1 with IPv4 in TCP6', text('PROXY TCP6 203.0.113.9 ::1 50012 1883'), 'an address is none of TCP6'],
  ['v1 with a bad destination', text('PROXY TCP4 203.0.113.9 192.0.2.256 50012 1883'), 'an address is none of TCP4'],
  ['v1 with a zero before a number', text('PROXY TCP4 203.0.113.09 192.0.2.1 1 1'), 'an address is none of TCP4'],
  ['v1 with the zone of an address', text('PROXY TCP6 fe80::1%eth0 ::1 50012 1883'), 'an address is none of TCP6'],
  ['v1 with a host name', text('PROXY TCP4 localhost 192.0.2.1 50012 1883'), 'an address is none of TCP4'],
  ['v1 with a port too large', text('PROXY TCP4 203.0.113.9 192.0.2.1 65536 1883'), wrongPort],
  ['v1 with a negative port', text('PROXY TCP4 203.0.113.9 192.0.2.1 50012 -1'), wrongPort],
  ['v1 with a zero before a port', text('PROXY TCP4 203.0.113.9 192.0.2.1 050 1883'), wrongPort],
  ['v1 that ends with LF alone', Buffer.from('PROXY UNKNOWN\n'), 'its line does not end with CR LF'],
  ['v1 longer than 107 bytes', Buffer.from(`PROXY UNKNOWN ${' '.repeat(93)}`), 'its line is longer than 107 bytes'],
  ['v1 whose LF is byte 108', text(`PROXY UNKNOWN ${longest} `), 'its line is longer than 107 bytes'],
  ['v2 with version 1', binary('11', '11', fromIPv4), wrongCommand],
  ['v2 with version 3', binary('31', '11', fromIPv4), wrongCommand],
  ['v2 with an unknown command', binary('22', '11', fromIPv4), wrongCommand],
  ['v2 with an unknown family', binary('21', '41', fromIPv4), wrongFamily],
  ['v2 with an unknown transport', binary('21', '13', fromIPv4), wrongFamily],
  ['v2 with IPv4 of no transport', binary('21', '10', fromIPv4), wrongFamily],
  ['v2 too short for IPv4', binary('21', '11', fromIPv4.slice(2)), tooShort],
  ['v2 too short for IPv6', binary('21', '21', fromIPv4), tooShort],
  ['v2 too short for UNIX', binary('21', '31', fromIPv6), tooShort],
  [
    'v2 larger than is held',
    binary('21', '11', fromIPv4, maxProxyHeaderBytes - 15),
    `it is longer than ${maxProxyHeaderBytes} bytes`,
  ],
  ['v2 LOCAL larger than is held', binary('20', '00', '', 0xffff), `it is longer than ${maxProxyHeaderBytes} bytes`],
]

test.each(malformed)('%s is refused, whatever follows', (_name, bytes, problem) => {
  expect(readProxyHeader(bytes)).toEqual({ kind: 'malformed', problem })
  expect(readProxyHeader(Buffer.concat([bytes, Buffer.from('\r\n')]))).toEqual({ kind: 'malformed', problem })
})

test('no bytes make it throw, hold more than its limit, or take more than there is', () => {
  const prefix = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 1.2.3.4 ', 'PROXY TCP6 ::').map(start => Buffer.from(start))
  const start = fc.oneof(
    prefix,
    fc.constantFrom('', '21', '2111', '2121', '20').map(hex => Buffer.from(signature + hex, 'hex')),
  )
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (beginning, rest) => {
      const bytes = Buffer.concat([beginning, rest])
      const header = readProxyHeader(bytes)
      if (header.kind === 'whole') expect(header.sizeBytes).toBeLessThanOrEqual(bytes.length)
      if (header.kind === 'need-more') expect(bytes.length).toBeLessThan(maxProxyHeaderBytes)
    }),
  )
})
