import { registrationConnect } from '@hatchway/protocol'
import { describe, expect, test } from 'vitest'
import { type Connect, encodeConnect } from '../mqtt/index.ts'
import { explainInputOf, readConnectDump } from './connect-dump.ts'
import { UnreadableDump } from './hex-dump.ts'

const device = registrationConnect({
  ...{ mode: 'register', productKey: 'al123456789', deviceName: 'device1', productSecret: 'psecret', random: '123' },
})
const connectOf = (change: Partial<Connect> = {}): Connect => ({
  type: 'connect',
  protocolLevel: 4,
  cleanStart: true,
  keepAliveSeconds: 60,
  clientId: device.clientId,
  userName: device.userName,
  password: Buffer.from(device.password),
  ...change,
})
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('the CONNECT in a dump', () => {
  test.each([3, 4, 5] as const)('is read at protocol level %i', protocolLevel => {
    const connect = connectOf({ protocolLevel })
    expect(explainInputOf(readConnectDump(hex(encodeConnect(connect))))).toEqual({
      clientId: device.clientId,
      userName: device.userName,
      password: Buffer.from(device.password),
      keepAliveSeconds: 60,
      mayBeNamed: true,
    })
  })

  test('is found behind the headers of a captured packet, and before other packets', () => {
    const captured = Buffer.concat([
      Buffer.from('4500015000004000400600007f0000017f000001c3500758', 'hex'),
      encodeConnect(connectOf({ keepAliveSeconds: 300 })),
      Buffer.from('c000', 'hex'),
    ])
    expect(readConnectDump(hex(captured))).toMatchObject({ clientId: device.clientId, keepAliveSeconds: 300 })
  })

  test('may not be named where its session outlives the connection below MQTT 5', () => {
    const input = explainInputOf(readConnectDump(hex(encodeConnect(connectOf({ cleanStart: false })))))
    expect(input.mayBeNamed).toBe(false)
  })

  test.each([
    ['a TLS record', '16030100050100', /TLS record.*encrypted/],
    ['bytes in swapped pairs', '0000000 3f10 0400 514d 5454 c204 3c00\n000000c', /wrong way round/],
    ['another packet', '300a0004746f7069633132', /no MQTT CONNECT in these 11 bytes, which start with 300a0004/],
    ['half a packet', hex(encodeConnect(connectOf()).subarray(0, 40)), /cut off: the dump ends 40 bytes/],
    ['one that is malformed', '100d00044d51545404c3003c000161', /malformed: CONNECT: /],
    ['one of another protocol', '100c00044d5154540902003c0000', /malformed: CONNECT: MQTT with protocol level 9/],
  ])('says what is wrong with %s', (_, dump, problem) => {
    expect(() => readConnectDump(dump)).toThrow(UnreadableDump)
    expect(() => readConnectDump(dump)).toThrow(problem)
  })
})
