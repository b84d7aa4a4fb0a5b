import { describe, expect, it } from 'vitest'
import { MAX_REQUEST_BYTES } from './platform-messages.ts'
import { parseSubDeviceRegistration, subDeviceRegistrationReply } from './sub-devices.ts'

const parse = (request: unknown) =>
  parseSubDeviceRegistration(new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request)))
const named = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ productKey: 'pk2', deviceName: `sub${index}` }))

describe('parseSubDeviceRegistration', () => {
  it('reads a request as SDKs send it, whatever method, version and sys say', () => {
    const request = { id: '123', version: '1.0', sys: { ack: 0 }, params: named(2), method: 'thing.sub.register' }
    expect(parse(request)).toEqual({ ok: true, id: '123', subDevices: named(2) })
    expect(parse({ id: 7, params: named(1) })).toEqual({ ok: true, id: 7, subDevices: named(1) })
  })

  it('takes 30 devices and no more, and one that is named twice once', () => {
    expect(parse({ id: '1', params: named(30) })).toMatchObject({ ok: true })
    expect(parse({ id: '1', params: named(31) })).toEqual({
      ok: false,
      id: '1',
      problem: 'params has 31 devices, 30 is the limit',
    })
    expect(parse({ id: '1', params: [...named(2), ...named(2)] })).toMatchObject({ subDevices: named(2) })
  })

  it.each<[string, unknown, string | number, RegExp]>([
    ['no JSON', '{', '', /not a JSON object/],
    ['a list', '[]', '', /not a JSON object/],
    ['more than is read', ' '.repeat(MAX_REQUEST_BYTES + 1), '', /not a JSON object/],
    ['no params', { id: '1' }, '1', /not a list/],
    ['params that are no list', { id: '1', params: { productKey: 'pk2', deviceName: 'sub1' } }, '1', /not a list/],
    ['an empty list', { id: 2, params: [] }, 2, /not a list/],
    ['a list of texts', { id: '1', params: ['sub1'] }, '1', /entry 1 of params/],
    ['a list with null', { id: '1', params: [...named(1), null] }, '1', /entry 2 of params/],
    ['a name that is a number', { id: {}, params: [{ productKey: 'pk2', deviceName: 5 }] }, '', /entry 1 of params/],
  ])('says what is wrong with %s', (_, request, id, problem) => {
    expect(parse(request)).toEqual({ ok: false, id, problem: expect.stringMatching(problem) })
  })
})

describe('subDeviceRegistrationReply', () => {
  it('holds each device with its secret, and the id as it came', () => {
    const registered = [{ productKey: 'pk2', deviceName: 'sub1', deviceSecret: 's1' }]
    expect(JSON.parse(subDeviceRegistrationReply(7, 200, registered))).toEqual({
      id: 7,
      code: 200,
      data: [{ iotId: 'pk2.sub1', productKey: 'pk2', deviceName: 'sub1', deviceSecret: 's1' }],
      message: 'success',
      method: 'thing.sub.register',
      version: '1.0',
    })
  })

  it('says in words what a code means', () => {
    expect(JSON.parse(subDeviceRegistrationReply('1', 6402, []))).toMatchObject({
      id: '1',
      code: 6402,
      data: [],
      message: 'a device cannot be its own sub-device',
    })
  })
})
