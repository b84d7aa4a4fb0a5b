import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clockReply, eventPostReply, lifecycleMessage, MAX_REQUEST_BYTES, statusMessage } from './platform-messages.ts'

describe('clockReply', () => {
  test('answers in strings to a string and in numbers to a number', () => {
    expect(clockReply('{"deviceSendTime":"100"}', 200, 300)).toBe(
      '{"deviceSendTime":"100","serverRecvTime":"200","serverSendTime":"300"}',
    )
    expect(clockReply(Buffer.from('{"deviceSendTime":100}'), 200, 300)).toBe(
      '{"deviceSendTime":100,"serverRecvTime":200,"serverSendTime":300}',
    )
  })

  test.each(['', '{}', '[]', 'null', '{"deviceSendTime":null}', '{"deviceSendTime":{}}', '100', '{'])(
    'has no answer to %s',
    request => {
      expect(clockReply(request, 1, 2)).toBeUndefined()
    },
  )

  test('does not parse a request that is too long', () => {
    expect(clockReply(`{"deviceSendTime":"${'1'.repeat(MAX_REQUEST_BYTES)}"}`, 1, 2)).toBeUndefined()
  })
})

describe('eventPostReply', () => {
  test('gives the id of the request back as it was, with the method of its event', () => {
    expect(eventPostReply('property', '{"id":"123","version":"1.0","params":{},"method":"x"}')).toBe(
      '{"code":200,"data":{},"id":"123","message":"success","method":"thing.event.property.post","version":"1.0"}',
    )
    expect(eventPostReply('lowPower', '{"id":7}')).toContain(
      '"id":7,"message":"success","method":"thing.event.lowPower.post"',
    )
  })

  test.each(['', '{}', '[]', '{"id":null}', 'x'])('has no answer to %s', request => {
    expect(eventPostReply('property', request)).toBeUndefined()
  })
})

const STATUS = {
  status: 'online',
  productKey: 'pk',
  deviceName: 'dn01',
  atMs: Date.UTC(2018, 7, 31, 7, 32, 28, 205),
  lastAtMs: Date.UTC(2018, 7, 31, 7, 32, 28, 195),
  clientIp: '192.0.2.1',
} as const

test('a status message tells local time at UTC+8 and UTC beside it', () => {
  expect(JSON.parse(statusMessage(STATUS))).toEqual({
    status: 'online',
    productKey: 'pk',
    deviceName: 'dn01',
    time: '2018-08-31 15:32:28.205',
    utcTime: '2018-08-31T07:32:28.205Z',
    lastTime: '2018-08-31 15:32:28.195',
    utcLastTime: '2018-08-31T07:32:28.195Z',
    clientIp: '192.0.2.1',
  })
})

test('a status message takes another offset from UTC', () => {
  const { time } = JSON.parse(statusMessage({ ...STATUS, status: 'offline', utcOffsetMinutes: -90 }))
  expect(time).toBe('2018-08-31 06:02:28.205')
})

test('a lifecycle message has the four fields', () => {
  const input = { action: 'create', productKey: 'pk', deviceName: 'dn01', messageCreateTime: 5 } as const
  expect(lifecycleMessage(input)).toBe(
    '{"action":"create","productKey":"pk","deviceName":"dn01","messageCreateTime":5}',
  )
})

test('property: no request makes an answer throw', () => {
  const request = fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }), fc.json())
  fc.assert(
    fc.property(request, payload => {
      for (const reply of [clockReply(payload, 1, 2), eventPostReply('property', payload)]) {
        if (reply !== undefined) expect(() => JSON.parse(reply)).not.toThrow()
      }
    }),
  )
})
