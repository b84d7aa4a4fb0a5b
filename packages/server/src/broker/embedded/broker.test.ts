import { describe, expect, it } from 'vitest'
import { encode, type Packet } from '../../mqtt/index.ts'
import { application, device, plainSubscription, publishPacket, rig } from './fake-client.suite.ts'

const up = '/pk1/dev1/user/update'
const levels = [3, 4, 5] as const

function subscribeOf(...filters: string[]): Packet {
  const subscriptions = filters.map(filter => ({ ...plainSubscription, filter }))
  return { type: 'subscribe', packetId: 7, subscriptions }
}

describe('messages', () => {
  it.each(levels.flatMap(from => levels.map(to => [from, to] as const)))(
    'of a level %i client reach a level %i client at every pair of QoS',
    (from, to) => {
      for (const sent of [0, 1, 2] as const) {
        for (const granted of [0, 1, 2] as const) {
          const { client } = rig()
          const publisher = client(device(), { level: from })
          const subscriber = client(application(), { level: to })
          subscriber.subscribeAt(granted, '/pk1/+/user/#')
          publisher.publish(up, 'hello', { qos: sent, packetId: 9 })
          const answer = { 0: [], 1: ['puback'], 2: ['pubrec'] }[sent]
          expect(publisher.received().map(packet => packet.type)).toEqual(answer)
          expect(subscriber.messages()).toEqual([`${up} hello ${Math.min(sent, granted)}`]) // [MQTT-3.8.4-8]
        }
      }
    },
  )

  it('keep their order and leave in one write per turn', () => {
    const { client, runTurns } = rig()
    const publisher = client(device())
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    const before = subscriber.link.writes
    for (const payload of ['a', 'b', 'c']) publisher.push(encode(publishPacket(up, payload), 4))
    runTurns()
    expect(subscriber.link.writes).toBe(before + 1)
    expect(subscriber.messages()).toEqual([`${up} a 0`, `${up} b 0`, `${up} c 0`])
  })

  it('come to the same end however their bytes are cut', () => {
    const packets: Packet[] = [
      subscribeOf('/pk1/dev1/user/#'),
      publishPacket(up, 'zero'),
      publishPacket(up, 'one', { qos: 1, packetId: 3 }),
      publishPacket(up, 'two', { qos: 2, packetId: 4 }),
      { type: 'pubrel', packetId: 4, reasonCode: 0 },
      { type: 'pingreq' },
    ]
    for (const level of levels) {
      const bytes = Buffer.concat(packets.map(packet => encode(packet, level)))
      const whole = rig().client(device(), { level })
      whole.sendBytes(bytes)
      const expected = whole.received()
      expect(expected.map(packet => packet.type)).toEqual([
        ...['suback', 'publish', 'publish', 'puback', 'publish', 'pubrec', 'pubcomp', 'pingresp'],
      ])
      for (let cut = 1; cut < bytes.length; cut++) {
        const { client } = rig()
        const split = client(device(), { level })
        split.sendBytes(bytes.subarray(0, cut))
        split.sendBytes(bytes.subarray(cut))
        expect(split.received()).toEqual(expected)
      }
    }
  })

  it('pass on with Retain off, unless a subscription asks for it as published [MQTT-3.3.1-12]', () => {
    const { client } = rig()
    const publisher = client(device(), { level: 5 })
    const plain = client(application('all', 'a'), { level: 5 })
    const asPublished = client(application('all', 'b'), { level: 5 })
    plain.subscribe('/pk1/#')
    const subscription = { ...plainSubscription, filter: '/pk1/#', retainAsPublished: true }
    asPublished.send({ type: 'subscribe', packetId: 1, subscriptions: [subscription] })
    publisher.publish(up, 'x', { retain: true })
    expect(plain.received()).toMatchObject([{ retain: false }])
    expect(asPublished.received().slice(1)).toMatchObject([{ retain: true }])
  })

  it('do not reach a client that they are too large for [MQTT-3.1.2-25]', () => {
    const { client, broker } = rig()
    const small = client(application(), { level: 5, connect: { properties: { maximumPacketSizeBytes: 60 } } })
    small.subscribe('/pk1/#')
    const publisher = client(device())
    publisher.publish(up, 'x'.repeat(60), { qos: 1 })
    publisher.publish(up, 'y', { qos: 1 })
    expect(small.messages()).toEqual([`${up} y 1`])
    expect(broker.stats().dropped['too-large-for-client']).toBe(1)
  })

  it('that are larger than a client takes end it where they must be sent: CONNACK and SUBACK [MQTT-3.1.2-24]', () => {
    const { client, presence, incidents, broker } = rig()
    const connect = { properties: { maximumPacketSizeBytes: 16 } }
    const tiny = client(device('tiny'), { level: 5, connect: { properties: { maximumPacketSizeBytes: 10 } } })
    expect([tiny.connack, tiny.isOpen, tiny.received()]).toEqual([undefined, false, []])
    const small = client(device('small'), { level: 5, connect })
    expect(small.connack).toMatchObject({ type: 'connack', reasonCode: 0 })
    small.send(subscribeOf('/pk1/small/a', '/pk1/small/b'))
    expect(small.received()).toMatchObject([{ type: 'suback' }])
    small.send(subscribeOf(...Array.from({ length: 20 }, (_, index) => `/pk1/small/${index}`)))
    expect(small.received()).toMatchObject([{ type: 'disconnect', reasonCode: 0x95 }])
    expect(presence.map(({ online }) => online)).toEqual([true, false])
    expect(incidents.map(({ reason }) => reason)).toEqual(['packet-too-large', 'packet-too-large'])
    expect(broker.stats().connections).toBe(0)
  })

  it('of the platform go out, and say to how many', async () => {
    const { broker, client, runTurns } = rig()
    const receiver = client(device())
    receiver.subscribe('/sys/pk1/dev1/#')
    const payload = Buffer.from('set')
    expect(await broker.publish({ topic: '/sys/pk1/dev1/a', payload, qos: 1 })).toEqual({ subscribers: 1 })
    expect(await broker.publish({ topic: '/sys/pk1/dev2/a', payload, qos: 0 })).toEqual({ subscribers: 0 })
    runTurns()
    expect(receiver.messages()).toEqual(['/sys/pk1/dev1/a set 1'])
    await expect(broker.publish({ topic: '/a/#', payload, qos: 0 })).rejects.toThrow(/topic/)
  })

  it('of QoS 2 are routed once, however often they are sent [MQTT-4.3.3-10]', () => {
    const { client } = rig()
    const publisher = client(device())
    const subscriber = client(application())
    subscriber.subscribeAt(2, '/pk1/#')
    publisher.publish(up, 'x', { qos: 2, packetId: 5 })
    publisher.publish(up, 'x', { qos: 2, packetId: 5 })
    expect(subscriber.messages()).toHaveLength(1)
    publisher.send({ type: 'pubrel', packetId: 5, reasonCode: 0 })
    publisher.publish(up, 'x', { qos: 2, packetId: 5 })
    expect(subscriber.messages()).toHaveLength(1)
    expect(publisher.received().map(packet => packet.type)).toEqual(['pubrec', 'pubrec', 'pubcomp', 'pubrec'])
  })

  it('carry their MQTT 5 properties, and the identifiers of the subscriptions they matched [MQTT-3.3.4-4]', () => {
    const { client } = rig()
    const publisher = client(device(), { level: 5 })
    const subscriber = client(application(), { level: 5 })
    for (const [subscriptionIdentifier, filter] of [
      [5, '/pk1/#'],
      [300, up],
    ] as const) {
      const subscriptions = [{ ...plainSubscription, filter, qos: 1 as const }]
      subscriber.send({ type: 'subscribe', packetId: 1, subscriptions, properties: { subscriptionIdentifier } })
    }
    subscriber.received()
    const properties = {
      payloadFormatIndicator: 1,
      messageExpiryIntervalSeconds: 60,
      contentType: 'text/plain',
      responseTopic: '/pk1/dev1/user/get',
      correlationData: Buffer.from('c1'),
      userProperties: [
        ['k', 'v'],
        ['k', 'w'],
      ],
    } as const
    publisher.send({
      type: 'publish',
      topic: up,
      payload: Buffer.from('x'),
      qos: 0,
      retain: false,
      dup: false,
      properties,
    })
    const [message] = subscriber.received()
    expect(message).toMatchObject({ type: 'publish', topic: up, properties })
    if (message?.type !== 'publish') throw new Error('no message')
    expect(message.properties?.subscriptionIdentifiers?.toSorted()).toEqual([300, 5])
  })
})

describe('topic rights', () => {
  it.each(levels)('refuse a publish outside, acknowledge it, and keep the connection (level %i)', level => {
    const { client, incidents } = rig()
    const publisher = client(device(), { level })
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    publisher.publish('/pk1/other/user/update', 'x')
    publisher.publish('/pk1/other/user/update', 'x', { qos: 1, packetId: 2 })
    publisher.publish('/pk1/other/user/update', 'x', { qos: 2, packetId: 3 })
    const reasonCode = level === 5 ? 0x87 : 0
    expect(publisher.received()).toMatchObject([
      { type: 'puback', packetId: 2, reasonCode },
      { type: 'pubrec', packetId: 3, reasonCode },
    ])
    expect(subscriber.messages()).toEqual([])
    expect(publisher.isOpen).toBe(true)
    expect(incidents).toHaveLength(3)
    expect(incidents[0]).toMatchObject({
      reason: 'topic-not-allowed-publish',
      topic: '/pk1/other/user/update',
      closed: false,
      protocolLevel: level,
    })
  })

  it.each(levels)('answer each filter of a SUBSCRIBE on its own (level %i)', level => {
    const { client, incidents } = rig()
    const subscriber = client(device(), { level })
    const own = Array.from({ length: 12 }, (_, index) => `/sys/pk1/dev1/${index}/#`)
    const refused = ['/pk1/dev1/a#', '/pk1/other/#', '$SYS/#', '$share//pk1/dev1/#']
    subscriber.send(subscribeOf(...own, ...refused))
    const codes = level === 5 ? [0x8f, 0x87, 0x87, 0x8f] : [0x80, 0x80, 0x80, 0x80]
    const reasonCodes = [...own.map(() => 0), ...codes]
    expect(subscriber.received()).toMatchObject([{ type: 'suback', packetId: 7, reasonCodes }])
    expect(subscriber.isOpen).toBe(true)
    expect(incidents.map(({ reason }) => reason)).toEqual([
      'topic-filter-invalid',
      'topic-not-allowed-subscribe',
      'topic-not-allowed-subscribe',
      'topic-filter-invalid',
    ])
  })

  it('let an application see the products of its key, and no other', () => {
    const { client } = rig()
    const one = client(application(['pk1'], 'one'))
    const both = client(application('all', 'both'))
    expect(one.subscribeAt(1, '/pk1/#', '/pk2/#', '#')).toEqual([1, 0x80, 0x80])
    expect(both.subscribeAt(1, '#')).toEqual([1])
    client(device('dev1', 'pk1')).publish('/pk1/dev1/user/update', 'a')
    client(device('dev1', 'pk2')).publish('/pk2/dev1/user/update', 'b')
    expect(one.messages()).toEqual(['/pk1/dev1/user/update a 0'])
    expect(both.messages()).toEqual(['/pk1/dev1/user/update a 0', '/pk2/dev1/user/update b 0'])
    const receiver = client(device('dev1', 'pk2'))
    receiver.subscribe('/pk2/dev1/#')
    one.publish('/pk2/dev1/user/get', 'no')
    both.publish('/pk2/dev1/user/get', 'yes')
    expect(receiver.messages()).toEqual(['/pk2/dev1/user/get yes 0'])
  })

  it('report a client that errs without end only so often', () => {
    const { client, incidents, broker, sweep } = rig({ incidentBurst: 3 })
    const publisher = client(device())
    for (let time = 0; time < 10; time++) publisher.publish('/other', 'x')
    expect(incidents).toHaveLength(3)
    expect(broker.stats().dropped).toMatchObject({ 'not-allowed': 10, 'incident-not-reported': 7 })
    sweep()
    publisher.publish('/other', 'x')
    publisher.publish('/other', 'x')
    expect(incidents).toHaveLength(4)
  })
})

describe('the connection', () => {
  it('is taken over by the newest of the same session [MQTT-3.1.4-3]', () => {
    const { client, presence, broker } = rig()
    const older = client(device(), { level: 5 })
    older.subscribe('/pk1/dev1/#')
    const newer = client(device(), { level: 4 })
    expect(older.received()).toEqual([{ type: 'disconnect', reasonCode: 0x8e }])
    expect(older.isOpen).toBe(false)
    newer.subscribe('/pk1/dev1/user/get')
    older.hangUp()
    expect(presence).toMatchObject([
      { online: true },
      { online: false, reason: 'session-taken-over', takenOver: true },
      { online: true, takenOver: false },
    ])
    expect(broker.stats()).toMatchObject({ connections: 1, subscriptions: 1 })
    client(application()).publish('/pk1/dev1/user/get', 'still')
    expect(newer.messages()).toEqual(['/pk1/dev1/user/get still 0'])
  })

  it('is dropped after one and a half times its keep alive without a byte [MQTT-3.1.2-22]', () => {
    const { client, presence, sweep } = rig()
    const idle = client(device('idle'), { level: 5, keepAliveSeconds: 30 })
    const busy = client(device('busy'), { keepAliveSeconds: 30 })
    const never = client(device('never'), { keepAliveSeconds: 0 })
    sweep(45)
    expect(idle.isOpen).toBe(true)
    busy.send({ type: 'pingreq' })
    sweep(1)
    expect([idle.isOpen, busy.isOpen, never.isOpen]).toEqual([false, true, true])
    expect(idle.received()).toEqual([{ type: 'disconnect', reasonCode: 0x8d }])
    expect(presence.at(-1)).toMatchObject({ online: false, reason: 'keep-alive-timeout' })
    sweep(1000)
    expect([busy.isOpen, never.isOpen]).toEqual([false, true])
  })

  it.each<[what: string, bytes: string, reasonCode: number, reason: string]>([
    ['a second CONNECT [MQTT-3.1.0-2]', '100d00044d5154540502000a00000000', 0x82, 'protocol-error'],
    ['a packet that only servers send', 'd000', 0x82, 'protocol-error'],
    ['AUTH without a method [MQTT-4.12.0-7]', 'f000', 0x82, 'protocol-error'],
    ['packet type 0', '0000', 0x81, 'packet-malformed'],
    ['a PUBLISH of QoS 3 [MQTT-3.3.1-4]', '3604000161ff', 0x81, 'packet-malformed'],
    ['a wildcard in a topic [MQTT-3.3.2-2]', '30050002612b00', 0x81, 'packet-malformed'],
    ['an empty topic without alias', '3003000000', 0x82, 'protocol-error'],
    ['a topic alias above Topic Alias Maximum [MQTT-3.3.2-9]', '300700016103230021', 0x94, 'topic-alias-invalid'],
    ['a subscription identifier from a client [MQTT-3.3.4-6]', '3006000161020b05', 0x82, 'protocol-error'],
    ['packet identifier 0 [MQTT-2.2.1-3]', '320600016100 0000'.replace(' ', ''), 0x82, 'protocol-error'],
    ['a remaining length of five bytes', '30ffffffffff', 0x81, 'packet-malformed'],
    ['a packet larger than allowed', '30ffffff7f', 0x95, 'packet-too-large'],
    ['a session expiry at DISCONNECT after none at CONNECT', 'e0070005110000000a', 0x82, 'protocol-error'],
  ])('ends over %s', (_what, bytes, reasonCode, reason) => {
    for (const level of [4, 5] as const) {
      const { client, incidents, presence, errors } = rig()
      const wrong = client(device(), { level })
      if (level === 4 && bytes.startsWith('e0')) continue
      wrong.sendBytes(Buffer.from(bytes, 'hex'))
      if (level === 5) {
        expect(wrong.received()).toMatchObject([{ type: 'disconnect', reasonCode }])
        expect(incidents).toMatchObject([{ reason, closed: true }])
        expect(incidents[0]?.problem).toBeTypeOf('string')
        expect(presence.at(-1)).toMatchObject({ online: false, reason })
      } else expect(wrong.received()).toEqual([])
      expect(errors).toEqual([])
    }
  })

  it('ends over a payload larger than the limit', () => {
    const { client, incidents } = rig({ payloadBytes: 100 })
    const publisher = client(device(), { level: 5 })
    publisher.publish(up, 'x'.repeat(100))
    expect(publisher.isOpen).toBe(true)
    publisher.publish(up, 'x'.repeat(101))
    expect(publisher.received()).toMatchObject([{ type: 'disconnect', reasonCode: 0x95 }])
    expect(incidents).toMatchObject([{ reason: 'packet-too-large' }])
  })

  it('ends over a fault of the server with a code that DISCONNECT may carry [MQTT-3.14.2-1]', () => {
    const { client, errors } = rig()
    const products = new Set(['pk1'])
    products.has = () => {
      throw new Error('broken')
    }
    const identity = { kind: 'application', sessionId: '@key1/x', keyId: 'key1', products } as const
    const victim = client(identity, { level: 5 })
    victim.publish(up)
    expect(victim.received()).toMatchObject([{ type: 'disconnect', reasonCode: 0x80 }])
    expect(errors).toHaveLength(1)
  })

  it('ends when the platform says so, and says why', () => {
    const { client, broker, presence } = rig()
    const one = client(device('one'), { level: 5 })
    const two = client(device('two', 'pk2'), { level: 5 })
    expect(broker.connected('pk1/one')).toEqual(device('one'))
    const count = broker.disconnectWhere(
      who => who.kind === 'device' && who.productKey === 'pk1',
      'device-disabled-now',
    )
    expect(count).toBe(1)
    expect(one.received()).toEqual([{ type: 'disconnect', reasonCode: 0x98 }])
    expect([one.isOpen, two.isOpen]).toEqual([false, true])
    expect(broker.connected('pk1/one')).toBeUndefined()
    expect(broker.disconnect('pk1/one', 'device-deleted')).toBe(false)
    expect(broker.disconnect('pk2/two', 'device-deleted')).toBe(true)
    expect(presence.map(({ online, reason }) => `${online} ${reason}`)).toEqual([
      'true null',
      'true null',
      'false device-disabled-now',
      'false device-deleted',
    ])
  })

  it('tells an MQTT 5 client what the server offers', () => {
    const { client } = rig()
    const connect = { clientId: '', properties: { sessionExpiryIntervalSeconds: 60 } }
    const { connack } = client(application('all', 'gen-1'), { level: 5, connect, keepAliveChanged: true })
    expect(connack).toEqual({
      type: 'connack',
      sessionPresent: false,
      reasonCode: 0,
      properties: {
        receiveMaximum: 1000,
        maximumPacketSizeBytes: 320 * 1024,
        assignedClientIdentifier: 'gen-1',
        topicAliasMaximum: 32,
        serverKeepAliveSeconds: 60,
      },
    })
    const plain = client(device(), { level: 4, connect: { cleanStart: false } })
    expect(plain.connack).toMatchObject({ sessionPresent: false, reasonCode: 0 })
  })

  it('offers no topic aliases to Link SDK C, which repeats messages that use them on its next connection', () => {
    const { client } = rig()
    const connect = { clientId: 'pk1.dev1|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2|' }
    const { connack } = client(device(), { level: 5, connect })
    expect(connack).toMatchObject({ reasonCode: 0 })
    expect(connack).not.toHaveProperty('properties.topicAliasMaximum')
    const others = [client(application(), { level: 5, connect }), client(device(), { level: 5 })]
    for (const other of others) expect(other.connack).toMatchObject({ properties: { topicAliasMaximum: 32 } })
  })

  it('is turned away with 0x8C if it asks for an authentication method [MQTT-4.12.0-1]', () => {
    const { client, presence, broker } = rig()
    const refused = client(device(), { level: 5, connect: { properties: { authenticationMethod: 'SCRAM' } } })
    expect(refused.connack).toMatchObject({ type: 'connack', reasonCode: 0x8c })
    expect(refused.isOpen).toBe(false)
    expect(presence).toEqual([])
    expect(broker.stats().connections).toBe(0)
  })

  it.each<[ends: string, packet: Packet | undefined, published: boolean]>([
    ['with DISCONNECT', { type: 'disconnect', reasonCode: 0 }, false],
    ['with DISCONNECT 0x04', { type: 'disconnect', reasonCode: 4 }, true],
    ['without', undefined, true],
  ])('publishes its will only if it ends in disorder: %s [MQTT-3.1.2-8]', (_ends, packet, published) => {
    const { client } = rig()
    const watcher = client(application())
    watcher.subscribe('/pk1/#')
    const will = { topic: up, payload: Buffer.from('gone'), qos: 1, retain: false } as const
    const leaver = client(device(), { level: 5, connect: { will } })
    if (packet !== undefined) leaver.send(packet)
    leaver.hangUp()
    expect(watcher.messages()).toEqual(published ? [`${up} gone 1`] : [])
  })

  it('publishes its will with the MQTT 5 properties it gave it', () => {
    const { client } = rig()
    const watcher = client(application(), { level: 5 })
    watcher.subscribe('/pk1/#')
    const properties = { contentType: 'text/plain', willDelayIntervalSeconds: 5 }
    const will = { topic: up, payload: Buffer.from('gone'), qos: 0, retain: false, properties } as const
    client(device(), { level: 5, connect: { will } }).hangUp()
    expect(watcher.received()).toMatchObject([{ topic: up, properties: { contentType: 'text/plain' } }])
  })

  it('has a will refused whose topic is not its own, and it is told of when it connects', () => {
    const { client, incidents } = rig()
    const will = { topic: '/pk2/x/user/update', payload: Buffer.from('gone'), qos: 1, retain: false } as const
    const leaver = client(device(), { connect: { will } })
    const told = [{ reason: 'topic-not-allowed-publish', topic: '/pk2/x/user/update' }]
    expect(incidents).toMatchObject(told)
    leaver.hangUp()
    expect(incidents).toMatchObject(told)
  })

  it('may send UNSUBSCRIBE with flags of 0000 below MQTT 5 if it is a device, as Link SDK C 4.x does', () => {
    const { client, incidents } = rig()
    const bareUnsubscribe = encode({ type: 'unsubscribe', packetId: 2, filters: [up] }, 4)
    bareUnsubscribe[0] = 0xa0
    const fielded = client(device())
    fielded.subscribe(up)
    fielded.received()
    fielded.sendBytes(Buffer.from(bareUnsubscribe))
    expect(fielded.received()).toMatchObject([{ type: 'unsuback', packetId: 2 }])
    fielded.publish(up)
    expect([fielded.messages(), fielded.isOpen, incidents]).toEqual([[], true, []])
    const others = [client(application()), client(device('dev2'), { level: 5 })]
    for (const other of others) other.sendBytes(Buffer.from(bareUnsubscribe))
    expect(others.map(({ isOpen }) => isOpen)).toEqual([false, false]) // [MQTT-3.10.1-1]
  })

  it('ends orderly when the broker closes, which waits until the links are gone', async () => {
    const { client, broker } = rig()
    const one = client(device(), { level: 5 })
    const closing = broker.close(60_000)
    expect(one.received()).toEqual([{ type: 'disconnect', reasonCode: 0x8b }])
    one.hangUp()
    await closing
    expect(one.link.isDestroyed).toBe(false)
  })

  it.each([
    [4, 3],
    [5, 0x88],
  ] as const)('is not taken any more when the broker has closed (level %i)', async (level, reasonCode) => {
    const { client, broker, presence } = rig()
    await broker.close(1)
    const late = client(device(), { level })
    expect(late.connack).toMatchObject({ type: 'connack', reasonCode })
    expect(late.isOpen).toBe(false)
    expect(presence).toEqual([])
  })

  it('is destroyed if it does not go in time', async () => {
    const { client, broker } = rig()
    const one = client(device())
    await broker.close(1)
    expect(one.link.isDestroyed).toBe(true)
  })
})

describe('subscriptions by the server', () => {
  it('bring downlink messages at QoS 1 without SUBACK, and nothing of the device’s own', () => {
    const { client } = rig()
    const receiver = client(device(), { serverSubscriptions: ['/sys/pk1/dev1/#'] })
    expect(receiver.received()).toEqual([])
    client(application()).publish('/sys/pk1/dev1/a', 'down', { qos: 2 })
    receiver.publish('/sys/pk1/dev1/b', 'own')
    expect(receiver.messages()).toEqual(['/sys/pk1/dev1/a down 1'])
  })
})

describe('a client’s own messages', () => {
  it('come back to it, unless its subscription says No Local [MQTT-3.8.3-3]', () => {
    const { client } = rig()
    const own = client(device(), { level: 5 })
    own.subscribe('/pk1/dev1/#')
    own.publish(up, 'back')
    expect(own.messages()).toEqual([`${up} back 0`])
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/dev1/#', noLocal: true }]
    own.send({ type: 'subscribe', packetId: 2, subscriptions })
    own.publish(up, 'not back')
    expect(own.messages()).toEqual([])
  })
})

describe('UNSUBSCRIBE', () => {
  it('ends a subscription and says which there were', () => {
    const { client, broker } = rig()
    const subscriber = client(device(), { level: 5 })
    subscriber.subscribe('/pk1/dev1/#')
    subscriber.send({ type: 'unsubscribe', packetId: 3, filters: ['/pk1/dev1/#', '/pk1/dev1/a'] })
    expect(subscriber.received()).toMatchObject([{ type: 'unsuback', packetId: 3, reasonCodes: [0, 0x11] }])
    expect(broker.stats().subscriptions).toBe(0)
  })
})

describe('taps', () => {
  it('hear what clients publish, with its sender, and not what the platform does', async () => {
    const { client, broker } = rig()
    const heard: string[] = []
    const stop = broker.tap('/ext/ntp/+/+/request', ({ topic, payload, from }) => {
      heard.push(`${from.sessionId} ${topic} ${Buffer.from(payload).toString()}`)
    })
    const one = client(device())
    one.publish('/ext/ntp/pk1/dev1/request', '{}')
    one.publish('/ext/ntp/pk1/other/request', '{}')
    await broker.publish({ topic: '/ext/ntp/pk1/dev1/request', payload: Buffer.from('{}'), qos: 0 })
    stop()
    one.publish('/ext/ntp/pk1/dev1/request', '{}')
    expect(heard).toEqual(['pk1/dev1 /ext/ntp/pk1/dev1/request {}'])
  })

  it('are no subscriptions of clients, and not counted as such', () => {
    const { client, broker } = rig()
    const stops = ['/ext/#', '/ext/#', '/pk1/#'].map(filter => broker.tap(filter, () => undefined))
    expect(broker.stats().subscriptions).toBe(0)
    client(application()).subscribe('/pk1/#')
    expect(broker.stats().subscriptions).toBe(1)
    for (const stop of [...stops, ...stops]) stop()
    expect(broker.stats().subscriptions).toBe(1)
  })

  it('may answer at once, and may throw', () => {
    const { client, broker, errors } = rig()
    broker.tap('/ext/#', () => {
      throw new Error('broken')
    })
    broker.tap(
      '/ext/#',
      () => void broker.publish({ topic: '/pk1/dev1/user/get', payload: Buffer.from('now'), qos: 0 }),
    )
    const one = client(device())
    one.subscribe('/pk1/dev1/user/get')
    one.publish('/ext/ntp/pk1/dev1/request', '{}', { qos: 1, packetId: 8 })
    expect(one.received().map(packet => packet.type)).toEqual(['publish', 'puback'])
    expect(errors).toMatchObject([{ message: 'broken' }])
  })
})

it('counts', () => {
  const { client, broker } = rig()
  const publisher = client(device())
  const subscriber = client(application())
  subscriber.subscribe('/pk1/#')
  publisher.publish(up, 'x', { qos: 1 })
  expect(broker.stats()).toMatchObject({
    connections: 2,
    subscriptions: 1,
    messagesIn: { 0: 0, 1: 1, 2: 0 },
    messagesOut: { 0: 0, 1: 1, 2: 0 },
    queuedBytes: 0,
  })
  expect(broker.stats().bytesIn).toBeGreaterThan(0)
  expect(broker.stats().bytesOut).toBeGreaterThan(0)
})
