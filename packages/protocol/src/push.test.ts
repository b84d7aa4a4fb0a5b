import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newClientId, newDeviceSecret, newDeviceToken } from './names.ts'
import { MAX_PUSH_BYTES, type Push, parsePush, pushMessage } from './push.ts'

const NAMES = { productKey: 'al123456789', deviceName: 'device1' }

test('register pushes the DeviceSecret as compact JSON in the fixed order', () => {
  expect(pushMessage({ mode: 'register', ...NAMES, deviceSecret: 'abc' })).toEqual({
    topic: '/ext/register',
    payload: '{"productKey":"al123456789","deviceName":"device1","deviceSecret":"abc"}',
  })
})

test('regnwl pushes ClientID and DeviceToken, whatever the order of the input', () => {
  expect(pushMessage({ deviceToken: 't', clientId: 'c', mode: 'regnwl', ...NAMES })).toEqual({
    topic: '/ext/regnwl',
    payload: '{"productKey":"al123456789","deviceName":"device1","clientId":"c","deviceToken":"t"}',
  })
})

describe('what the C SDKs could not read is not sent', () => {
  test.each(['a"b', 'a\\b', 'a\nb', 'é', ''])('%j as DeviceSecret', deviceSecret => {
    expect(() => pushMessage({ mode: 'register', ...NAMES, deviceSecret })).toThrow('deviceSecret')
  })

  test('1000 bytes and more', () => {
    const rest = pushMessage({ mode: 'register', ...NAMES, deviceSecret: 'x' }).payload.length - 1
    const push = (sizeBytes: number) =>
      pushMessage({ mode: 'register', ...NAMES, deviceSecret: 'x'.repeat(sizeBytes - rest) }).payload
    expect(push(MAX_PUSH_BYTES)).toHaveLength(999)
    expect(() => push(MAX_PUSH_BYTES + 1)).toThrow('1000 bytes')
  })
})

test('our longest names and credentials fit by far', () => {
  const names = { productKey: 'x'.repeat(20), deviceName: 'x'.repeat(32) }
  const bytes = (sizeBytes: number) => new Uint8Array(sizeBytes)
  const pushes: Push[] = [
    { mode: 'register', ...names, deviceSecret: newDeviceSecret(bytes) },
    { mode: 'regnwl', ...names, clientId: newClientId(bytes), deviceToken: newDeviceToken(bytes) },
  ]
  for (const push of pushes) expect(pushMessage(push).payload.length).toBeLessThan(300)
})

test.each<[detail: string, topic: string, payload: string]>([
  ['topic', '/ext/other', '{}'],
  ['not a JSON object', '/ext/register', ''],
  ['not a JSON object', '/ext/register', '[]'],
  ['not a JSON object', '/ext/register', 'null'],
  ['productKey', '/ext/register', '{}'],
  ['deviceName', '/ext/register', '{"productKey":"a","deviceName":1}'],
  ['deviceSecret', '/ext/register', '{"productKey":"a","deviceName":"b","deviceSecret":""}'],
  ['clientId', '/ext/regnwl', '{"productKey":"a","deviceName":"b","deviceSecret":"c"}'],
  ['deviceToken', '/ext/regnwl', '{"productKey":"a","deviceName":"b","clientId":"c"}'],
  ['longer', '/ext/register', `{"productKey":"${'a'.repeat(1000)}"}`],
])('a push with a wrong %s is refused by that name', (detail, topic, payload) => {
  const result = parsePush(topic, payload)
  expect(result.ok ? '' : result.detail).toContain(detail)
})

test('fields that a device does not know pass', () => {
  const payload = '{"productKey":"a","deviceName":"b","deviceSecret":"c","later":1}'
  expect(parsePush('/ext/register', payload)).toEqual({
    ok: true,
    push: { mode: 'register', productKey: 'a', deviceName: 'b', deviceSecret: 'c' },
  })
})

const word = fc.stringMatching(/^[A-Za-z0-9_@.:-]{1,64}$/)
const pushes: fc.Arbitrary<Push> = fc.oneof(
  fc.record({ mode: fc.constant('register' as const), productKey: word, deviceName: word, deviceSecret: word }),
  fc.record({
    mode: fc.constant('regnwl' as const),
    productKey: word,
    deviceName: word,
    clientId: word,
    deviceToken: word,
  }),
)

test('property: what is pushed is what the device reads, from text and from bytes', () => {
  fc.assert(
    fc.property(pushes, push => {
      const { topic, payload } = pushMessage(push)
      expect(parsePush(topic, payload)).toEqual({ ok: true, push })
      expect(parsePush(topic, Buffer.from(payload))).toEqual({ ok: true, push })
    }),
  )
})

test('property: no payload makes it throw', () => {
  const payload = fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }), fc.json())
  fc.assert(
    fc.property(fc.constantFrom('/ext/register', '/ext/regnwl', ''), payload, (topic, bytes) => {
      expect(typeof parsePush(topic, bytes).ok).toBe('boolean')
    }),
    { numRuns: 500 },
  )
})
