import { describe, expect, it } from 'vitest'
import { device, plainSubscription } from '../fake-client.suite.ts'
import { dashboard, durableRig, lasting, resumed, told } from './durable-rig.suite.ts'

const up = '/pk1/dev1/user/update'
const levels = [4, 5] as const
const subscribe = (qos: 0 | 1 | 2, filter = '/pk1/#') =>
  ({ type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter, qos }] }) as const
const puback = (packetId: number) => ({ type: 'puback', packetId, reasonCode: 0 }) as const
const pubrec = (packetId: number) => ({ type: 'pubrec', packetId, reasonCode: 0 }) as const
const pubrel = (packetId: number) => ({ type: 'pubrel', packetId, reasonCode: 0 }) as const
const pubcomp = (packetId: number) => ({ type: 'pubcomp', packetId, reasonCode: 0 }) as const
const goodbye = { type: 'disconnect', reasonCode: 0 } as const

/** A broker with a session of `qos` on everything, whose SUBACK has come. */
async function subscribed(level: 4 | 5, qos: 0 | 1 | 2, settings = {}) {
  const rig = await durableRig(settings)
  const subscriber = rig.client(dashboard, lasting(level))
  subscriber.send(subscribe(qos))
  await rig.commit()
  expect(told(subscriber.received())).toEqual(['suback 1'])
  return { rig, subscriber }
}

describe.each(levels)('a session that outlives its connection, level %i', level => {
  it('gets what came while it was away, in order, over a connection of the same process or the next [MQTT-4.4.0-1]', async () => {
    for (const crashes of [false, true]) {
      const { rig, subscriber } = await subscribed(level, 2)
      subscriber.hangUp()
      const publisher = rig.client(device())
      publisher.publish(up, 'zero')
      publisher.publish(up, 'one', { qos: 1, packetId: 1 })
      publisher.publish(up, 'two', { qos: 2, packetId: 2 })
      await rig.commit()
      const next = crashes ? await rig.restart() : rig
      const again = next.client(dashboard, lasting(level))
      expect(resumed(again)).toBe(true)
      expect(told(again.received())).toEqual(['one qos 1 #1', 'two qos 2 #2'])
    }
  })

  it('gets what it has not acknowledged again, marked and under the same identifiers [MQTT-3.3.1-1] [MQTT-4.6.0-1]', async () => {
    for (const crashes of [false, true]) {
      const { rig, subscriber } = await subscribed(level, 2)
      const publisher = rig.client(device())
      for (const id of [1, 2, 3]) publisher.publish(up, `m${id}`, { qos: id === 2 ? 2 : 1, packetId: id })
      await rig.commit()
      expect(told(subscriber.received())).toEqual(['m1 qos 1 #1', 'm2 qos 2 #2', 'm3 qos 1 #3'])
      subscriber.send(puback(1))
      await rig.commit()
      if (!crashes) subscriber.hangUp()
      const next = crashes ? await rig.restart() : rig
      const again = next.client(dashboard, lasting(level))
      expect(told(again.received())).toEqual(['m2 qos 2 dup #2', 'm3 qos 1 dup #3'])
      again.send(puback(3))
      await next.commit()
      again.hangUp()
      expect(told(next.client(dashboard, lasting(level)).received())).toEqual(['m2 qos 2 dup #2'])
    }
  })

  it('is sent PUBREL only when that is stored, and PUBREL again instead of the message [MQTT-4.3.3-4]', async () => {
    for (const crashes of [false, true]) {
      const { rig, subscriber } = await subscribed(level, 2)
      rig.client(device()).publish(up, 'once', { qos: 2, packetId: 9 })
      expect(told(subscriber.received())).toEqual([])
      await rig.commit()
      expect(told(subscriber.received())).toEqual(['once qos 2 #1'])
      subscriber.send(pubrec(1))
      expect(told(subscriber.received())).toEqual([])
      await rig.commit()
      expect(told(subscriber.received())).toEqual(['pubrel 1'])
      if (!crashes) subscriber.hangUp()
      const next = crashes ? await rig.restart() : rig
      const again = next.client(dashboard, lasting(level))
      await next.commit()
      expect(told(again.received())).toEqual(['pubrel 1'])
      again.send(pubcomp(1))
      await next.commit()
      again.hangUp()
      expect(told(next.client(dashboard, lasting(level)).received())).toEqual([])
    }
  })

  it('knows a QoS 2 message of its client again after a crash, and routes it once [MQTT-4.3.3-10]', async () => {
    const rig = await durableRig()
    const publisher = rig.client(device(), lasting(level))
    const watcher = rig.client(dashboard, lasting(4))
    watcher.send(subscribe(2))
    await rig.commit()
    watcher.hangUp()
    publisher.publish(up, 'once', { qos: 2, packetId: 5 })
    expect(told(publisher.received())).toEqual([])
    await rig.commit()
    const next = await rig.restart()
    const again = next.client(device(), lasting(level))
    again.send({
      type: 'publish',
      topic: up,
      payload: Buffer.from('once'),
      qos: 2,
      retain: false,
      dup: true,
      packetId: 5,
    })
    await next.commit()
    expect(told(again.received())).toEqual(['pubrec 5'])
    again.send(pubrel(5))
    expect(told(again.received())).toEqual([])
    await next.commit()
    expect(told(again.received())).toEqual(['pubcomp 5'])
    expect(told(next.client(dashboard, lasting(4)).received())).toEqual(['once qos 2 #1'])
  })

  it('ends when its client starts clean, also for the next process [MQTT-3.1.2-4]', async () => {
    const { rig, subscriber } = await subscribed(level, 1)
    subscriber.hangUp()
    rig.client(device()).publish(up, 'lost', { qos: 1 })
    await rig.commit()
    const clean = { level, connect: { ...lasting(level).connect, cleanStart: true } }
    const fresh = rig.client(dashboard, clean)
    expect(resumed(fresh)).toBe(false)
    expect(told(fresh.received())).toEqual([])
    fresh.hangUp()
    await rig.commit()
    expect(rig.broker.stats()).toMatchObject({ subscriptions: 0, queuedBytes: 0, dropped: { 'session-ended': 1 } })
    const { sessions, messages } = await rig.store.load()
    expect([sessions.flatMap(({ entries }) => entries), messages.size]).toEqual([[], 0])
  })

  it('goes on when another connection takes it over [MQTT-3.1.4-3]', async () => {
    const { rig, subscriber } = await subscribed(level, 1)
    rig.client(device()).publish(up, 'held', { qos: 1 })
    expect(told(subscriber.received())).toEqual(['held qos 1 #1'])
    const next = rig.client(dashboard, lasting(level))
    expect([resumed(next), subscriber.isOpen]).toEqual([true, false])
    expect(told(next.received())).toEqual(['held qos 1 dup #1'])
  })

  it('forgets what it unsubscribed from, and keeps to what it subscribed to, after a crash', async () => {
    const { rig, subscriber } = await subscribed(level, 1)
    subscriber.send(subscribe(1, '/pk2/#'), { type: 'unsubscribe', packetId: 2, filters: ['/pk1/#'] })
    expect(told(subscriber.received())).toEqual([])
    await rig.commit()
    expect(told(subscriber.received())).toEqual(['suback 1', 'unsuback 2'])
    const next = await rig.restart()
    next.client(device()).publish(up, 'no', { qos: 1 })
    next.client(device('dev1', 'pk2')).publish('/pk2/dev1/user/update', 'yes', { qos: 1 })
    expect(told(next.client(dashboard, lasting(level)).received())).toEqual(['yes qos 1 #1'])
  })
})

describe('a session ends', () => {
  it.each([
    ['MQTT 3.1.1, by the setting', lasting(4), 50],
    ['MQTT 5, as it asked', lasting(5, 60), 60],
    ['MQTT 5, at most as long as the server grants', lasting(5, 0xffffffff), 70],
  ])('after its time without a connection: %s', async (_who, connect, seconds) => {
    const rig = await durableRig({ sessionExpirySeconds: 50, sessionExpiryMaxSeconds: 70 })
    const client = rig.client(dashboard, connect)
    client.send(subscribe(1))
    client.hangUp()
    rig.pass(seconds - 1)
    expect(rig.broker.stats()).toMatchObject({ sessions: 1, subscriptions: 1 })
    rig.pass(1)
    expect(rig.broker.stats()).toMatchObject({ sessions: 0, subscriptions: 0 })
    await rig.commit()
    expect((await rig.store.load()).sessions).toEqual([])
  })

  it('for a client that comes back when its time is over, even if no sweep has seen that', async () => {
    const rig = await durableRig()
    const watcher = rig.client(device('dev2'))
    watcher.subscribe('/pk1/dev2/will')
    const { level, connect } = lasting(5, 1)
    const properties = { willDelayIntervalSeconds: 5 }
    const will = { topic: '/pk1/dev2/will', payload: Buffer.from('gone'), qos: 0, retain: false, properties } as const
    rig.client(dashboard, { level, connect: { ...connect, will } }).hangUp()
    await rig.commit()
    rig.advance(999)
    const back = rig.client(dashboard, { level, connect: { ...connect, will } })
    expect(resumed(back)).toBe(true)
    back.hangUp()
    await rig.commit()
    rig.advance(1000)
    expect(resumed(rig.client(dashboard, lasting(5, 1)))).toBe(false)
    expect(watcher.messages()).toEqual(['/pk1/dev2/will gone 0'])
  })

  it('never, if the client asks for that and the server has no limit', async () => {
    const rig = await durableRig({ sessionExpiryMaxSeconds: 0xffffffff })
    const client = rig.client(dashboard, lasting(5, 0xffffffff))
    expect(client.connack).not.toHaveProperty('properties.sessionExpiryIntervalSeconds', expect.anything())
    client.hangUp()
    await rig.commit()
    const next = await durableRig({}, { store: rig.store, startMs: 1_700_000_000_000 + 1000 * 86_400_000 })
    next.pass(2)
    expect(next.broker.stats().sessions).toBe(1)
  })

  it('the client is told of another interval than it asked for', async () => {
    const rig = await durableRig({ sessionExpiryMaxSeconds: 70 })
    expect(rig.client(dashboard, lasting(5, 71)).connack).toMatchObject({
      properties: { sessionExpiryIntervalSeconds: 70 },
    })
  })

  it('with its time counted while the server was down', async () => {
    const rig = await durableRig()
    rig.client(dashboard, lasting(5, 100)).hangUp()
    rig.pass(60)
    await rig.commit()
    const next = await rig.restart()
    next.pass(39)
    expect(next.broker.stats().sessions).toBe(1)
    next.pass(1)
    expect(next.broker.stats().sessions).toBe(0)
  })

  it('with its connection, if DISCONNECT says so', async () => {
    const rig = await durableRig()
    const client = rig.client(dashboard, lasting(5, 100))
    client.send({ ...goodbye, properties: { sessionExpiryIntervalSeconds: 0 } })
    expect(rig.broker.stats().sessions).toBe(0)
    expect(resumed(rig.client(dashboard, lasting(5)))).toBe(false)
  })

  it('when it is forgotten, connected or not', async () => {
    const rig = await durableRig()
    const one = rig.client(device('dev1'), lasting(4))
    rig.client(device('dev2'), lasting(4)).hangUp()
    rig.client(dashboard, lasting(4)).hangUp()
    expect(rig.broker.forget('pk1/dev1', 'device-deleted')).toBe(true)
    expect(rig.broker.forget('pk1/dev1', 'device-deleted')).toBe(false)
    expect(one.isOpen).toBe(false)
    expect(rig.broker.forgetWhere(({ kind }) => kind === 'device', 'device-deleted')).toBe(1)
    expect(rig.broker.stats().sessions).toBe(1)
    await rig.commit()
    expect((await rig.store.load()).sessions).toMatchObject([{ session: { sessionId: '@key1/app' } }])
  })
})

describe('bounds', () => {
  it('a full queue keeps what it has, and tells an MQTT 5 publisher whose message nobody took', async () => {
    const { rig, subscriber } = await subscribed(4, 1, { queuedMessages: 2 })
    subscriber.hangUp()
    const five = rig.client(device(), { level: 5 })
    for (const id of [1, 2, 3]) five.publish(up, `m${id}`, { qos: 1, packetId: id })
    await rig.commit()
    const answers = five
      .received()
      .map(packet => (packet.type === 'puback' ? [packet.packetId, packet.reasonCode] : packet))
    expect(answers).toEqual([
      [1, 0],
      [2, 0],
      [3, 0x97],
    ])
    const four = rig.client(device('dev2'))
    four.publish('/pk1/dev2/user/update', 'm4', { qos: 1, packetId: 4 })
    expect(told(four.received())).toEqual(['puback 4'])
    expect(rig.broker.stats().dropped['queue-full']).toBe(2)
    expect(told(rig.client(dashboard, lasting(4)).received())).toEqual(['m1 qos 1 #1', 'm2 qos 1 #2'])
  })

  it('only so many sessions outlive their connections; one more is told to come again later', async () => {
    const rig = await durableRig({ sessions: 1 })
    rig.client(device('dev1'), lasting(4)).hangUp()
    expect(rig.client(device('dev2'), lasting(4)).connack).toMatchObject({ reasonCode: 3 })
    expect(rig.client(device('dev3'), lasting(5)).connack).toMatchObject({ reasonCode: 0x97 })
    expect(rig.client(device('dev4')).connack).toMatchObject({ reasonCode: 0 })
    expect(resumed(rig.client(device('dev1'), lasting(4)))).toBe(true)
  })

  it('a session that comes back with a smaller window gets no more at once [MQTT-3.3.4-9]', async () => {
    const { rig, subscriber } = await subscribed(5, 1)
    subscriber.hangUp()
    const publisher = rig.client(device())
    for (const id of [1, 2, 3]) publisher.publish(up, `m${id}`, { qos: 1, packetId: id })
    const { level, connect } = lasting(5)
    const properties = { ...connect.properties, receiveMaximum: 1 }
    const again = rig.client(dashboard, { level, connect: { ...connect, properties } })
    expect(told(again.received())).toEqual(['m1 qos 1 #1'])
    again.send(puback(1))
    expect(told(again.received())).toEqual(['m2 qos 1 #2'])
  })
})

describe('a will', () => {
  const will = (delay: number) => ({
    topic: up,
    payload: Buffer.from('gone'),
    qos: 1 as const,
    retain: false,
    properties: { willDelayIntervalSeconds: delay, contentType: 'text/plain' },
  })
  const withWill = (delay: number, expiry = 100) => {
    const { level, connect } = lasting(5, expiry)
    return { level, connect: { ...connect, will: will(delay) } }
  }

  it.each([
    ['after its delay', 10, 100, 10],
    ['at once without one', 0, 100, 0],
    ['when the session ends before', 50, 20, 20],
  ])('is published %s', async (_when, delay, expiry, seconds) => {
    const { rig, subscriber } = await subscribed(4, 1)
    rig.client(device(), withWill(delay, expiry)).hangUp()
    if (seconds > 0) {
      rig.pass(seconds - 1)
      expect(told(subscriber.received())).toEqual([])
      rig.pass(1)
    }
    expect(told(subscriber.received())).toEqual(['gone qos 1 #1'])
    rig.pass(200)
    expect(told(subscriber.received())).toEqual([])
  })

  it('is not published if its client comes back in time [MQTT-3.1.3-9]', async () => {
    const { rig, subscriber } = await subscribed(4, 1)
    rig.client(device(), withWill(10)).hangUp()
    rig.pass(9)
    rig.client(device(), lasting(5))
    rig.pass(50)
    expect(told(subscriber.received())).toEqual([])
  })

  it('is published when its client comes back to a clean start: its session has ended', async () => {
    const { rig, subscriber } = await subscribed(4, 1)
    rig.client(device(), withWill(10)).hangUp()
    rig.client(device(), { level: 5 })
    expect(told(subscriber.received())).toEqual(['gone qos 1 #1'])
  })

  it('is not published after a goodbye [MQTT-3.14.4-3]', async () => {
    const { rig, subscriber } = await subscribed(4, 1)
    rig.client(device(), withWill(0)).send(goodbye)
    rig.pass(200)
    expect(told(subscriber.received())).toEqual([])
  })

  it.each([
    ['was waiting for its delay', true],
    ['had a live connection', false],
  ])('survives a crash when its session %s', async (_what, hangsUp) => {
    const { rig, subscriber } = await subscribed(4, 1)
    const leaver = rig.client(device(), withWill(10))
    if (hangsUp) leaver.hangUp()
    subscriber.hangUp()
    await rig.commit()
    const next = await rig.restart()
    const again = next.client(dashboard, lasting(4))
    next.pass(9)
    expect(told(again.received())).toEqual([])
    next.pass(1)
    expect(told(again.received())).toEqual(['gone qos 1 #1'])
  })

  it('whose topic is not its client’s own is not published after a crash either', async () => {
    const rig = await durableRig()
    const foreign = { ...will(0), topic: '/pk2/other/user/update' }
    rig.client(device(), { level: 5, connect: { ...lasting(5).connect, will: foreign } })
    await rig.commit()
    const next = await rig.restart()
    const watcher = next.client(dashboard)
    watcher.subscribe('/pk2/#')
    next.pass(50)
    expect(told(watcher.received())).toEqual([])
  })
})
