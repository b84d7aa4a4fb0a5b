import { describe, expect, it } from 'vitest'
import { device, plainSubscription, rig } from '../fake-client.suite.ts'
import { dashboard, durableRig, lasting, told } from './durable-rig.suite.ts'

const up = '/pk1/dev1/user/update'
const other = '/pk1/dev1/user/other'
const puback = (packetId: number) => ({ type: 'puback', packetId, reasonCode: 0 }) as const

async function subscribed(settings = {}) {
  const rig = await durableRig(settings)
  const subscriber = rig.client(dashboard, lasting(4))
  const subscription = { ...plainSubscription, filter: up, qos: 1 } as const
  subscriber.send({ type: 'subscribe', packetId: 1, subscriptions: [subscription] })
  await rig.commit()
  subscriber.received()
  return { rig, subscriber }
}

describe('PUBACK', () => {
  it('waits for the store when a session that took the message is away', async () => {
    const { rig, subscriber } = await subscribed()
    subscriber.hangUp()
    const publisher = rig.client(device())
    publisher.publish(up, 'x', { qos: 1, packetId: 7 })
    expect(told(publisher.received())).toEqual([])
    await rig.commit()
    expect(told(publisher.received())).toEqual(['puback 7'])
  })

  it('leaves at once when all sessions have acknowledged before: nothing is written', async () => {
    const { rig, subscriber } = await subscribed()
    await rig.commit()
    const before = rig.store.commits.length
    const publisher = rig.client(device())
    publisher.publish(up, 'x', { qos: 1, packetId: 7 })
    expect(told(subscriber.received())).toEqual(['x qos 1 #1'])
    expect(told(publisher.received())).toEqual([])
    subscriber.send(puback(1))
    expect(told(publisher.received())).toEqual(['puback 7'])
    await rig.commit()
    expect(rig.store.commits.length).toBe(before)
  })

  it('leaves at once when no session that outlives its connection took it', async () => {
    const { rig } = await subscribed()
    const publisher = rig.client(device())
    publisher.publish(other, 'x', { qos: 1, packetId: 7 })
    expect(told(publisher.received())).toEqual(['puback 7'])
  })

  it('keeps its order, whatever waits for the store [MQTT-4.6.0-2]', async () => {
    const { rig, subscriber } = await subscribed()
    subscriber.hangUp()
    const publisher = rig.client(device(), { level: 5 })
    publisher.publish(up, 'x', { qos: 1, packetId: 1 })
    publisher.publish(other, 'x', { qos: 1, packetId: 2 })
    publisher.publish('/not/its/own', 'x', { qos: 1, packetId: 3 })
    publisher.publish(other, 'x', { qos: 2, packetId: 4 })
    expect(told(publisher.received())).toEqual([])
    await rig.commit()
    expect(told(publisher.received())).toEqual(['puback 1', 'puback 2', 'puback 3', 'pubrec 4'])
  })
})

describe('a store that is down', () => {
  it('lets nobody lose a message: what waited is stored and acknowledged when it is back', async () => {
    const { rig, subscriber } = await subscribed()
    subscriber.hangUp()
    rig.store.isDown = true
    const publisher = rig.client(device())
    for (const id of [1, 2]) publisher.publish(up, `m${id}`, { qos: 1, packetId: id })
    await rig.commit()
    expect(told(publisher.received())).toEqual([])
    expect(rig.errors).toContainEqual(new Error('the store is down'))
    rig.store.isDown = false
    await rig.commit()
    expect(told(publisher.received())).toEqual(['puback 1', 'puback 2'])
    expect(told((await rig.restart()).client(dashboard, lasting(4)).received())).toEqual(['m1 qos 1 #1', 'm2 qos 1 #2'])
  })

  it('is told to an MQTT 5 publisher after a while, and makes an older one come again', async () => {
    const { rig, subscriber } = await subscribed({ storeTimeoutMs: 3000 })
    subscriber.hangUp()
    rig.store.isDown = true
    const five = rig.client(device(), { level: 5 })
    five.publish(up, 'x', { qos: 1, packetId: 1 })
    five.publish(up, 'x', { qos: 2, packetId: 2 })
    const four = rig.client(device('dev2'))
    rig.client(dashboard, lasting(4)).send({
      type: 'subscribe',
      packetId: 9,
      subscriptions: [{ ...plainSubscription, filter: '/pk1/#', qos: 1 }],
    })
    four.publish('/pk1/dev2/user/update', 'x', { qos: 1, packetId: 3 })
    rig.pass(3)
    expect(five.received()).toEqual([])
    rig.pass(1)
    expect(five.received()).toMatchObject([
      { type: 'puback', packetId: 1, reasonCode: 0x83 },
      { type: 'pubrec', packetId: 2, reasonCode: 0x83 },
    ])
    expect([five.isOpen, four.isOpen]).toEqual([true, false])
    expect(four.received()).toEqual([])
    expect(rig.incidents).toContainEqual(expect.objectContaining({ reason: 'store-slow', closed: true }))
  })

  it('stops the reading of a publisher that is owed many acknowledgements, until they are paid', async () => {
    const { rig, subscriber } = await subscribed({ owedPackets: 4 })
    subscriber.hangUp()
    const publisher = rig.client(device())
    for (const id of [1, 2, 3, 4, 5, 6]) publisher.publish(up, `m${id}`, { qos: 1, packetId: id })
    expect(publisher.link.isPaused).toBe(true)
    await rig.commit()
    expect(publisher.link.isPaused).toBe(false)
    await rig.commit()
    expect(told(publisher.received())).toHaveLength(6)
  })

  it('makes a publish of the platform fail after a while', async () => {
    const { rig, subscriber } = await subscribed()
    subscriber.hangUp()
    rig.store.isDown = true
    const published = rig.broker.publish({ topic: up, payload: Buffer.from('x'), qos: 1 })
    const outcome = expect(published).rejects.toMatchObject({ reason: 'store-slow' })
    await rig.commit()
    await outcome
  })
})

describe('a broker without a store', () => {
  it('keeps sessions as long as it runs, and lets nothing wait', () => {
    const { client, broker } = rig()
    const subscriber = client(dashboard, lasting(4))
    expect(subscriber.subscribeAt(2, up)).toEqual([2])
    const publisher = client(device(), lasting(5))
    publisher.publish(up, 'one', { qos: 2, packetId: 7 })
    expect(told(publisher.received())).toEqual(['pubrec 7'])
    expect(told(subscriber.received())).toEqual(['one qos 2 #1'])
    subscriber.send({ type: 'pubrec', packetId: 1, reasonCode: 0 })
    expect(told(subscriber.received())).toEqual(['pubrel 1'])
    subscriber.hangUp()
    publisher.publish(up, 'two', { qos: 1, packetId: 8 })
    expect(told(publisher.received())).toEqual(['puback 8'])
    expect(told(client(dashboard, lasting(4)).received())).toEqual(['pubrel 1', 'two qos 1 #2'])
    expect(broker.stats().sessions).toBe(2)
  })
})
