import { describe, expect, it } from 'vitest'
import { encode } from '../../mqtt/index.ts'
import {
  application,
  device,
  type FakeClient,
  plainSubscription,
  publishPacket,
  type Rig,
  rig,
} from './fake-client.suite.ts'

const up = '/pk1/dev1/user/update'
const shared = '$share/workers//pk1/#'

interface Joining {
  readonly level?: 3 | 4 | 5
  readonly qos?: 0 | 1 | 2
  readonly filter?: string
  readonly receiveMaximum?: number
}

/** A member of the group; its name is its client identifier. */
function member({ client }: Rig, name: string, joining: Joining = {}): FakeClient {
  const { level = 5, qos = 1, filter = shared, receiveMaximum } = joining
  const connect = receiveMaximum === undefined ? {} : { properties: { receiveMaximum } }
  const made = client(application('all', name), { level, connect })
  made.send({ type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter, qos }] })
  expect(made.received()).toMatchObject([{ type: 'suback', reasonCodes: [qos] }])
  return made
}

function publish({ client }: Rig, count: number, qos: 0 | 1 | 2 = 1): void {
  const publisher = client(device())
  for (let index = 0; index < count; index++) publisher.publish(up, String(index), { qos, packetId: index + 1 })
}

/** The payloads that came, in their order. */
const payloads = (client: FakeClient) => client.messages().map(message => message.split(' ')[1])

describe('a shared subscription', () => {
  it.each([3, 4, 5] as const)('gives each message to one member, in turns (level %i)', level => {
    const made = rig()
    const [one, two, three] = ['a', 'b', 'c'].map(name => member(made, name, { level })) as [
      FakeClient,
      FakeClient,
      FakeClient,
    ]
    publish(made, 7, 0)
    expect([one, two, three].map(payloads)).toEqual([
      ['0', '3', '6'],
      ['1', '4'],
      ['2', '5'],
    ])
  })

  it('is one per group and filter; whoever has the filter alone gets every message', () => {
    const made = rig()
    const groups = [member(made, 'a'), member(made, 'b', { filter: '$share/others//pk1/#' })]
    const alone = member(made, 'c', { filter: '/pk1/#' })
    expect(made.broker.stats()).toMatchObject({ sharedGroups: 2, subscriptions: 3 })
    publish(made, 2)
    expect([...groups, alone].map(payloads)).toEqual([
      ['0', '1'],
      ['0', '1'],
      ['0', '1'],
    ])
  })

  it('comes to a client beside its own subscription to the same topics', () => {
    const made = rig()
    const both = member(made, 'a')
    both.subscribe('/pk1/#')
    publish(made, 1)
    expect(payloads(both)).toEqual(['0', '0'])
  })

  it('gives each member the QoS it was granted, its identifier and Retain As Published [MQTT-4.8.2-3]', () => {
    const made = rig()
    const low = member(made, 'low', { qos: 0 })
    const high = made.client(application('all', 'high'), { level: 5 })
    const subscriptions = [{ ...plainSubscription, filter: shared, qos: 2 as const, retainAsPublished: true }]
    high.send({ type: 'subscribe', packetId: 1, subscriptions, properties: { subscriptionIdentifier: 7 } })
    high.received()
    const publisher = made.client(device())
    for (const packetId of [1, 2]) publisher.send(publishPacket(up, 'x', { qos: 2, packetId, retain: true }))
    expect(low.received()).toMatchObject([{ qos: 0, retain: false }])
    expect(high.received()).toMatchObject([{ qos: 2, retain: true, properties: { subscriptionIdentifiers: [7] } }])
  })

  it('needs the rights that its filter needs without it', () => {
    const { client } = rig()
    const one = client(application(['pk1'], 'one'), { level: 5 })
    expect(one.subscribeAt(1, '$share/g//pk1/#', '$share/g//pk2/#', '$share/g/#')).toEqual([1, 0x87, 0x87])
    const unit = client(device(), { level: 5 })
    expect(unit.subscribeAt(1, '$share/g//pk1/dev1/#', '$share/g//pk1/dev2/#')).toEqual([1, 0x87])
  })

  it('with No Local is a protocol error [MQTT-3.8.3-4]', () => {
    const { client } = rig()
    const wrong = client(application(), { level: 5 })
    const subscriptions = [{ ...plainSubscription, filter: shared, noLocal: true }]
    wrong.send({ type: 'subscribe', packetId: 1, subscriptions })
    expect(wrong.received()).toMatchObject([{ type: 'disconnect', reasonCode: 0x82 }])
  })

  it('takes over new options when a member subscribes again [MQTT-3.8.4-3]', () => {
    const made = rig()
    const one = member(made, 'a')
    one.subscribeAt(0, shared)
    publish(made, 2)
    expect(one.messages()).toEqual([`${up} 0 0`, `${up} 1 0`])
    expect(made.broker.stats()).toMatchObject({ sharedGroups: 1, subscriptions: 1 })
  })

  it('ends with UNSUBSCRIBE and with the last member, and leaves nothing behind', () => {
    const made = rig()
    const [one, two] = [member(made, 'a'), member(made, 'b')]
    one.send({ type: 'unsubscribe', packetId: 2, filters: [shared] })
    expect(one.received()).toMatchObject([{ type: 'unsuback', reasonCodes: [0] }])
    publish(made, 2)
    expect([payloads(one), payloads(two)]).toEqual([[], ['0', '1']])
    two.hangUp()
    expect(made.broker.stats()).toMatchObject({ sharedGroups: 0, subscriptions: 0 })
  })
})

describe('a member that can’t keep up', () => {
  it('is passed over while another has room in its window', () => {
    const made = rig()
    const narrow = member(made, 'narrow', { receiveMaximum: 1 })
    const wide = member(made, 'wide')
    publish(made, 6)
    expect([payloads(narrow), payloads(wide)]).toEqual([['0'], ['1', '2', '3', '4', '5']])
  })

  it('is passed over while it does not read and another does; its publishers go on', () => {
    const made = rig()
    const [stuck, reader] = [member(made, 'stuck', { qos: 0 }), member(made, 'reader', { qos: 0 })]
    stuck.link.isRead = false
    const publisher = made.client(device())
    const bytes = Buffer.concat(Array.from({ length: 30_000 }, () => encode(publishPacket(up, 'x'.repeat(100)), 4)))
    for (let at = 0; at < bytes.length; at += 65_536) publisher.sendBytes(bytes.subarray(at, at + 65_536))
    expect(publisher.link.isPaused).toBe(false)
    expect(made.broker.stats().dropped['slow-reader']).toBe(0)
    stuck.link.drain()
    made.runTurns()
    expect(stuck.messages().length + reader.messages().length).toBe(30_000)
  })

  it('slows the publishers when no other is left', () => {
    const made = rig()
    const members = ['a', 'b'].map(name => member(made, name, { qos: 0 }))
    for (const { link } of members) link.isRead = false
    const publisher = made.client(device())
    const bytes = Buffer.concat(Array.from({ length: 300 }, () => encode(publishPacket(up, 'x'.repeat(100)), 4)))
    for (let chunk = 0; chunk < 100 && !publisher.link.isPaused; chunk++) publisher.sendBytes(bytes)
    expect(publisher.link.isPaused).toBe(true)
    for (const { link } of members) link.drain()
    made.runTurns()
    expect(publisher.link.isPaused).toBe(false)
    expect(made.broker.stats().dropped['slow-reader']).toBe(0)
  })

  it('queues only when all windows are full: the member with the shortest queue does', () => {
    const made = rig()
    const members = ['a', 'b'].map(name => member(made, name, { receiveMaximum: 1 }))
    publish(made, 6)
    for (let round = 1; round <= 3; round++) {
      expect(members.map(each => payloads(each).length)).toEqual([1, 1])
      for (const each of members) each.send({ type: 'puback', packetId: round, reasonCode: 0 })
    }
  })
})

describe('a member that leaves', () => {
  it('leaves its unacknowledged QoS 1 messages and its queue to the others', () => {
    const made = rig()
    const leaver = member(made, 'leaver', { receiveMaximum: 2 })
    publish(made, 5)
    leaver.send({ type: 'puback', packetId: 1, reasonCode: 0 })
    expect(payloads(leaver)).toEqual(['0', '1', '2'])
    const heir = member(made, 'heir')
    leaver.hangUp()
    expect(payloads(heir)).toEqual(['1', '2', '3', '4'])
    expect(made.broker.stats()).toMatchObject({ queuedBytes: 0, dropped: { 'session-ended': 0 } })
  })

  it('keeps to itself what was sent to it with QoS 2 [MQTT-4.8.2-5]', () => {
    const made = rig()
    const leaver = member(made, 'leaver', { qos: 2, receiveMaximum: 1 })
    publish(made, 3, 2)
    expect(payloads(leaver)).toEqual(['0'])
    const heir = member(made, 'heir', { qos: 2 })
    leaver.hangUp()
    expect(payloads(heir)).toEqual(['1', '2'])
  })

  it('keeps to itself what it refused with PUBACK [MQTT-4.8.2-6]', () => {
    const made = rig()
    const leaver = member(made, 'leaver')
    publish(made, 1)
    leaver.send({ type: 'puback', packetId: 1, reasonCode: 0x83 })
    const heir = member(made, 'heir')
    leaver.hangUp()
    expect(payloads(heir)).toEqual([])
  })

  it('has nothing of what it got by other subscriptions passed on', () => {
    const made = rig()
    const leaver = member(made, 'leaver', { filter: '/pk1/#' })
    leaver.subscribe(shared)
    publish(made, 1)
    expect(payloads(leaver)).toHaveLength(2)
    const heir = member(made, 'heir')
    leaver.hangUp()
    expect(payloads(heir)).toEqual(['0'])
  })

  it('as the last one has its queue counted as lost', () => {
    const made = rig()
    const last = member(made, 'last', { receiveMaximum: 1 })
    publish(made, 3)
    last.hangUp()
    expect(made.broker.stats()).toMatchObject({ queuedBytes: 0, dropped: { 'session-ended': 2 } })
  })

  it('passes nothing on that has expired [MQTT-3.3.2-5]', () => {
    const made = rig()
    const leaver = member(made, 'leaver')
    const properties = { messageExpiryIntervalSeconds: 5 }
    const packet = { ...publishPacket(up, 'x', { qos: 1 }), properties }
    made.client(device(), { level: 5 }).sendBytes(encode(packet as Parameters<typeof encode>[0], 5))
    const heir = member(made, 'heir')
    made.advance(5000)
    leaver.hangUp()
    expect(payloads(heir)).toEqual([])
  })
})
