import { expect, test } from 'vitest'
import { decode, Framer, type Packet, type ProtocolLevel } from '../mqtt/index.ts'
import { openingBytes, stepOfRegistration } from './registration-session.ts'

const push = { topic: '/ext/regnwl', payload: '{"clientId":"a","deviceToken":"b"}' }
const levels = [3, 4, 5] as const

function packetsIn(bytes: Buffer, level: ProtocolLevel): Packet[] {
  const framer = new Framer({ maxPacketSizeBytes: 10_000 })
  framer.push(bytes)
  const packets: Packet[] = []
  while (framer.next()) packets.push(decode(framer, level))
  return packets
}

test.each(levels)('at level %i it opens with CONNACK 0 and the push, QoS 0 and not retained', level => {
  const [connack, publish, ...more] = packetsIn(openingBytes(push, level), level)
  expect(connack).toMatchObject({ type: 'connack', reasonCode: 0, sessionPresent: false })
  expect(publish).toMatchObject({ type: 'publish', topic: push.topic, qos: 0, retain: false, dup: false })
  expect(publish?.type === 'publish' && publish.payload.toString()).toBe(push.payload)
  expect(more).toEqual([])
})

test('the opening of MQTT 3.1.1 is these bytes', () => {
  const opening = openingBytes({ topic: '/ext/register', payload: '{}' }, 4)
  expect(opening.toString('hex')).toBe(`20020000${'3011'}000d${Buffer.from('/ext/register{}').toString('hex')}`)
})

test('the opening of MQTT 5 has empty properties', () => {
  const opening = openingBytes({ topic: '/ext/register', payload: '{}' }, 5)
  const publish = `3012000d${Buffer.from('/ext/register').toString('hex')}00${Buffer.from('{}').toString('hex')}`
  expect(opening.toString('hex')).toBe(`2003000000${publish}`)
})

const subscription = (filter: string, qos: 0 | 1 | 2) =>
  ({ filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 }) as const

test.each([
  [4, 0x80],
  [5, 0x87],
] as const)('SUBSCRIBE at level %i grants the push topics and refuses others with %i', (level, refusal) => {
  const subscriptions = [subscription('/ext/register', 1), subscription('/other', 1), subscription('/ext/regnwl', 0)]
  const step = stepOfRegistration({ type: 'subscribe', packetId: 7, subscriptions }, level)
  expect(step).toEqual({ kind: 'answer', packet: { type: 'suback', packetId: 7, reasonCodes: [1, refusal, 0] } })
})

test('UNSUBSCRIBE gets UNSUBACK, PINGREQ gets PINGRESP', () => {
  const unsubscribe = { type: 'unsubscribe', packetId: 9, filters: ['/ext/register', '/x'] } as const
  const unsuback = { type: 'unsuback', packetId: 9, reasonCodes: [0, 0x11] }
  expect(stepOfRegistration(unsubscribe, 5)).toEqual({ kind: 'answer', packet: unsuback })
  expect(stepOfRegistration({ type: 'pingreq' }, 4)).toEqual({ kind: 'answer', packet: { type: 'pingresp' } })
})

test('DISCONNECT closes it as a normal end', () => {
  expect(stepOfRegistration({ type: 'disconnect', reasonCode: 0 }, 4)).toEqual({ kind: 'close', reason: null })
})

test('a PUBLISH closes it, whatever its topic', () => {
  const publish = { topic: '/ext/register', payload: Buffer.alloc(0), qos: 0, retain: false, dup: false, packetId: 0 }
  const step = stepOfRegistration({ type: 'publish', ...publish, qos: 0 }, 4)
  expect(step).toEqual({ kind: 'close', reason: 'publish-on-registration', detail: { topic: '/ext/register' } })
})

const forbidden: Packet[] = [
  { type: 'puback', packetId: 1, reasonCode: 0 },
  { type: 'pingresp' },
  { type: 'connack', reasonCode: 0, sessionPresent: false },
  { type: 'auth', reasonCode: 0 },
]

test.each(forbidden)('$type closes it as a protocol error', packet => {
  expect(stepOfRegistration(packet, 5)).toMatchObject({ kind: 'close', reason: 'protocol-error' })
})
