import { describe, expect, it } from 'vitest'
import type { ConnectProperties, Packet } from '../../mqtt/index.ts'
import { device, type FakeClient, plainSubscription, publishPacket, rig } from './fake-client.suite.ts'

const refusedPublish = publishPacket('/pk2/x', 'x', { qos: 1 })
const refusedFilters: Packet = {
  type: 'subscribe',
  packetId: 1,
  subscriptions: ['/pk1/dev1/#', '/pk2/x', '/pk3/x'].map(filter => ({ ...plainSubscription, filter })),
}
const wrong: Packet = { type: 'auth', reasonCode: 0x18 }

function connect(properties: ConnectProperties = {}): FakeClient {
  return rig().client(device(), { level: 5, connect: { properties } })
}

describe('an MQTT 5 client', () => {
  it.each<[what: string, packet: Packet, answer: object]>([
    ['PUBACK', refusedPublish, { type: 'puback', reasonCode: 0x87, reason: /own topics/ }],
    ['PUBREC', publishPacket('/pk2/x', 'x', { qos: 2 }), { type: 'pubrec', reasonCode: 0x87, reason: /own topics/ }],
    ['SUBACK', refusedFilters, { type: 'suback', reasonCodes: [0, 0x87, 0x87], reason: /^\/pk2\/x: / }],
    ['DISCONNECT', wrong, { type: 'disconnect', reasonCode: 0x82, reason: /AUTH/ }],
  ])('is told what is wrong in %s', (_what, packet, { reason, ...answer }: { reason?: RegExp }) => {
    const client = connect()
    client.send(packet)
    const [received] = client.received()
    expect(received).toMatchObject({ ...answer, properties: { reasonString: expect.stringMatching(reason ?? /^$/) } })
  })

  it('that wants no problem information gets reason strings in DISCONNECT only [MQTT-3.1.2-29]', () => {
    const client = connect({ requestProblemInformation: false })
    client.send(refusedPublish, refusedFilters, wrong)
    const [puback, suback, disconnect] = client.received()
    expect(puback).not.toHaveProperty('properties.reasonString')
    expect(suback).toMatchObject({ type: 'suback', reasonCodes: [0, 0x87, 0x87] })
    expect(suback).not.toHaveProperty('properties.reasonString')
    expect(disconnect).toHaveProperty('properties.reasonString')
  })

  it('gets none where its packet would be too large [MQTT-3.4.2-2] [MQTT-3.9.2-1] [MQTT-3.14.2-3]', () => {
    const client = connect({ maximumPacketSizeBytes: 16 })
    client.send(refusedPublish, refusedFilters, wrong)
    const packets = client.received()
    expect(packets.map(({ type }) => type)).toEqual(['puback', 'suback', 'disconnect'])
    for (const packet of packets) expect(packet).not.toHaveProperty('properties.reasonString')
  })
})

describe('Response Information', () => {
  it('is a prefix below a device’s own names, for those that ask for it [MQTT-3.1.2-28]', () => {
    const asking = connect({ requestResponseInformation: true })
    expect(asking.connack).toMatchObject({ properties: { responseInformation: '/pk1/dev1/response' } })
    expect(asking.subscribeAt(1, '/pk1/dev1/response/#')).toEqual([1])
    expect(connect().connack).not.toHaveProperty('properties.responseInformation')
  })
})
