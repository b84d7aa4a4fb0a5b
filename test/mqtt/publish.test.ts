import { describe, expect, it } from 'vitest'
import { LEVELS, publish, publishPacket, received, ServedMqtt, subscribe } from './served-mqtt.ts'

const served = new ServedMqtt()

describe('a message', () => {
  it('is passed on with its MQTT 5 properties as they are, User Properties in their order [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]', async () => {
    const topic = served.topic()
    const properties = {
      payloadFormatIndicator: 1,
      contentType: 'text/plain; charset=utf-8 \ufeff',
      responseTopic: '/anywhere/else',
      correlationData: Buffer.from([0, 255, 0, 1]),
      userProperties: [
        ['b', '2'],
        ['a', ''],
        ['b', '1'],
        ['', 'a'],
      ],
    } as const
    const subscribers = [await served.subscriber(5, topic), await served.subscriber(5, `${topic}/#`)]
    await publish(await served.client(5), topic, 'x', { qos: 1, properties })
    for (const subscriber of subscribers) {
      expect(await subscriber.untilPingresp()).toMatchObject([{ type: 'publish', topic, properties }])
    }
  })

  it('reaches subscribers of both versions, with what their version can carry [MQTT-2.2.2-1 of 5.0] [MQTT-2.3.1-5]', async () => {
    for (const from of LEVELS) {
      const topic = served.topic()
      const subscribers = await Promise.all(LEVELS.map(level => served.subscriber(level, topic, 0)))
      const properties = from === 5 ? { contentType: 'text/plain' } : undefined
      await publish(await served.client(from), topic, 'x', { properties })
      for (const subscriber of subscribers) {
        const [message] = await subscriber.untilPingresp()
        const expected = subscriber.level === 5 ? properties : undefined
        expect(message).toEqual(publishPacket(topic, 'x', { packetId: undefined, properties: expected }))
      }
    }
  })

  it.each(LEVELS)('keeps a BOM in its topic and its payload (level %i) [MQTT-1.5.4-3] [MQTT-1.5.3-3]', async level => {
    const topic = `${served.topic()}/\ufeffa\ufeff`
    const subscriber = await served.subscriber(level, topic)
    await publish(await served.client(level), topic, '\ufeffx')
    await publish(await served.client(level), topic.replaceAll('\ufeff', ''), 'other')
    const packets = await subscriber.untilPingresp()
    expect(packets).toMatchObject([{ type: 'publish', topic, payload: Buffer.from('\ufeffx') }])
  })

  it.each(LEVELS)(
    'goes to every session that has a matching subscription (level %i) [MQTT-4.5.0-1] [MQTT-3.3.2-3]',
    async level => {
      const topic = served.topic()
      const filters = [topic, `${topic}/#`, `/${served.productKey}/+`, '#', `${topic}/a`, `${topic}a`]
      const subscribers = await Promise.all(filters.map(filter => served.subscriber(level, filter)))
      await publish(await served.client(level), topic, 'x', { qos: 1 })
      const got = await Promise.all(subscribers.map(subscriber => subscriber.untilPingresp()))
      const ofTopic = got.map(packets => packets.filter(packet => packet.type === 'publish' && packet.topic === topic))
      expect(ofTopic.map(({ length }) => length)).toEqual([1, 1, 1, 1, 0, 0])
    },
  )

  it.each(LEVELS)(
    'is sent to a subscriber with DUP 0, however it came (level %i) [MQTT-3.3.1-3] [MQTT-3.3.1-2] [MQTT-4.3.1-1] [MQTT-4.3.2-2 of 5.0] [MQTT-4.3.3-2 of 5.0]',
    async level => {
      const publisher = await served.client(level)
      for (const granted of [0, 1, 2] as const) {
        const topic = served.topic()
        const subscriber = await served.subscriber(level, topic, granted)
        await publish(publisher, topic, 'one', { qos: 1, dup: true, packetId: 5 })
        await publish(publisher, topic, 'two', { qos: 2, dup: true, packetId: 6 })
        const qosOf = (qos: number) => Math.min(qos, granted)
        expect(await subscriber.untilPingresp()).toMatchObject([
          { dup: false, qos: qosOf(1) },
          { dup: false, qos: qosOf(2) },
        ])
      }
    },
  )

  it.each(LEVELS)(
    'of one client, topic and QoS comes in its turn, by every subscription (level %i) [MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT-4.6.0-5 of 3.1.1] [MQTT-4.6.0-6 of 3.1.1]',
    async level => {
      const payloads = Array.from({ length: 300 }, (_, index) => String(index))
      for (const qos of [0, 1, 2] as const) {
        const topic = served.topic()
        const subscriber = await served.subscriber(level, topic, qos)
        const publisher = await served.client(level)
        for (const [index, payload] of payloads.entries()) {
          publisher.send(publishPacket(topic, payload, { qos, ...(qos > 0 ? { packetId: index + 1 } : {}) }))
        }
        const got: string[] = []
        while (got.length < payloads.length) {
          const packet = await subscriber.next()
          if (packet.type === 'pubrel') subscriber.send({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 })
          if (packet.type !== 'publish') continue
          got.push(packet.payload.toString())
          const { packetId = 0 } = packet
          if (qos > 0) subscriber.send({ type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode: 0 })
        }
        expect(got).toEqual(payloads)
      }
    },
  )

  it.each(LEVELS)(
    'that its sender may not publish is acknowledged, told of in MQTT 5 only, and goes nowhere (level %i) [MQTT-3.3.5-2] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-4.3.3-9]',
    async level => {
      const other = (await served.hatchway.createProduct()).productKey
      const watcher = await served.subscriber(level, `/${other}/#`)
      const publisher = await served.client(level, { limited: true })
      const reasonCode = level === 5 ? 0x87 : 0
      publisher.send(publishPacket(`/${other}/t`, 'x'))
      expect(await publisher.untilPingresp()).toEqual([])
      publisher.send(publishPacket(`/${other}/t`, 'x', { qos: 1, packetId: 3 }))
      expect(await publisher.expect('puback')).toMatchObject({ packetId: 3, reasonCode })
      publisher.send(publishPacket(`/${other}/t`, 'x', { qos: 2, packetId: 4 }))
      expect(await publisher.expect('pubrec')).toMatchObject({ packetId: 4, reasonCode })
      if (level === 5) {
        const topic = served.topic()
        const subscriber = await served.subscriber(5, topic)
        publisher.send(publishPacket(topic, 'new', { qos: 2, packetId: 4 }))
        expect(await publisher.expect('pubrec')).toMatchObject({ packetId: 4, reasonCode: 0 })
        expect(await received(subscriber)).toEqual(['new'])
      }
      expect(await received(watcher)).toEqual([])
    },
  )
})

describe('topics and filters', () => {
  const matches: [filter: string, topic: string, matches: boolean][] = [
    ['a/#', 'a', true],
    ['a/#', 'a/', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['+/b', '/b', true],
    ['a/+/c', 'a//c', true],
    ['a//c', 'a/c', false],
    ['a/', 'a', false],
    ['A', 'a', false],
    ['a b', 'a b', true],
    ['a%20b', 'a b', false],
    ['a/../b', 'b', false],
    ['e\u0301', '\u00e9', false],
    ['\u00e9', '\u00e9', true],
    ['\ufb01', 'fi', false],
    ['\u{1f600}', '\u{1f600}', true],
    ['$a', '$a', true],
    ['+', '$a', true],
  ]
  it.each(matches)(
    'below a product, %j and %j: %s [MQTT-4.7.1-1 of 5.0] [MQTT-4.7.1-2 of 5.0] [MQTT-4.7.1-2 of 3.1.1] [MQTT-4.7.1-3] [MQTT-4.7.3-4]',
    async (filter, topic, expected) => {
      for (const level of LEVELS) {
        const base = served.topic()
        const subscriber = await served.subscriber(level, `${base}/${filter}`)
        await publish(await served.client(level), `${base}/${topic}`, 'x')
        expect(await received(subscriber)).toEqual(expected ? ['x'] : [])
      }
    },
  )

  it.each(['#/a', 'a#', 'a/#/b', '+a', 'a+/b', '##'])(
    '%j is no filter [MQTT-4.7.1-1 of 5.0] [MQTT-4.7.1-2 of 5.0] [MQTT-4.7.1-2 of 3.1.1] [MQTT-4.7.1-3]',
    async filter => {
      for (const level of LEVELS) {
        const client = await served.client(level)
        expect(await subscribe(client, { filter: `${served.topic()}/${filter}` })).toEqual([level === 5 ? 0x8f : 0x80])
      }
    },
  )
})
