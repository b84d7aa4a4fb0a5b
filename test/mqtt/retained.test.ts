import { describe, expect, it } from 'vitest'
import { type Client, LEVELS, publish, received, ServedMqtt, subscribe } from './served-mqtt.ts'

const served = new ServedMqtt()

/** `payload` or `payload!` with RETAIN, of all messages up to the answer to a PINGREQ. */
async function retainedAndNot(client: Client): Promise<string[]> {
  const packets = await client.untilPingresp()
  return packets.map(packet =>
    packet.type === 'publish' ? `${packet.payload}${packet.retain ? '!' : ''}` : packet.type,
  )
}

describe('a message with RETAIN', () => {
  it.each(LEVELS)(
    'takes the place of the one before and comes, with RETAIN, to who subscribes (level %i) [MQTT-3.3.1-5] [MQTT-3.3.1-9] [MQTT-3.3.1-6 of 3.1.1] [MQTT-3.3.1-7 of 3.1.1] [MQTT-3.3.1-8 of 3.1.1]',
    async level => {
      const topic = served.topic()
      const publisher = await served.client(level)
      for (const name of ['a', 'b'])
        await publish(publisher, `${topic}/${name}`, `${name} old`, { retain: true, qos: 2 })
      await publish(publisher, `${topic}/b`, 'b new', { retain: true, qos: 0 })
      for (const filter of [`${topic}/#`, `${topic}/+`]) {
        const subscriber = await served.subscriber(level, filter)
        expect((await retainedAndNot(subscriber)).toSorted()).toEqual(['a old!', 'b new!'])
      }
    },
  )

  it.each(LEVELS)('comes at the lesser of its own QoS and the one granted (level %i) [MQTT-3.8.4-8]', async level => {
    const topic = served.topic()
    await publish(await served.client(level), topic, 'x', { retain: true, qos: 1 })
    for (const granted of [0, 1, 2] as const) {
      const subscriber = await served.subscriber(level, topic, granted)
      expect(await subscriber.untilPingresp()).toMatchObject([{ qos: Math.min(1, granted), retain: true, dup: false }])
    }
  })

  it.each(LEVELS)(
    'and nothing in it is delivered, removes what was retained, and stays itself nowhere (level %i) [MQTT-3.3.1-6 of 5.0] [MQTT-3.3.1-7 of 5.0] [MQTT-3.3.1-10 of 3.1.1] [MQTT-3.3.1-11 of 3.1.1]',
    async level => {
      const topic = served.topic()
      const publisher = await served.client(level)
      const established = await served.subscriber(level, topic)
      await publish(publisher, topic, 'full', { retain: true })
      await publish(publisher, topic, '', { retain: true })
      expect(await retainedAndNot(established)).toEqual(['full', ''])
      const later = await served.subscriber(level, topic)
      expect(await retainedAndNot(later)).toEqual([])
    },
  )

  it.each(LEVELS)(
    'reaches those who are there already with RETAIN 0 (level %i) [MQTT-3.3.1-12 of 5.0] [MQTT-3.3.1-9 of 3.1.1]',
    async level => {
      const topic = served.topic()
      const established = await served.subscriber(level, topic)
      await publish(await served.client(level), topic, 'x', { retain: true, qos: 1 })
      expect(await retainedAndNot(established)).toEqual(['x'])
    },
  )

  it.each(LEVELS)('outlives the session of its sender (level %i) [MQTT-3.1.2-7 of 3.1.1]', async level => {
    const topic = served.topic()
    const publisher = await served.client(level, { cleanStart: true })
    await publish(publisher, topic, 'left', { retain: true })
    publisher.send({ type: 'disconnect', reasonCode: 0 })
    await publisher.closed
    expect(await retainedAndNot(await served.subscriber(level, topic))).toEqual(['left!'])
  })
})

it.each(LEVELS)(
  'a message without RETAIN is not retained, and leaves the retained one alone (level %i) [MQTT-3.3.1-8 of 5.0] [MQTT-3.3.1-12 of 3.1.1]',
  async level => {
    const topic = served.topic()
    const publisher = await served.client(level)
    await publish(publisher, topic, 'passing')
    expect(await retainedAndNot(await served.subscriber(level, topic))).toEqual([])
    await publish(publisher, topic, 'kept', { retain: true })
    for (const payload of ['passing', '']) await publish(publisher, topic, payload, { qos: 1 })
    expect(await retainedAndNot(await served.subscriber(level, topic))).toEqual(['kept!'])
  },
)

it.each(LEVELS)(
  'a filter subscribed to again brings the retained messages again, and loses none that come (level %i) [MQTT-3.8.4-4 of 5.0] [MQTT-3.8.4-3 of 3.1.1]',
  async level => {
    const topic = served.topic()
    const publisher = await served.client(level)
    await publish(publisher, topic, 'kept', { retain: true })
    const subscriber = await served.subscriber(level, `${topic}/#`)
    expect(await retainedAndNot(subscriber)).toEqual(['kept!'])
    for (const qos of [1, 0, 2] as const) {
      await publish(publisher, `${topic}/before`, 'before', { qos: 1 })
      const before = await retainedAndNot(subscriber)
      expect(await subscribe(subscriber, { filter: `${topic}/#`, qos })).toEqual([qos])
      await publish(publisher, `${topic}/after`, 'after', { qos: 1 })
      expect([...before, ...(await retainedAndNot(subscriber))]).toEqual(['before', 'kept!', 'after'])
    }
  },
)

describe('Retain Handling', () => {
  it.each([
    [0, ['kept!'], ['kept!']],
    [1, ['kept!'], []],
    [2, [], []],
  ] as const)(
    '%i brings %j to a new subscription and %j to one that there is [MQTT-3.3.1-9] [MQTT-3.3.1-10 of 5.0] [MQTT-3.3.1-11 of 5.0]',
    async (retainHandling, first, again) => {
      const topic = served.topic()
      await publish(await served.client(5), topic, 'kept', { retain: true })
      const subscriber = await served.client(5)
      for (const expected of [first, again]) {
        expect(await subscribe(subscriber, { filter: topic, retainHandling })).toEqual([0])
        expect(await retainedAndNot(subscriber)).toEqual(expected)
      }
      subscriber.send({ type: 'unsubscribe', packetId: 1, filters: [topic] })
      await subscriber.expect('unsuback')
      await subscribe(subscriber, { filter: topic, retainHandling })
      expect(await retainedAndNot(subscriber)).toEqual(first)
    },
  )
})

it('Retain As Published passes RETAIN on as it was, to those who ask for it [MQTT-3.3.1-12] [MQTT-3.3.1-13]', async () => {
  const topic = served.topic()
  const subscribers = [await served.client(5), await served.client(5)]
  for (const [index, client] of subscribers.entries()) {
    await subscribe(client, { filter: topic, retainAsPublished: index === 1 })
  }
  const publisher = await served.client(5)
  for (const retain of [true, false]) await publish(publisher, topic, 'x', { retain })
  expect(await Promise.all(subscribers.map(retainedAndNot))).toEqual([
    ['x', 'x'],
    ['x!', 'x'],
  ])
})

it('a retained message comes with its properties and the identifier of the subscription [MQTT-3.3.2-17] [MQTT-3.3.4-3]', async () => {
  const topic = served.topic()
  const properties = { contentType: 'text/plain', userProperties: [['k', 'v']] } as const
  await publish(await served.client(5), topic, 'x', { retain: true, properties })
  const subscriber = await served.client(5)
  await subscribe(subscriber, { filter: topic }, 12)
  const [message] = await subscriber.untilPingresp()
  expect(message).toMatchObject({ retain: true, properties: { ...properties, subscriptionIdentifiers: [12] } })
  expect(await received(subscriber)).toEqual([])
})
