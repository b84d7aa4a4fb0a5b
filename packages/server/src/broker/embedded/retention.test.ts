import { describe, expect, it } from 'vitest'
import { encode, type Packet, type PublishProperties } from '../../mqtt/index.ts'
import { application, device, type FakeClient, plainSubscription, type Rig, rig } from './fake-client.suite.ts'

const up = '/pk1/dev1/user/update'
const levels = [3, 4, 5] as const

interface Retaining {
  readonly qos?: 0 | 1 | 2
  readonly properties?: PublishProperties
}

function retainedPacket(topic: string, payload: string, { qos = 0, properties }: Retaining = {}): Packet {
  const packet = {
    type: 'publish',
    topic,
    payload: Buffer.from(payload),
    qos,
    retain: true,
    dup: false,
    properties,
  } as const
  return qos === 0 ? packet : { ...packet, packetId: 1 }
}

/** Subscribes once and tells what came after the SUBACK. */
function subscribe(
  client: FakeClient,
  options: Partial<typeof plainSubscription> & { filter?: string } = {},
): string[] {
  const subscriptions = [{ ...plainSubscription, filter: '/pk1/#', ...options }]
  client.send({ type: 'subscribe', packetId: 1, subscriptions })
  const [suback, ...messages] = client.received()
  expect(suback).toMatchObject({ type: 'suback' })
  return messages.map(packet =>
    packet.type === 'publish' ? `${packet.topic} ${packet.payload} ${packet.qos} ${packet.retain}` : packet.type,
  )
}

function retain(rig: Rig, topic: string, payload: string, options: Retaining = {}): void {
  rig.client(device(), { level: 5 }).send(retainedPacket(topic, payload, options))
}

describe('a retained message', () => {
  it.each(levels.flatMap(from => levels.map(to => [from, to] as const)))(
    'of a level %i client comes to a level %i client behind its SUBACK, with RETAIN on [MQTT-3.3.1-5] [MQTT-3.3.1-9]',
    (from, to) => {
      for (const sent of [0, 1, 2] as const) {
        for (const granted of [0, 1, 2] as const) {
          const { client } = rig()
          client(device(), { level: from }).send(retainedPacket(up, 'last', { qos: sent }))
          const late = client(application(), { level: to })
          const qos = Math.min(sent, granted)
          expect(subscribe(late, { qos: granted as 0 })).toEqual([`${up} last ${qos} true`])
        }
      }
    },
  )

  it('comes with RETAIN off to those who are subscribed already [MQTT-3.3.1-12]', () => {
    const { client } = rig()
    const early = client(application(), { level: 5 })
    expect(subscribe(early)).toEqual([])
    client(device()).send(retainedPacket(up, 'x'))
    expect(early.received()).toMatchObject([{ type: 'publish', retain: false }])
  })

  it('comes with RETAIN as published to those who ask for it [MQTT-3.3.1-13]', () => {
    const { client } = rig()
    const early = client(application(), { level: 5 })
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/#', retainAsPublished: true }]
    early.send({ type: 'subscribe', packetId: 1, subscriptions })
    const publisher = client(device())
    publisher.send(retainedPacket(up, 'x'))
    publisher.publish(up, 'y')
    expect(early.received().slice(1)).toMatchObject([{ retain: true }, { retain: false }])
  })

  it('takes the place of the one before, and one without RETAIN leaves it [MQTT-3.3.1-5] [MQTT-3.3.1-8]', () => {
    const { client, broker } = rig()
    const publisher = client(device())
    publisher.send(retainedPacket(up, 'one'), retainedPacket(up, 'two'))
    publisher.publish(up, 'not retained')
    expect(subscribe(client(application()))).toEqual([`${up} two 0 true`])
    expect(broker.stats().retained.messages).toBe(1)
  })

  it('is removed by an empty one, which goes to subscribers and is not kept [MQTT-3.3.1-6] [MQTT-3.3.1-7]', () => {
    const { client, broker } = rig()
    const early = client(application('all', 'early'))
    early.subscribe('/pk1/#')
    const publisher = client(device())
    publisher.send(retainedPacket(up, 'x'), retainedPacket(up, ''))
    expect(early.messages()).toEqual([`${up} x 0`, `${up}  0`])
    expect(subscribe(client(application('all', 'late')))).toEqual([])
    expect(broker.stats().retained).toEqual({ messages: 0, bytes: 0 })
  })

  it('needs the right to publish', () => {
    const { client, broker } = rig()
    client(device()).send(retainedPacket('/pk2/dev1/user/update', 'x'))
    expect(broker.stats().retained.messages).toBe(0)
  })

  it('of a will is retained too [MQTT-3.1.2-15] [MQTT-3.1.2-17 of 3.1.1]', () => {
    const { client } = rig()
    const will = { topic: up, payload: Buffer.from('gone'), qos: 1, retain: true } as const
    client(device(), { connect: { will } }).hangUp()
    expect(subscribe(client(application()))).toEqual([`${up} gone 0 true`])
  })

  it('of the platform is retained only where it says so, as its status messages do not', async () => {
    const { client, broker } = rig()
    const payload = Buffer.from('x')
    await broker.publish({ topic: '/as/mqtt/status/pk1/dev1', payload, qos: 1 })
    await broker.publish({ topic: '/pk1/dev1/user/get', payload, qos: 1, retain: true })
    expect(subscribe(client(application()), { filter: '#' })).toEqual(['/pk1/dev1/user/get x 0 true'])
  })

  it('keeps its MQTT 5 properties and gets the subscription’s identifier [MQTT-3.3.4-3]', () => {
    const made = rig()
    const properties = { contentType: 'text/plain', userProperties: [['k', 'v']] } as const
    retain(made, up, 'x', { properties })
    const late = made.client(application(), { level: 5 })
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/#' }]
    late.send({ type: 'subscribe', packetId: 1, subscriptions, properties: { subscriptionIdentifier: 9 } })
    const expected = { ...properties, subscriptionIdentifiers: [9] }
    expect(late.received().slice(1)).toMatchObject([{ type: 'publish', retain: true, properties: expected }])
  })
})

describe('Retain Handling', () => {
  const cases: [handling: 0 | 1 | 2, first: number, again: number, clause: string][] = [
    [0, 1, 1, '[MQTT-3.3.1-9]'],
    [1, 1, 0, '[MQTT-3.3.1-10]'],
    [2, 0, 0, '[MQTT-3.3.1-11]'],
  ]
  it.each(cases)('%i: %i at the first SUBSCRIBE, %i at the second %s', (handling, first, again) => {
    const made = rig()
    retain(made, up, 'x')
    const late = made.client(application(), { level: 5 })
    const options = { retainHandling: handling as 0 }
    expect([subscribe(late, options).length, subscribe(late, options).length]).toEqual([first, again])
  })

  it('sends none to shared subscriptions', () => {
    const made = rig()
    retain(made, up, 'x')
    expect(subscribe(made.client(application(), { level: 5 }), { filter: '$share/g//pk1/#' })).toEqual([])
  })

  it('sends a client its own messages back only without No Local [MQTT-3.8.3-3]', () => {
    const { client } = rig()
    const own = client(device(), { level: 5 })
    own.send(retainedPacket(up, 'x'))
    expect(subscribe(own, { filter: '/pk1/dev1/#', noLocal: true as false })).toEqual([])
    expect(subscribe(own, { filter: '/pk1/dev1/#' })).toEqual([`${up} x 0 true`])
  })

  it('sends a device what waits for it when the server subscribes it, and nothing of its own', () => {
    const { client } = rig()
    client(application()).send(retainedPacket('/sys/pk1/dev1/set', 'down'))
    client(device()).send(retainedPacket('/sys/pk1/dev1/post', 'up'))
    const again = client(device(), { serverSubscriptions: ['/sys/pk1/dev1/#'] })
    expect(again.messages()).toEqual(['/sys/pk1/dev1/set down 0'])
  })
})

describe('when as many messages are retained as allowed', () => {
  const full = { retainedMessages: 1 }
  const other = '/pk1/dev1/user/other'

  it.each([1, 2] as const)('an MQTT 5 client is told 0x97 and the message is refused (QoS %i)', qos => {
    const { client, broker, incidents } = rig(full)
    const watcher = client(application())
    watcher.subscribe('/pk1/#')
    const publisher = client(device(), { level: 5 })
    publisher.send(retainedPacket(up, 'x'), retainedPacket(other, 'y', { qos }))
    const type = qos === 1 ? 'puback' : 'pubrec'
    const properties = { reasonString: expect.stringContaining('the limits are 1 and') }
    expect(publisher.received()).toMatchObject([{ type, packetId: 1, reasonCode: 0x97, properties }])
    expect(watcher.messages()).toEqual([`${up} x 0`])
    expect(broker.stats()).toMatchObject({
      retained: { messages: 1 },
      dropped: { 'retained-limit': 1, 'not-allowed': 0 },
    })
    expect(incidents).toMatchObject([{ reason: 'retained-limit', topic: other, closed: false }])
  })

  it.each([
    [5, 0],
    [4, 0],
    [4, 1],
    [3, 2],
  ] as const)('one that can’t be told has it delivered, and not retained (level %i, QoS %i)', (level, qos) => {
    const { client, broker, incidents } = rig(full)
    const watcher = client(application())
    watcher.subscribe('/pk1/#')
    const publisher = client(device(), { level })
    publisher.send(retainedPacket(up, 'x'), retainedPacket(other, 'y', { qos }))
    expect(watcher.messages()).toEqual([`${up} x 0`, `${other} y ${Math.min(qos, 1)}`])
    expect(broker.stats()).toMatchObject({ retained: { messages: 1 }, dropped: { 'retained-limit': 1 } })
    expect(incidents).toMatchObject([{ reason: 'retained-limit', topic: other }])
  })

  it('one is replaced and removed as before', () => {
    const { client, broker } = rig(full)
    const publisher = client(device(), { level: 5 })
    publisher.send(retainedPacket(up, 'x'), retainedPacket(up, 'y', { qos: 1 }), retainedPacket(up, '', { qos: 1 }))
    expect(publisher.received()).toMatchObject([{ reasonCode: 0 }, { reasonCode: 0 }])
    expect(broker.stats()).toMatchObject({ retained: { messages: 0 }, dropped: { 'retained-limit': 0 } })
  })

  it('bytes count too', () => {
    const { client, broker } = rig({ retainedBytes: 100 })
    client(device()).send(retainedPacket(up, 'x'.repeat(100)))
    expect(broker.stats()).toMatchObject({ retained: { messages: 0, bytes: 0 }, dropped: { 'retained-limit': 1 } })
  })
})

describe('many retained messages', () => {
  function manyRetained(settings: Parameters<typeof rig>[0], { count, qos = 0 }: { count: number; qos?: 0 | 1 }): Rig {
    const made = rig(settings)
    const publisher = made.client(application('all', 'publisher'))
    for (let index = 0; index < count; index++) {
      publisher.send(retainedPacket(`/pk1/dev${index}/user/update`, 'x'.repeat(100), { qos }))
    }
    return made
  }

  it('wait for a client that does not read, and none of them is dropped', () => {
    const { client, broker, runTurns } = manyRetained({ unsentBytes: 8000 }, { count: 500 })
    const slow = client(application())
    slow.link.isRead = false
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/#' }]
    slow.send({ type: 'subscribe', packetId: 1, subscriptions })
    expect(slow.link.pendingBytes).toBeLessThan(4000)
    for (let time = 0; time < 60; time++) {
      slow.link.drain()
      slow.link.isRead = false
      runTurns()
    }
    expect(slow.messages()).toHaveLength(500)
    expect(broker.stats().dropped['slow-reader']).toBe(0)
  })

  it('go no faster than the window, and go on with each PUBACK [MQTT-3.3.4-9]', () => {
    const { client } = manyRetained({ queuedMessages: 10 }, { count: 100, qos: 1 })
    const late = client(application(), { level: 5, connect: { properties: { receiveMaximum: 5 } } })
    late.send({ type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter: '#', qos: 1 as 0 }] })
    let taken = 0
    for (let packets = late.received(); taken < 100; packets = late.received()) {
      const ids = packets.flatMap(packet => (packet.type === 'publish' ? (packet.packetId ?? 0) : []))
      expect(ids.length).toBeLessThanOrEqual(5)
      expect(ids.length).toBeGreaterThan(0)
      taken += ids.length
      late.send(...ids.map(packetId => ({ type: 'puback', packetId, reasonCode: 0 }) as const))
    }
    expect(late.isOpen).toBe(true)
  })

  it('are looked for a while in each turn only', () => {
    const { client, runTurn, runTurns } = manyRetained({}, { count: 3000 })
    const late = client(application('all', 'late'))
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/+/user/update' }]
    late.push(encode({ type: 'subscribe', packetId: 2, subscriptions }, 4))
    runTurn()
    const first = late.messages().length
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(1000)
    runTurns()
    expect(first + late.messages().length).toBe(3000)
  })

  it('stop with UNSUBSCRIBE, and with the connection', () => {
    const made = manyRetained({ unsentBytes: 8000 }, { count: 200 })
    const late = made.client(application())
    late.link.isRead = false
    const subscriptions = [{ ...plainSubscription, filter: '/pk1/#' }]
    late.send({ type: 'subscribe', packetId: 1, subscriptions })
    late.send({ type: 'unsubscribe', packetId: 2, filters: ['/pk1/#'] })
    late.link.drain()
    made.runTurns()
    expect(late.messages().length).toBeLessThan(50)
    late.send({ type: 'subscribe', packetId: 3, subscriptions })
    late.hangUp()
    expect(made.errors).toEqual([])
  })
})

describe('a retained message that expires', () => {
  it('tells a new subscriber what time is left of it, and is gone after that [MQTT-3.3.2-5] [MQTT-3.3.2-6]', () => {
    const made = rig()
    retain(made, up, 'x', { properties: { messageExpiryIntervalSeconds: 60 } })
    made.advance(20_000)
    const late = made.client(application(), { level: 5 })
    late.send({ type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter: '/pk1/#' }] })
    expect(late.received()[1]).toMatchObject({ retain: true, properties: { messageExpiryIntervalSeconds: 40 } })
    expect(subscribe(made.client(application('all', 'old')))).toEqual([`${up} x 0 true`])
    made.advance(40_000)
    expect(subscribe(made.client(application('all', 'later')))).toEqual([])
    expect(made.broker.stats().retained.messages).toBe(1)
    made.sweep()
    expect(made.broker.stats().retained.messages).toBe(0)
  })
})
