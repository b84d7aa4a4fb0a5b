import { describe, expect, it } from 'vitest'
import { publish, publishPacket, received, ServedMqtt, untilClosed } from './served-mqtt.ts'

const served = new ServedMqtt()

describe('topic aliases of the client', () => {
  it('are taken from 1 to the maximum of CONNACK, set anew at will, and passed on as topics [MQTT-3.3.2-12] [MQTT-3.3.2-3]', async () => {
    const base = served.topic()
    const subscriber = await served.subscriber(5, `${base}/#`, 1)
    const client = await served.client(5)
    const { topicAliasMaximum = 0 } = client.connack.properties ?? {}
    expect(topicAliasMaximum).toBeGreaterThan(0)
    const aliases = Array.from({ length: topicAliasMaximum }, (_, index) => index + 1)
    for (const topicAlias of aliases)
      await publish(client, `${base}/${topicAlias}`, 'set', { properties: { topicAlias } })
    for (const topicAlias of aliases) await publish(client, '', 'used', { qos: 1, properties: { topicAlias } })
    await publish(client, `${base}/moved`, 'moved', { properties: { topicAlias: 1 } })
    await publish(client, '', 'used', { properties: { topicAlias: 1 } })
    const packets = await subscriber.untilPingresp()
    const got = packets.map(packet => (packet.type === 'publish' ? `${packet.topic} ${packet.payload}` : packet.type))
    expect(got).toEqual([
      ...aliases.map(alias => `${base}/${alias} set`),
      ...aliases.map(alias => `${base}/${alias} used`),
      `${base}/moved moved`,
      `${base}/moved used`,
    ])
    for (const packet of packets) expect(packet).not.toHaveProperty('properties.topicAlias')
  })

  it.each<[what: string, reasonCode: number, topic: string, aliasOf: (maximum: number) => number]>([
    ['0', 0x94, 'a topic', () => 0],
    ['above the maximum [MQTT-3.2.2-17] [MQTT-3.3.2-9]', 0x94, 'a topic', maximum => maximum + 1],
    ['above the maximum and without a topic', 0x94, '', maximum => maximum + 1],
    ['not set', 0x82, '', maximum => maximum],
  ])('end the connection when one is %s, with code %i', async (_what, reasonCode, named, aliasOf) => {
    const client = await served.client(5)
    const alias = aliasOf(client.connack.properties?.topicAliasMaximum ?? 0)
    const topic = Buffer.from(named === '' ? '' : served.topic())
    const head = Buffer.of(0x30, topic.length + 6, 0, topic.length)
    client.sendBytes(Buffer.concat([head, topic, Buffer.of(3, 0x23, alias >> 8, alias & 0xff)]))
    expect(await untilClosed(client)).toMatchObject([{ type: 'disconnect', reasonCode }])
  })

  it('are unknown on the next connection [MQTT-3.3.2-7]', async () => {
    const clientId = served.unique()
    const first = await served.client(5, { clientId })
    await publish(first, served.topic(), 'x', { properties: { topicAlias: 1 } })
    const second = await served.client(5, { clientId, cleanStart: false })
    second.send(publishPacket('', 'x', { properties: { topicAlias: 1 } }))
    expect(await untilClosed(second)).toMatchObject([{ type: 'disconnect', reasonCode: 0x82 }])
  })
})

describe('topic aliases of the server', () => {
  it.each([0, 1, 3])(
    'keep within a Topic Alias Maximum of %i, and stand for the topic they were set to [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] [MQTT-3.3.2-8]',
    async topicAliasMaximum => {
      const base = served.topic()
      const properties = topicAliasMaximum === 0 ? {} : { topicAliasMaximum }
      const subscriber = await served.subscriber(5, `${base}/#`, 1, { properties })
      const publisher = await served.client(5)
      const names = ['a', 'b', 'c', 'd', 'e']
      const sent = [...names, ...names, ...names].map(name => `${base}/${name}`)
      for (const [index, topic] of sent.entries())
        await publish(publisher, topic, topic, { qos: index % 2 === 0 ? 0 : 1 })
      const known = new Map<number, string>()
      const packets = (await subscriber.untilPingresp()).filter(packet => packet.type === 'publish')
      const topics = packets.map(({ topic, properties, payload }) => {
        const alias = properties?.topicAlias
        if (alias === undefined) return topic
        expect(alias).toBeLessThanOrEqual(topicAliasMaximum)
        if (topic !== '') known.set(alias, topic)
        expect(known.get(alias)).toBe(payload.toString())
        return known.get(alias)
      })
      expect(topics).toEqual(sent)
    },
  )

  it('begin anew on the next connection [MQTT-3.3.2-7]', async () => {
    const [topic, clientId] = [served.topic(), served.unique()]
    const publisher = await served.client(5)
    for (let time = 0; time < 2; time++) {
      const subscriber = await served.subscriber(5, topic, 0, { clientId, properties: { topicAliasMaximum: 5 } })
      for (let count = 0; count < 3; count++) await publish(publisher, topic, 'x')
      const packets = (await subscriber.untilPingresp()).filter(packet => packet.type === 'publish')
      expect(packets).toHaveLength(3)
      expect(packets[0]?.topic).toBe(topic)
    }
  })

  it('are not used towards a client that takes none, however a message came', async () => {
    const topic = served.topic()
    const subscriber = await served.subscriber(5, topic)
    const publisher = await served.client(5)
    for (const name of [topic, '', '']) await publish(publisher, name, 'x', { properties: { topicAlias: 1 } })
    expect(await subscriber.untilPingresp()).toMatchObject([{ topic }, { topic }, { topic }])
    expect(await received(subscriber)).toEqual([])
  })
})
