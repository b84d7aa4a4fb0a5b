import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { samples } from '../../mqtt/arbitrary-packets.suite.ts'
import {
  decodePublish,
  encode,
  encodePublishTemplate,
  Framer,
  type Packet,
  type PublishProperties,
} from '../../mqtt/index.ts'
import { AliasesFromClient } from '../client/aliases-from-client.ts'
import { application, device, type FakeClient, plainSubscription, type Rig, rig } from './fake-client.suite.ts'
import { AliasesToClient } from './topic-aliases.ts'

const up = '/pk1/dev1/user/update'

function aliased(
  topic: string,
  topicAlias: number,
  rest: { qos?: 0 | 1; properties?: PublishProperties } = {},
): Packet {
  const { qos = 0, properties } = rest
  const payload = Buffer.from('x')
  const packet = { type: 'publish', topic, payload, qos, retain: false, dup: false } as const
  return { ...packet, packetId: qos > 0 ? 1 : undefined, properties: { ...properties, topicAlias } }
}

describe('an alias that the client sets', () => {
  it.each([4, 5] as const)('stands for the topic, and is not passed on (to level %i) [MQTT-3.3.2-12]', level => {
    const { client } = rig()
    const subscriber = client(application(), { level })
    subscriber.subscribe('/pk1/#')
    const publisher = client(device(), { level: 5 })
    const properties = { contentType: 'a' }
    publisher.send(aliased(up, 32), aliased('', 32, { qos: 1, properties }), aliased('', 32))
    const packets = subscriber.received()
    expect(packets).toMatchObject([
      { topic: up, qos: 0 },
      { topic: up, qos: 1 },
      { topic: up, qos: 0 },
    ])
    for (const packet of packets) expect(packet).not.toHaveProperty('properties.topicAlias')
    if (level === 5) expect(packets[1]).toMatchObject({ properties })
    expect(publisher.received()).toMatchObject([{ type: 'puback', packetId: 1, reasonCode: 0 }])
  })

  it('can be set anew', () => {
    const { client } = rig()
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    const publisher = client(device(), { level: 5 })
    publisher.send(aliased(up, 1), aliased('/pk1/dev1/user/b', 1), aliased('', 1))
    expect(subscriber.messages()).toEqual([`${up} x 0`, '/pk1/dev1/user/b x 0', '/pk1/dev1/user/b x 0'])
  })

  it('needs the right to its topic each time', () => {
    const { client, incidents } = rig()
    const publisher = client(device(), { level: 5 })
    publisher.send(aliased('/pk2/dev1/user/update', 1), aliased('', 1, { qos: 1 }))
    expect(publisher.received()).toMatchObject([{ type: 'puback', reasonCode: 0x87 }])
    expect(incidents.map(({ topic }) => topic)).toEqual(['/pk2/dev1/user/update', '/pk2/dev1/user/update'])
    expect(publisher.isOpen).toBe(true)
  })

  it.each([
    ['unknown', aliased('', 1), 0x82, 'protocol-error'],
    ['above the maximum [MQTT-3.3.2-9]', aliased(up, 33), 0x94, 'topic-alias-invalid'],
  ] as const)('%s ends the connection, with a code that tells', (_what, packet, reasonCode, reason) => {
    const { client, incidents } = rig()
    const publisher = client(device(), { level: 5 })
    publisher.send(packet)
    expect(publisher.received()).toMatchObject([{ type: 'disconnect', reasonCode }])
    expect(incidents).toMatchObject([{ reason, closed: true }])
  })

  it('is known on its own connection only [MQTT-3.3.2-7]', () => {
    const { client } = rig()
    client(device(), { level: 5 }).send(aliased(up, 1))
    const again = client(device(), { level: 5 })
    again.send(aliased('', 1))
    expect(again.received()).toMatchObject([{ type: 'disconnect', reasonCode: 0x82 }])
  })

  it('is refused where the server allows none, and CONNACK says so', () => {
    const { client } = rig({ topicAliasMaximum: 0 })
    const publisher = client(device(), { level: 5 })
    expect(publisher.connack).not.toHaveProperty('properties.topicAliasMaximum')
    publisher.send(aliased(up, 1))
    expect(publisher.received()).toMatchObject([{ reasonCode: 0x94 }])
  })

  it('keeps no more of a topic than shows that it is too long', () => {
    const aliases = new AliasesFromClient(1, 10)
    expect(aliases.resolve(1, 'x'.repeat(1000))).toBe('x'.repeat(11))
    expect(aliases.resolve(1, '')).toBe('x'.repeat(11))
    expect(aliases.resolve(0, 'a')).toBeUndefined()
  })
})

describe('aliases towards a client that takes some', () => {
  function subscriber(
    { client }: Rig,
    properties: { topicAliasMaximum?: number; maximumPacketSizeBytes?: number },
  ): FakeClient {
    const made = client(application(), { level: 5, connect: { properties } })
    made.subscribe('/pk1/#')
    return made
  }
  const seen = (client: FakeClient): string[] =>
    client
      .received()
      .map(packet => (packet.type === 'publish' ? `${packet.topic}:${packet.properties?.topicAlias}` : ''))

  it('stand for a topic from its second message on, as many as it takes [MQTT-3.3.2-11]', () => {
    const made = rig()
    const receiver = subscriber(made, { topicAliasMaximum: 2 })
    const publisher = made.client(device())
    for (let round = 0; round < 3; round++) for (const end of 'abc') publisher.publish(`/pk1/dev1/${end}`)
    const [a, b, c] = [...'abc'].map(end => `/pk1/dev1/${end}`)
    expect(seen(receiver)).toEqual([
      ...[`${a}:undefined`, `${b}:undefined`, `${c}:undefined`],
      ...[`${a}:1`, `${b}:2`, `${c}:undefined`],
      ...[':1', ':2', `${c}:undefined`],
    ])
  })

  it('leave payload, packet identifier and other properties alone', () => {
    const made = rig()
    const receiver = made.client(application(), { level: 5, connect: { properties: { topicAliasMaximum: 9 } } })
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/#', qos: 2 as const }]
    receiver.send({ type: 'subscribe', packetId: 1, subscriptions, properties: { subscriptionIdentifier: 300 } })
    receiver.received()
    const publisher = made.client(device(), { level: 5 })
    const payload = Buffer.alloc(300, 'p')
    const properties = { contentType: 'text', userProperties: [['k', 'v'] as const] }
    for (const qos of [0, 1, 2, 1] as const) {
      const packet = { type: 'publish', topic: up, payload, qos, retain: false, dup: false, properties } as const
      publisher.send({ ...packet, packetId: qos > 0 ? 7 : undefined })
      if (qos === 2) publisher.send({ type: 'pubrel', packetId: 7, reasonCode: 0 })
    }
    const all = { payload, properties: { ...properties, subscriptionIdentifiers: [300] } }
    const packets = receiver.received()
    expect(packets).toMatchObject([
      { topic: up, qos: 0, ...all },
      { topic: up, qos: 1, packetId: 1, ...all, properties: { ...all.properties, topicAlias: 1 } },
      { topic: '', qos: 2, packetId: 2, ...all, properties: { ...all.properties, topicAlias: 1 } },
      { topic: '', qos: 1, packetId: 3, ...all, properties: { ...all.properties, topicAlias: 1 } },
    ])
  })

  it('are not used beyond what the server allows itself, or towards those who take none', () => {
    const made = rig({ topicAliasMaximum: 1 })
    const receiver = subscriber(made, { topicAliasMaximum: 100 })
    const plain = made.client(application('all', 'plain'), { level: 5 })
    plain.subscribe('/pk1/#')
    const publisher = made.client(device())
    for (let round = 0; round < 3; round++) for (const end of 'ab') publisher.publish(`/pk1/dev1/${end}`)
    expect(seen(receiver).slice(4)).toEqual([':1', '/pk1/dev1/b:undefined'])
    expect(seen(plain).every(each => each.endsWith(':undefined'))).toBe(true)
  })

  it('do not make a packet larger than the client takes [MQTT-3.1.2-24]', () => {
    const made = rig()
    const size = encode({ ...aliased(up, 1), properties: undefined } as Packet, 5).length
    const receiver = subscriber(made, { topicAliasMaximum: 5, maximumPacketSizeBytes: size })
    const publisher = made.client(device())
    for (let round = 0; round < 3; round++) publisher.publish(up)
    expect(seen(receiver)).toEqual([`${up}:undefined`, `${up}:undefined`, `${up}:undefined`])
  })

  it('are set before they are used also when messages wait for the window', () => {
    const made = rig()
    const receiver = made.client(application(), {
      level: 5,
      connect: { properties: { topicAliasMaximum: 5, receiveMaximum: 1 } },
    })
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/#', qos: 1 as const }]
    receiver.send({ type: 'subscribe', packetId: 1, subscriptions })
    receiver.received()
    const publisher = made.client(device())
    for (let round = 0; round < 4; round++) publisher.publish(up, String(round), { qos: 1 })
    const got = [...seen(receiver)]
    for (let packetId = 1; packetId < 4; packetId++) {
      receiver.send({ type: 'puback', packetId, reasonCode: 0 })
      got.push(...seen(receiver))
    }
    expect(got).toEqual([`${up}:undefined`, `${up}:1`, ':1', ':1'])
  })
})

it('changes nothing of a message but its topic and its alias, whatever it carries', () => {
  const messages = samples.filter(({ packet, level }) => packet.type === 'publish' && level === 5)
  fc.assert(
    fc.property(messages, ({ packet }) => {
      if (packet.type !== 'publish') throw new Error('the filter lets nothing else through')
      const { topicAlias: _none, ...properties } = packet.properties ?? {}
      const message = { ...packet, topic: 'a/topic', properties, payload: Buffer.concat([packet.payload]) }
      const { bytes, packetIdOffset } = encodePublishTemplate(message, 5)
      const shape = { buffer: bytes, start: 0, end: bytes.length, packetIdOffset }
      const aliases = new AliasesToClient(1)
      const sent = Array.from({ length: 3 }, () => aliases.apply('a/topic', shape, Number.POSITIVE_INFINITY))
      for (const [at, { buffer, start, end, packetIdOffset: idAt }] of sent.entries()) {
        if (idAt > 0) buffer.writeUInt16BE(message.packetId ?? 0, start + idAt) // as whoever sends it does
        const framer = new Framer({ maxPacketSizeBytes: 2 ** 28 })
        framer.push(buffer.subarray(start, end))
        expect(framer.next()).toBe(true)
        const alias = at === 0 ? {} : { topicAlias: 1 }
        const expected = { ...properties, ...alias }
        const decoded = decodePublish(framer, 5)
        expect({ ...decoded, properties: decoded.properties ?? {} }).toEqual({
          ...message,
          topic: at === 2 ? '' : 'a/topic',
          properties: expected,
        })
      }
    }),
  )
})
