import { describe, expect, it } from 'vitest'
import { durableRig, lasting, resumed } from '../../packages/server/src/broker/embedded/durable/durable-rig.suite.ts'
import {
  application,
  type FakeClient,
  plainSubscription,
  publishPacket,
  rig,
} from '../../packages/server/src/broker/embedded/fake-client.suite.ts'
import type { Packet, Publish } from '../../packages/server/src/mqtt/index.ts'
import { LEVELS } from './served-mqtt.ts'

/** What needs a clock or the inside of the broker: its sweeps stand for seconds, and its links are in memory. */
const topic = '/pk1/a'

function messages(client: FakeClient): string[] {
  return client.received().map(packet => (packet.type === 'publish' ? packet.payload.toString() : packet.type))
}

describe('Keep Alive', () => {
  it.each(LEVELS)(
    'is the one of the client unless CONNACK names another, and its end is that of the network (level %i) [MQTT-3.1.2-22 of 5.0] [MQTT-3.1.2-24 of 3.1.1] [MQTT-3.2.2-22]',
    level => {
      const { client, sweep } = rig()
      const watcher = client(application('all', 'watcher'), { keepAliveSeconds: 0 })
      watcher.subscribe(topic)
      const will = { topic, payload: Buffer.from('gone'), qos: 0, retain: false } as const
      const idle = client(application('all', 'idle'), { level, keepAliveSeconds: 10, connect: { will } })
      expect(idle.connack).not.toHaveProperty('properties.serverKeepAliveSeconds')
      sweep(14)
      idle.send({ type: 'pingreq' })
      sweep(15)
      expect([idle.isOpen, messages(watcher)]).toEqual([true, []])
      sweep(1)
      expect([idle.isOpen, messages(watcher)]).toEqual([false, ['gone']])
    },
  )

  it.each(LEVELS)('of 0 is none (level %i) [MQTT-3.1.2-22 of 5.0] [MQTT-3.1.2-24 of 3.1.1]', level => {
    const { client, sweep } = rig()
    const quiet = client(application(), { level, keepAliveSeconds: 0 })
    sweep(100_000)
    expect(quiet.isOpen).toBe(true)
  })
})

describe('the Message Expiry Interval', () => {
  const expiring = (payload: string, messageExpiryIntervalSeconds: number, rest: Partial<Publish> = {}): Packet => ({
    ...{ type: 'publish', topic, payload: Buffer.from(payload), qos: 1, packetId: 1, retain: false, dup: false },
    properties: { messageExpiryIntervalSeconds },
    ...rest,
  })

  it('keeps an expired message from who has not had it yet, and tells others how long it is good for [MQTT-3.3.2-5] [MQTT-3.3.2-6]', () => {
    const { client, advance } = rig()
    const connect = { properties: { receiveMaximum: 1 } }
    const slow = client(application('all', 'slow'), { level: 5, connect })
    slow.subscribe(topic)
    const publisher = client(application('all', 'publisher'), { level: 5 })
    publisher.send(expiring('at once', 10), expiring('too late', 10), expiring('in time', 100))
    expect(slow.received()).toMatchObject([{ properties: { messageExpiryIntervalSeconds: 10 } }])
    advance(30_000)
    slow.send({ type: 'puback', packetId: 1, reasonCode: 0 })
    const [message, ...rest] = slow.received()
    expect(message).toMatchObject({ payload: Buffer.from('in time'), properties: { messageExpiryIntervalSeconds: 70 } })
    expect(rest).toEqual([])
  })

  it('counts for retained messages too [MQTT-3.3.2-5] [MQTT-3.3.2-6]', () => {
    const { client, advance } = rig()
    client(application('all', 'publisher'), { level: 5 }).send(expiring('kept', 100, { retain: true }))
    const later = (name: string): FakeClient => {
      const made = client(application('all', name), { level: 5 })
      made.send({ type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter: topic }] })
      return made
    }
    advance(40_000)
    expect(later('in time').received().slice(1)).toMatchObject([{ properties: { messageExpiryIntervalSeconds: 60 } }])
    advance(60_000)
    expect(messages(later('too late'))).toEqual(['suback'])
  })

  it('ends no QoS 2 flow that has begun, on either side [MQTT-4.3.3-7] [MQTT-4.3.3-13]', () => {
    const { client, advance, sweep } = rig()
    const subscriber = client(application('all', 'subscriber'), { level: 5 })
    subscriber.subscribeAt(2, topic)
    const publisher = client(application('all', 'publisher'), { level: 5 })
    publisher.send(expiring('x', 1, { qos: 2, packetId: 7 }))
    expect(messages(publisher)).toEqual(['pubrec'])
    expect(messages(subscriber)).toEqual(['x'])
    advance(20_000)
    sweep(20)
    publisher.send({ type: 'pubrel', packetId: 7, reasonCode: 0 })
    expect(publisher.received()).toMatchObject([{ type: 'pubcomp', packetId: 7, reasonCode: 0 }])
    subscriber.send({ type: 'pubrec', packetId: 1, reasonCode: 0 })
    expect(subscriber.received()).toMatchObject([{ type: 'pubrel', packetId: 1, reasonCode: 0 }])
  })
})

it.each(LEVELS)(
  'a session lasts at least as long as its connection, whatever its expiry interval (level %i) [MQTT-4.1.0-1] [MQTT-4.1.0-1 of 3.1.1] [MQTT-4.1.0-2 of 3.1.1]',
  async level => {
    const rig = await durableRig()
    const holder = rig.client(application('all', 'holder'), { ...lasting(level, 1), keepAliveSeconds: 0 })
    holder.send({ type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter: topic, qos: 2 }] })
    await rig.commit()
    const publisher = rig.client(application('all', 'publisher'), { keepAliveSeconds: 0 })
    publisher.publish(topic, 'begun', { qos: 2 })
    await rig.commit()
    rig.pass(3600)
    publisher.publish(topic, 'later', { qos: 1 })
    await rig.commit()
    const [suback, begun, later] = holder.received()
    expect([suback?.type, begun, later]).toMatchObject(['suback', { qos: 2 }, { qos: 1 }])
    if (begun?.type !== 'publish') throw new Error('no message came')
    const { packetId = 0 } = begun
    holder.send({ type: 'pubrec', packetId, reasonCode: 0 })
    await rig.commit()
    expect(holder.received()).toMatchObject([{ type: 'pubrel', packetId, reasonCode: 0 }])
  },
)

describe('a session that has lost its connection', () => {
  const holder = application('all', 'holder')
  const goodbye = (sessionExpiryIntervalSeconds?: number): Packet => ({
    type: 'disconnect',
    reasonCode: 0,
    properties: { sessionExpiryIntervalSeconds },
  })

  it('is kept until its Session Expiry Interval is over, and no longer [MQTT-4.1.0-2 of 5.0] [MQTT-3.1.2-23 of 5.0] [MQTT-3.2.2-3 of 5.0]', async () => {
    const ends: [expiry: number, end: (client: FakeClient) => void, lastsSeconds: number][] = [
      [10, client => client.hangUp(), 10],
      [10, client => client.send(goodbye()), 10],
      [10, client => client.send(goodbye(20)), 20],
      [10, client => client.send(goodbye(0)), 0],
      [0, client => client.hangUp(), 0],
    ]
    for (const [expiry, end, lastsSeconds] of ends) {
      for (const isLate of [true, false]) {
        const rig = await durableRig()
        end(rig.client(holder, lasting(5, expiry)))
        await rig.commit()
        rig.pass(isLate ? lastsSeconds : Math.max(0, lastsSeconds - 1))
        expect(resumed(rig.client(holder, lasting(5, expiry)))).toBe(!isLate && lastsSeconds > 0)
      }
    }
  })

  it('has its will published after its delay, or when it ends, and not if its client is back [MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.1.3-9]', async () => {
    const cases: [delay: number, expiry: number, back: number, published: number][] = [
      [10, 60, 1000, 10],
      [60, 10, 1000, 10],
      [10, 60, 9, 1000],
      [0, 60, 1000, 0],
    ]
    for (const [willDelayIntervalSeconds, expiry, back, published] of cases) {
      const rig = await durableRig()
      const watcher = rig.client(application('all', 'watcher'), { keepAliveSeconds: 0 })
      watcher.subscribe(topic)
      const properties = { willDelayIntervalSeconds }
      const will = { topic, payload: Buffer.from('gone'), qos: 0, retain: false, properties } as const
      const { level, connect } = lasting(5, expiry)
      rig.client(holder, { level, connect: { ...connect, will } }).hangUp()
      await rig.commit()
      const seconds: number[] = []
      for (let second = 0; second <= 100; second++) {
        if (second > 0) rig.pass(1)
        if (messages(watcher).includes('gone')) seconds.push(second)
        if (second === back) rig.client(holder, { ...lasting(5, expiry), keepAliveSeconds: 0 })
      }
      expect(seconds).toEqual(published > 100 ? [] : [published])
    }
  })
})

it.each(LEVELS)(
  'filters that begin with a wildcard do not match topics that begin with $ (level %i) [MQTT-4.7.2-1]',
  async level => {
    const { client, broker, runTurns } = rig()
    const names = ['#', '+/a', '+/#', '$x/#', '$x/+', '/+']
    const subscribers = names.map(filter => {
      const subscriber = client(application('all', filter), { level })
      return { filter, subscriber, codes: subscriber.subscribeAt(0, filter) }
    })
    await broker.publish({ topic: '$x/a', payload: Buffer.from('x'), qos: 0 })
    runTurns()
    for (const { filter, subscriber, codes } of subscribers) {
      const isExpected = filter.startsWith('$') && codes[0] === 0
      expect(messages(subscriber)).toEqual(isExpected ? ['x'] : [])
    }
    await broker.publish({ topic: 'x/a', payload: Buffer.from('plain'), qos: 0 })
    runTurns()
    const got = subscribers.filter(({ subscriber }) => messages(subscriber).length > 0).map(({ filter }) => filter)
    expect(got).toEqual(['#', '+/a', '+/#'])
  },
)

it.each(LEVELS)(
  'an error of the server itself in a packet ends the connection it came over, and no other (level %i) [MQTT-4.8.0-2]',
  level => {
    const { client, errors } = rig()
    const bystander = client(application('all', 'bystander'), { level })
    const products = new Set<string>()
    products.has = () => {
      throw new Error('the rights can’t be read')
    }
    const unlucky = client({ kind: 'application', sessionId: '@key1/x', keyId: 'key1', products }, { level })
    unlucky.send(publishPacket(topic, 'x', { qos: 1 }))
    const types = unlucky.received().map(({ type }) => type)
    expect([types, unlucky.isOpen]).toEqual([level === 5 ? ['disconnect'] : [], false])
    bystander.send({ type: 'pingreq' })
    expect(messages(bystander)).toEqual(['pingresp'])
    expect(errors).toHaveLength(1)
  },
)
