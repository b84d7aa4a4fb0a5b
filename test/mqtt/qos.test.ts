import { describe, expect, it } from 'vitest'
import type { Qos } from '../../packages/server/src/mqtt/index.ts'
import { type Client, LEVELS, publish, publishPacket, received, ServedMqtt } from './served-mqtt.ts'

const served = new ServedMqtt()

async function nextMessage(client: Client): Promise<{ packetId: number; payload: string; qos: Qos; dup: boolean }> {
  const { packetId = 0, payload, qos, dup } = await client.expect('publish')
  return { packetId, payload: payload.toString(), qos, dup }
}

describe('the server as receiver', () => {
  it.each(LEVELS)(
    'answers a PUBLISH as its QoS asks, with its Packet Identifier (level %i) [MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-2.3.1-6] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.3.3-11]',
    async level => {
      const client = await served.client(level)
      const topic = served.topic()
      client.send(publishPacket(topic, 'x'))
      expect(await client.untilPingresp()).toEqual([])
      for (const packetId of [1, 0x1234, 0xffff]) {
        client.send(publishPacket(topic, 'x', { qos: 1, packetId }))
        expect(await client.next()).toMatchObject({ type: 'puback', packetId, reasonCode: 0 })
        client.send(publishPacket(topic, 'x', { qos: 2, packetId }))
        expect(await client.next()).toMatchObject({ type: 'pubrec', packetId, reasonCode: 0 })
        client.send({ type: 'pubrel', packetId, reasonCode: 0 })
        expect(await client.next()).toMatchObject({ type: 'pubcomp', packetId, reasonCode: 0 })
      }
      expect(await received(client)).toEqual([])
    },
  )

  it.each(LEVELS)(
    'takes a QoS 1 identifier after PUBACK for a new message, also with DUP (level %i) [MQTT-4.3.2-5] [MQTT-4.3.2-2 of 3.1.1]',
    async level => {
      const topic = served.topic()
      const subscriber = await served.subscriber(level, topic, 0)
      const client = await served.client(level)
      for (const dup of [false, false, true]) await publish(client, topic, `dup ${dup}`, { qos: 1, packetId: 9, dup })
      expect(await received(subscriber)).toEqual(['dup false', 'dup false', 'dup true'])
    },
  )

  it.each(LEVELS)(
    'delivers a QoS 2 message once until PUBREL, and takes the identifier for a new one after PUBCOMP (level %i) [MQTT-4.3.3-10] [MQTT-4.3.3-12] [MQTT-4.3.3-2 of 3.1.1]',
    async level => {
      const topic = served.topic()
      const subscriber = await served.subscriber(level, topic, 0)
      const client = await served.client(level)
      for (const dup of [false, true, false]) {
        client.send(publishPacket(topic, 'once', { qos: 2, packetId: 9, dup }))
        expect(await client.next()).toMatchObject({ type: 'pubrec', packetId: 9, reasonCode: 0 })
      }
      client.send({ type: 'pubrel', packetId: 9, reasonCode: 0 })
      expect(await client.next()).toMatchObject({ type: 'pubcomp', packetId: 9, reasonCode: 0 })
      await publish(client, topic, 'new', { qos: 2, packetId: 9 })
      expect(await received(subscriber)).toEqual(['once', 'new'])
    },
  )

  it('answers a PUBREL of nothing by the codes that there are for it [MQTT-3.7.2-1]', async () => {
    for (const level of LEVELS) {
      const client = await served.client(level)
      client.send({ type: 'pubrel', packetId: 7, reasonCode: 0 })
      expect(await client.next()).toMatchObject({ type: 'pubcomp', packetId: 7, reasonCode: level === 5 ? 0x92 : 0 })
    }
  })
})

describe('the server as sender', () => {
  it.each(LEVELS)(
    'gives each message an identifier other than 0 that is not in use (level %i) [MQTT-2.2.1-4] [MQTT-2.3.1-1] [MQTT-2.3.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [MQTT-4.3.2-2 of 5.0]',
    async level => {
      const topic = served.topic()
      const subscriber = await served.subscriber(level, topic, 2)
      const publisher = await served.client(level)
      for (let index = 0; index < 40; index++) await publish(publisher, topic, 'x', { qos: index % 2 === 0 ? 1 : 2 })
      const packetIds = (await subscriber.untilPingresp()).map(packet => ('packetId' in packet ? packet.packetId : 0))
      expect(packetIds).not.toContain(0)
      expect(new Set(packetIds).size).toBe(40)
    },
  )

  it.each(LEVELS)(
    'goes through PUBLISH, PUBREC, PUBREL and PUBCOMP under one identifier, and repeats nothing on the connection (level %i) [MQTT-4.3.3-4] [MQTT-4.3.3-6] [MQTT-4.3.3-1 of 3.1.1] [MQTT-2.2.1-5] [MQTT-2.3.1-6] [MQTT-3.6.2-1]',
    async level => {
      const topic = served.topic()
      const subscriber = await served.subscriber(level, topic, 2)
      await publish(await served.client(level), topic, 'x', { qos: 2 })
      const { packetId, qos } = await nextMessage(subscriber)
      expect(qos).toBe(2)
      expect(await received(subscriber)).toEqual([])
      for (let time = 0; time < 2; time++) {
        subscriber.send({ type: 'pubrec', packetId, reasonCode: 0 })
        expect(await subscriber.next()).toMatchObject({ type: 'pubrel', packetId, reasonCode: 0 })
        expect(await received(subscriber)).toEqual([])
      }
      subscriber.send({ type: 'pubcomp', packetId, reasonCode: 0 })
      expect(await received(subscriber)).toEqual([])
      subscriber.send({ type: 'pubrec', packetId, reasonCode: 0 })
      expect(await subscriber.next()).toMatchObject({ type: 'pubrel', packetId, reasonCode: level === 5 ? 0x92 : 0 })
    },
  )

  it.each([
    ['PUBACK', 1, 'puback'],
    ['PUBREC', 2, 'pubrec'],
  ] as const)(
    'takes %s of 0x80 or more for the end of the message [MQTT-4.4.0-2] [MQTT-4.3.3-4] [MQTT-4.9.0-2]',
    async (_name, qos, type) => {
      const topic = served.topic()
      const subscriber = await served.subscriber(5, topic, qos, { properties: { receiveMaximum: 1 } })
      const publisher = await served.client(5)
      for (const payload of ['refused', 'next']) await publish(publisher, topic, payload, { qos })
      const { packetId, payload } = await nextMessage(subscriber)
      expect(payload).toBe('refused')
      expect(await received(subscriber)).toEqual([])
      subscriber.send({ type, packetId, reasonCode: 0x83 })
      expect(await received(subscriber)).toEqual(['next'])
    },
  )
})

describe('the Receive Maximum of the client', () => {
  it.each([1, 2] as const)(
    'bounds what is out at QoS %i, and holds up nothing else [MQTT-3.3.4-9] [MQTT-3.3.4-10] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.9.0-3] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5]',
    async qos => {
      const [topic, free] = [served.topic(), served.topic()]
      const subscriber = await served.subscriber(5, topic, 2, { properties: { receiveMaximum: 2 } })
      const publisher = await served.client(5)
      for (const payload of ['1', '2', '3', '4']) await publish(publisher, topic, payload, { qos })
      const first = await nextMessage(subscriber)
      await nextMessage(subscriber)
      // Everything but PUBLISH above QoS 0 goes on.
      subscriber.send({ type: 'subscribe', packetId: 8, subscriptions: [{ ...plain, filter: free }] })
      await subscriber.expect('suback')
      await publish(publisher, free, 'QoS 0', { qos })
      subscriber.send(publishPacket(served.topic(), 'x', { qos: 1, packetId: 3 }))
      const others = await received(subscriber)
      expect(others.toSorted()).toEqual(['QoS 0', 'puback'])
      const { packetId } = first
      if (qos === 2) {
        subscriber.send({ type: 'pubrec', packetId, reasonCode: 0 })
        await subscriber.expect('pubrel')
        expect(await received(subscriber)).toEqual([])
      }
      subscriber.send({ type: qos === 1 ? 'puback' : 'pubcomp', packetId, reasonCode: 0 })
      expect(await received(subscriber)).toEqual(['3'])
    },
  )

  const plain = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
})

it('QoS 2 messages of a client beyond the Receive Maximum of the server end its connection [MQTT-3.3.4-7]', async () => {
  const client = await served.client(5)
  const { receiveMaximum = 65_535 } = client.connack.properties ?? {}
  for (let packetId = 1; packetId <= receiveMaximum + 1; packetId++) {
    client.send(publishPacket(served.topic('one'), '', { qos: 2, packetId }))
  }
  for (let count = 0; count < receiveMaximum; count++) await client.expect('pubrec')
  expect(await client.expect('disconnect')).toMatchObject({ reasonCode: 0x93 })
  await client.closed
})
