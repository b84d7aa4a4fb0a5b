import { REASON_CODES, reason } from '@hatchway/protocol'
import { expect, test } from 'vitest'
import { decodeConnack, Framer, isReasonCode, MalformedPacket, type ProtocolLevel } from '../mqtt/index.ts'
import { refusalOf, refusalOfMalformed } from './refusal.ts'

function codeIn(bytes: Buffer, level: ProtocolLevel): number {
  const framer = new Framer({ maxPacketSizeBytes: 100 })
  framer.push(bytes)
  expect(framer.next()).toBe(true)
  const { reasonCode, properties } = decodeConnack(framer, level)
  expect(properties ?? {}).toEqual({})
  return reasonCode
}

const refusing = REASON_CODES.filter(code => ![0, null].includes(reason(code).connack))

test.each(refusing)('%s is answered with its own codes', code => {
  const { connack, mqtt5 } = reason(code)
  expect(codeIn(refusalOf(code, 3).bytes, 3)).toBe(connack)
  expect(codeIn(refusalOf(code, 4).bytes, 4)).toBe(connack)
  expect(isReasonCode('connack', mqtt5, 5)).toBe(true)
  expect(codeIn(refusalOf(code, 5).bytes, 5)).toBe(mqtt5)
})

test.each(REASON_CODES)('%s as a refusal never says accepted, nor code 5, which C SDKs do not know', code => {
  expect([1, 2, 3, 4]).toContain(refusalOf(code, 4).code)
  expect(refusalOf(code, 5).code).toBeGreaterThanOrEqual(0x80)
})

const malformed = (code: 0x81 | 0x82 | 0x84 | 0x95, level?: number): MalformedPacket =>
  new MalformedPacket('connect', code, 'for the test', level)

test.each([
  { error: malformed(0x84, 6), hex: '2003008400' },
  { error: malformed(0x84, 0x85), hex: '2003008400' },
  { error: malformed(0x84, 2), hex: '20020001' },
  { error: malformed(0x84, 0x84), hex: '20020001' },
  { error: malformed(0x81, 5), hex: '2003008100' },
  { error: malformed(0x82, 5), hex: '2003008200' },
])('a CONNECT that fails with $error.reasonCode at level $error.protocolLevel gets $hex', ({ error, hex }) => {
  expect(refusalOfMalformed(error)?.bytes.toString('hex')).toBe(hex)
})

test.each([
  malformed(0x81, 4),
  malformed(0x81, 3),
  malformed(0x84),
  malformed(0x81),
  new MalformedPacket('publish', 0x81, 'for the test', 5),
])('$packetType that fails with $reasonCode at level $protocolLevel is closed without an answer', error => {
  expect(refusalOfMalformed(error)).toBeNull()
})
