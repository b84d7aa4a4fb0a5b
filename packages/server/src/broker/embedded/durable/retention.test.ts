import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../mqtt/index.ts'
import { application, device, type FakeClient, publishPacket } from '../fake-client.suite.ts'
import { durableRig, lasting } from './durable-rig.suite.ts'

const up = '/pk1/dev1/user/update'
const retained = (payload: string, qos: 0 | 1 | 2 = 1): Packet => publishPacket(up, payload, { qos, retain: true })

/** What a new subscriber gets. */
function found(client: FakeClient): string[] {
  client.send({
    type: 'subscribe',
    packetId: 1,
    subscriptions: [{ filter: '#', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  })
  return client.messages()
}

describe('a retained message', () => {
  it.each([
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const)('of QoS %i is acknowledged when it is stored, and is there after a crash', async (qos, type) => {
    const made = await durableRig()
    const publisher = made.client(device(), { level: 5 })
    publisher.send(retained('x', qos))
    expect(publisher.received()).toEqual([])
    await made.commit()
    expect(publisher.received()).toMatchObject([{ type, packetId: 1, reasonCode: 0 }])
    const next = await made.restart()
    expect(found(next.client(application()))).toEqual([`${up} x 1`])
  })

  it('of QoS 0 is stored without anyone waiting', async () => {
    const made = await durableRig()
    made.client(device()).send(retained('x', 0))
    await made.commit()
    expect(found((await made.restart()).client(application()))).toEqual([`${up} x 0`])
  })

  it('is not acknowledged while the store is down, and is when it is up again', async () => {
    const made = await durableRig()
    made.store.isDown = true
    const publisher = made.client(device(), { level: 5 })
    publisher.send(retained('x'))
    await made.commit()
    expect(publisher.received()).toEqual([])
    made.store.isDown = false
    await made.commit()
    expect(publisher.received()).toMatchObject([{ type: 'puback', reasonCode: 0 }])
  })

  it('that was replaced, cleared or has expired does not come back', async () => {
    const made = await durableRig()
    const publisher = made.client(application('all', 'publisher'), { level: 5 })
    const topics = ['/pk1/a/1', '/pk1/a/2', '/pk1/a/3']
    for (const topic of topics) publisher.publish(topic, 'old', { retain: true })
    await made.commit()
    publisher.publish('/pk1/a/1', 'new', { retain: true })
    publisher.publish('/pk1/a/2', '', { retain: true })
    const properties = { messageExpiryIntervalSeconds: 5 }
    publisher.send({ ...publishPacket('/pk1/a/3', 'short', { retain: true }), properties } as Packet)
    await made.commit()
    made.pass(6)
    await made.commit()
    const next = await made.restart()
    expect(next.broker.stats().retained.messages).toBe(1)
    expect(found(next.client(application()))).toEqual(['/pk1/a/1 new 0'])
  })

  it('is written once, however often it was replaced since the last commit', async () => {
    const made = await durableRig()
    const publisher = made.client(device())
    for (let index = 0; index < 100; index++) publisher.send(retained(String(index), 0))
    await made.commit()
    expect(made.store.commits.flat()).toHaveLength(1)
    expect(found((await made.restart()).client(application()))).toEqual([`${up} 99 0`])
  })

  it('keeps who sent it, its properties and its time over a restart', async () => {
    const made = await durableRig()
    const properties = { contentType: 'text', messageExpiryIntervalSeconds: 60 }
    const publisher = made.client(device(), { level: 5 })
    publisher.send({ ...publishPacket(up, 'x', { retain: true }), properties } as Packet)
    made.pass(10)
    await made.commit()
    const next = await made.restart()
    next.pass(10)
    const late = next.client(application(), { level: 5 })
    late.subscribe('#')
    late.send({ type: 'pingreq' })
    const own = next.client(device(), { level: 5, serverSubscriptions: ['/pk1/dev1/#'] })
    expect(own.messages()).toEqual([])
    const again = next.client(application('all', 'again'), { level: 5 })
    again.send({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [{ filter: '#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    })
    const expected = { contentType: 'text', messageExpiryIntervalSeconds: 40 }
    expect(again.received()[1]).toMatchObject({ retain: true, properties: expected })
  })

  it('that goes to a session on disk too is acknowledged when both are stored', async () => {
    const made = await durableRig()
    const subscriber = made.client(application(), lasting(4))
    expect(found(subscriber)).toEqual([])
    await made.commit()
    subscriber.hangUp()
    const publisher = made.client(device(), { level: 5 })
    publisher.send(retained('x'))
    expect(publisher.received()).toEqual([])
    await made.commit()
    expect(publisher.received()).toMatchObject([{ type: 'puback', reasonCode: 0 }])
    const next = await made.restart()
    expect(next.client(application(), lasting(4)).messages()).toEqual([`${up} x 1`])
    expect(next.broker.stats().retained.messages).toBe(1)
  })
})

it('comes behind the SUBACK, also where that has to wait for the store', async () => {
  const made = await durableRig()
  made.client(device()).send(retained('x'))
  await made.commit()
  const subscriber = made.client(application(), lasting(5))
  await made.commit()
  expect(found(subscriber)).toEqual([])
  await made.commit()
  expect(subscriber.received().map(({ type }) => type)).toEqual(['suback', 'publish'])
})

describe('a retained message that no session has room for', () => {
  /** One session's queue, which holds one message, is full. */
  async function full() {
    const made = await durableRig({ queuedMessages: 1 })
    const subscriber = made.client(application(), lasting(4))
    found(subscriber)
    await made.commit()
    subscriber.hangUp()
    const publisher = made.client(device(), { level: 5 })
    publisher.publish('/pk1/dev1/user/other', 'fills', { qos: 1 })
    await made.commit()
    publisher.received()
    return { made, publisher }
  }

  it.each([
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const)(
    'is retained, and acknowledged as such when that is stored (QoS %i) [MQTT-3.3.1-5]',
    async (qos, type) => {
      const { made, publisher } = await full()
      publisher.send(retained('kept', qos))
      expect(publisher.received()).toEqual([])
      await made.commit()
      expect(publisher.received()).toMatchObject([{ type, packetId: 1, reasonCode: 0 }])
      expect(made.broker.stats().dropped['queue-full']).toBe(1)
      const late = (await made.restart()).client(application('all', 'late'))
      expect(found(late)).toEqual([`${up} kept 1`])
    },
  )

  it('and is empty removes the one there was, and is acknowledged as such [MQTT-3.3.1-6]', async () => {
    const { made, publisher } = await full()
    publisher.send(retained('kept'), retained(''))
    await made.commit()
    expect(publisher.received()).toMatchObject([{ reasonCode: 0 }, { reasonCode: 0 }])
    expect(found(made.client(application('all', 'late')))).toEqual([])
  })

  it('is refused as a whole when there is no room to retain it either', async () => {
    const made = await durableRig({ retainedMessages: 0 })
    const publisher = made.client(device(), { level: 5 })
    publisher.send(retained('x'))
    expect(publisher.received()).toMatchObject([{ type: 'puback', reasonCode: 0x97 }])
    expect(made.broker.stats().retained.messages).toBe(0)
  })
})

describe('a message of the platform', () => {
  it('that is retained is owned when it is stored', async () => {
    const made = await durableRig()
    let isOwned = false
    const payload = Buffer.from('x')
    const published = made.broker.publish({ topic: up, payload, qos: 1, retain: true }).then(() => {
      isOwned = true
    })
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    expect(isOwned).toBe(false)
    await made.commit()
    await published
    expect(isOwned).toBe(true)
  })
})
