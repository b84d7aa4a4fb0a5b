import { describe, expect, it } from 'vitest'
import { LEVELS, publish, publishPacket, received, ServedMqtt, subscribe, subscribePacket } from './served-mqtt.ts'

const served = new ServedMqtt()

describe('SUBSCRIBE', () => {
  it.each(LEVELS)(
    'is answered with one SUBACK that has its Packet Identifier and a code for each filter, in their order (level %i) [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.8.4-4 of 3.1.1] [MQTT-3.8.4-5 of 3.1.1] [MQTT-3.9.3-1] [MQTT-3.9.3-2] [MQTT-2.2.1-6] [MQTT-2.3.1-7]',
    async level => {
      const client = await served.client(level, { limited: true })
      const [zero, one, two] = [served.topic(), served.topic(), served.topic()]
      const filters = [
        { filter: two, qos: 2 },
        { filter: '/otherProduct/#', qos: 1 },
        { filter: zero, qos: 0 },
        { filter: `${zero}+`, qos: 0 },
        { filter: one, qos: 1 },
      ] as const
      client.send(subscribePacket(0xabcd, filters))
      const [notAllowed, invalid] = level === 5 ? [0x87, 0x8f] : [0x80, 0x80]
      expect(await client.expect('suback')).toMatchObject({
        packetId: 0xabcd,
        reasonCodes: [2, notAllowed, 0, invalid, 1],
      })
      for (const topic of [zero, one, two]) client.send(publishPacket(topic, topic))
      expect(await received(client)).toEqual([zero, one, two])
    },
  )

  it.each(LEVELS)(
    'grants a QoS above which nothing comes, and below which messages keep their own (level %i) [MQTT-3.8.4-8] [MQTT-3.8.4-6 of 3.1.1]',
    async level => {
      const publisher = await served.client(level)
      for (const granted of [0, 1, 2] as const) {
        const topic = served.topic()
        const subscriber = await served.subscriber(level, topic, granted)
        for (const qos of [0, 1, 2] as const) await publish(publisher, topic, 'x', { qos })
        const packets = await subscriber.untilPingresp()
        const qosOf = packets.map(packet => (packet.type === 'publish' ? packet.qos : packet.type))
        expect(qosOf).toEqual([0, 1, 2].map(qos => Math.min(qos, granted)))
      }
    },
  )

  it.each(LEVELS)(
    'to a filter that there is already replaces the subscription (level %i) [MQTT-3.8.4-3] [MQTT-3.8.4-3 of 3.1.1]',
    async level => {
      const topic = served.topic()
      const subscriber = await served.subscriber(level, topic, 2)
      expect(await subscribe(subscriber, { filter: topic, qos: 0 })).toEqual([0])
      await publish(await served.client(level), topic, 'once', { qos: 2 })
      expect(await subscriber.untilPingresp()).toMatchObject([{ type: 'publish', qos: 0 }])
    },
  )

  it('with No Local brings everything but the client’s own messages [MQTT-3.8.3-3]', async () => {
    const topic = served.topic()
    const client = await served.client(5)
    expect(await subscribe(client, { filter: topic, noLocal: true })).toEqual([0])
    client.send(publishPacket(topic, 'own'))
    expect(await received(client)).toEqual([])
    await publish(await served.client(5), topic, 'other')
    expect(await received(client)).toEqual(['other'])
    expect(await subscribe(client, { filter: topic })).toEqual([0])
    client.send(publishPacket(topic, 'own again'))
    expect(await received(client)).toEqual(['own again'])
  })

  it.each(LEVELS)(
    'by overlapping filters brings one copy, at the greatest QoS (level %i) [MQTT-3.3.4-2] [MQTT-3.3.5-1] [MQTT-3.3.2-3]',
    async level => {
      const topic = served.topic()
      const subscriber = await served.client(level)
      const filters = [topic, `${topic}/#`, `/${served.productKey}/+`]
      for (const [index, filter] of filters.entries()) {
        await subscribe(subscriber, { filter, qos: ([0, 2, 1] as const)[index] ?? 0 })
      }
      await publish(await served.client(level), topic, 'x', { qos: 2 })
      expect(await subscriber.untilPingresp()).toMatchObject([{ type: 'publish', topic, qos: 2 }])
    },
  )

  it('with Subscription Identifiers has them come with the messages, of all that match and no other [MQTT-3.3.4-3] [MQTT-3.3.4-4]', async () => {
    const topic = served.topic()
    const subscriber = await served.client(5)
    await subscribe(subscriber, { filter: topic }, 7)
    await subscribe(subscriber, { filter: `${topic}/#` }, 268_435_455)
    await subscribe(subscriber, { filter: `/${served.productKey}/+` })
    await subscribe(subscriber, { filter: `${topic}/other` }, 9)
    await publish(await served.client(5), topic, 'x')
    const [message] = await subscriber.untilPingresp()
    if (message?.type !== 'publish') throw new Error('no message came')
    expect(message.properties?.subscriptionIdentifiers?.toSorted((a, b) => a - b)).toEqual([7, 268_435_455])
  })
})

describe('UNSUBSCRIBE', () => {
  it.each(LEVELS)(
    'is answered with one UNSUBACK that has its Packet Identifier, also where there was nothing (level %i) [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] [MQTT-2.2.1-6] [MQTT-2.3.1-7]',
    async level => {
      const client = await served.client(level)
      const topics = [served.topic(), served.topic()]
      for (const filter of topics) await subscribe(client, { filter })
      const filters = [topics[0] ?? '', served.topic(), topics[1] ?? '']
      client.send({ type: 'unsubscribe', packetId: 0xfffe, filters })
      const reasonCodes = level === 5 ? [0, 0x11, 0] : []
      expect(await client.expect('unsuback')).toMatchObject({ packetId: 0xfffe, reasonCodes })
      client.send({ type: 'unsubscribe', packetId: 1, filters })
      expect(await client.expect('unsuback')).toMatchObject({ packetId: 1, reasonCodes: reasonCodes.map(() => 0x11) })
      for (const topic of topics) await publish(await served.client(level), topic, 'late')
      expect(await received(client)).toEqual([])
    },
  )

  it.each(LEVELS)(
    'ends the subscription of the very same filter, and nothing comes by it any more (level %i) [MQTT-3.10.4-1] [MQTT-3.10.4-2]',
    async level => {
      const topic = served.topic()
      const subscriber = await served.subscriber(level, `${topic}/+`)
      const publisher = await served.client(level)
      const others = [`${topic}/a`, `${topic}/#`, `${topic}/+/`, `${topic}/+`.toUpperCase()]
      subscriber.send({ type: 'unsubscribe', packetId: 1, filters: others })
      await subscriber.expect('unsuback')
      await publish(publisher, `${topic}/a`, 'still')
      expect(await received(subscriber)).toEqual(['still'])
      subscriber.send({ type: 'unsubscribe', packetId: 2, filters: [`${topic}/+`] })
      await subscriber.expect('unsuback')
      await publish(publisher, `${topic}/a`, 'no more')
      expect(await received(subscriber)).toEqual([])
    },
  )

  it.each(LEVELS)('leaves a delivery that has begun to its end (level %i) [MQTT-3.10.4-3]', async level => {
    const topic = served.topic()
    const subscriber = await served.subscriber(level, topic, 2)
    await publish(await served.client(level), topic, 'begun', { qos: 2 })
    const { packetId = 0 } = await subscriber.expect('publish')
    subscriber.send({ type: 'unsubscribe', packetId: 3, filters: [topic] })
    await subscriber.expect('unsuback')
    subscriber.send({ type: 'pubrec', packetId, reasonCode: 0 })
    expect(await subscriber.expect('pubrel')).toMatchObject({ packetId, reasonCode: 0 })
    subscriber.send({ type: 'pubcomp', packetId, reasonCode: 0 })
    expect(await received(subscriber)).toEqual([])
  })
})

it.each(LEVELS)('PINGREQ is answered with PINGRESP (level %i) [MQTT-3.12.4-1]', async level => {
  const client = await served.client(level)
  client.send({ type: 'pingreq' })
  expect(await client.next()).toEqual({ type: 'pingresp' })
  expect(await received(client)).toEqual([])
})
