import { expect, test } from 'vitest'
import { parseClaim } from './claim.ts'
import { registrationConnect, secretLoginConnect, tokenLoginConnect } from './device-connect.ts'

const REGISTRATION = {
  mode: 'register',
  productKey: 'al123456789',
  productSecret: 'psecret',
  deviceName: 'device1',
  random: '123',
} as const

test('a registration is signed with HMAC-SHA256 and asks for TLS unless told otherwise', () => {
  expect(registrationConnect(REGISTRATION)).toEqual({
    clientId: 'al123456789.device1|securemode=2,authType=register,random=123,signmethod=hmacsha256|',
    userName: 'device1&al123456789',
    password: 'e4c2d9f48bdd25f7613512aa8c510a1a5d224016ca62739e6b18a5a9a617d4dc',
  })
})

test('a registration carries what it is told to', () => {
  const input = {
    ...REGISTRATION,
    mode: 'regnwl',
    signMethod: 'hmacmd5',
    secureMode: -2,
    instanceId: 'iot-x',
    id: 'd',
  } as const
  expect(registrationConnect(input)).toEqual({
    clientId: 'd|securemode=-2,authType=regnwl,random=123,signmethod=hmacmd5,instanceId=iot-x|',
    userName: 'device1&al123456789',
    password: 'b42912c61861c37919ea45effb5fa6b2',
  })
})

test('a DeviceSecret login signs id, names and the timestamp if it is sent', () => {
  const input = { productKey: 'pk', deviceName: 'device', deviceSecret: 'secret', id: '12345' } as const
  expect(secretLoginConnect({ ...input, signMethod: 'hmacsha1', secureMode: 3, timestamp: '789' })).toEqual({
    clientId: '12345|securemode=3,signmethod=hmacsha1,timestamp=789|',
    userName: 'device&pk',
    password: 'fafd82a3d602b37fb0fa8b7892f24a477f851a14',
  })
  expect(secretLoginConnect({ ...input, serverSubscribe: true }).clientId).toBe(
    '12345|securemode=2,signmethod=hmacsha256,_ss=1|',
  )
})

test('a DeviceToken login sends the token as it is', () => {
  const input = { productKey: 'pk', deviceName: 'device', clientId: 'K19uYV000100', deviceToken: 'ToKeN' }
  expect(tokenLoginConnect(input)).toEqual({
    clientId: 'K19uYV000100|securemode=-2,authType=connwl|',
    userName: 'device&pk',
    password: 'ToKeN',
  })
  expect(parseClaim(tokenLoginConnect({ ...input, serverSubscribe: true }))).toMatchObject({
    ok: true,
    claim: { mode: 'token', clientId: 'K19uYV000100', token: 'ToKeN', serverSubscribe: true },
  })
})

test('a value that would break the block is refused, not sent', () => {
  expect(() => registrationConnect({ ...REGISTRATION, random: '1,2' })).toThrow('random')
  expect(() => registrationConnect({ ...REGISTRATION, id: 'a|b' })).toThrow('id')
})
