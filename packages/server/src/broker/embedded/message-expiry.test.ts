import { describe, expect, it } from 'vitest'
import type { Packet, PublishProperties } from '../../mqtt/index.ts'
import { application, device, type FakeClient, plainSubscription, type Rig, rig } from './fake-client.suite.ts'

const up = '/pk1/dev1/user/update'

function expiring(payload: string, properties: PublishProperties): Packet {
  return {
    type: 'publish',
    topic: up,
    payload: Buffer.from(payload),
    qos: 1,
    packetId: 1,
    retain: false,
    dup: false,
    properties,
  }
}

/** A subscriber whose window takes one message. */
function slowSubscriber({ client }: Rig, level: 4 | 5): FakeClient {
  const subscriber = client(application(), { level, connect: { properties: { receiveMaximum: 1 } } })
  const subscriptions = [{ ...plainSubscription, filter: '/pk1/#', qos: 1 as const }]
  subscriber.send({ type: 'subscribe', packetId: 1, subscriptions })
  subscriber.received()
  return subscriber
}

describe('a message with an expiry interval', () => {
  it('goes on with its whole interval when it does not wait [MQTT-3.3.2-6]', () => {
    const made = rig()
    const subscriber = slowSubscriber(made, 5)
    made.client(device(), { level: 5 }).send(expiring('x', { messageExpiryIntervalSeconds: 60 }))
    expect(subscriber.received()).toMatchObject([{ properties: { messageExpiryIntervalSeconds: 60 } }])
  })

  it('that has waited tells what is left, beside its other properties [MQTT-3.3.2-6] [MQTT-3.3.2-17]', () => {
    const made = rig()
    const subscriber = slowSubscriber(made, 5)
    const publisher = made.client(device(), { level: 5 })
    const others = { contentType: 'a', correlationData: Buffer.from('c'), userProperties: [['k', 'v'] as const] }
    publisher.send(expiring('first', {}), expiring('second', { messageExpiryIntervalSeconds: 60, ...others }))
    made.advance(15_400)
    subscriber.send({ type: 'puback', packetId: 1, reasonCode: 0 })
    const [first, second] = subscriber.received()
    expect(first).toMatchObject({ payload: Buffer.from('first') })
    expect(second).toMatchObject({ payload: Buffer.from('second'), topic: up, qos: 1 })
    expect(second).toMatchObject({ properties: { messageExpiryIntervalSeconds: 45, ...others } })
  })

  it.each([4, 5] as const)(
    'is not sent when its time has passed, and its place is free (level %i) [MQTT-3.3.2-5]',
    level => {
      const made = rig({ inFlight: 1 })
      const subscriber = slowSubscriber(made, level)
      const publisher = made.client(device(), { level: 5 })
      publisher.send(
        expiring('a', {}),
        expiring('b', { messageExpiryIntervalSeconds: 5 }),
        expiring('c', {}),
        expiring('d', {}),
      )
      made.advance(5000)
      subscriber.send({ type: 'puback', packetId: 1, reasonCode: 0 })
      expect(subscriber.messages()).toEqual([`${up} a 1`, `${up} c 1`])
      expect(made.broker.stats().dropped['expired']).toBe(1)
      expect(made.broker.stats().queuedBytes).toBeGreaterThan(0)
    },
  )
})
