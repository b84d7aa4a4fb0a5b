import { describe, expect, it } from 'vitest'
import type { Qos } from '../../packages/server/src/mqtt/index.ts'
import { type Client, LEVELS, publish, received, ServedMqtt, subscribe } from './served-mqtt.ts'

const served = new ServedMqtt()

async function group(level: 4 | 5, filter: string, granted: readonly Qos[]): Promise<Client[]> {
  return Promise.all(granted.map(qos => served.subscriber(level, filter, qos)))
}

describe('a shared subscription', () => {
  it.each(LEVELS)('brings each message to one member of the group (level %i) [MQTT-4.8.2-1]', async level => {
    const topic = served.topic()
    const members = await group(level, `$share/g1/${topic}`, [0, 0, 0])
    const others = [...(await group(level, `$share/g2/${topic}`, [0])), await served.subscriber(level, topic)]
    const payloads = Array.from({ length: 12 }, (_, index) => String(index))
    const publisher = await served.client(level)
    for (const payload of payloads) await publish(publisher, topic, payload)
    const got = await Promise.all(members.map(received))
    expect(got.every(({ length }) => length > 0)).toBe(true)
    expect(got.flat().toSorted()).toEqual(payloads.toSorted())
    for (const other of others) expect(await received(other)).toEqual(payloads)
  })

  it('brings a message at no more than the QoS that its member was granted [MQTT-4.8.2-3]', async () => {
    const topic = served.topic()
    const members = await group(5, `$share/g/${topic}`, [0, 1, 2])
    const publisher = await served.client(5)
    for (let index = 0; index < 6; index++) await publish(publisher, topic, 'x', { qos: 2 })
    const got = await Promise.all(members.map(member => member.untilPingresp()))
    const qosOf = got.map(packets => packets.map(packet => (packet.type === 'publish' ? packet.qos : packet.type)))
    expect(qosOf.every(({ length }) => length > 0)).toBe(true)
    expect(qosOf.map(all => [...new Set(all)])).toEqual([[0], [1], [2]])
  })

  it('and a plain one bring a copy each to the client that has both, with its own identifier [MQTT-3.3.4-5] [MQTT-3.3.4-3]', async () => {
    const topic = served.topic()
    const client = await served.client(5)
    expect(await subscribe(client, { filter: `$share/g/${topic}` }, 7)).toEqual([0])
    expect(await subscribe(client, { filter: topic }, 8)).toEqual([0])
    await publish(await served.client(5), topic, 'x')
    const packets = await client.untilPingresp()
    const identifiers = packets.map(one =>
      one.type === 'publish' ? one.properties?.subscriptionIdentifiers : one.type,
    )
    expect(identifiers.toSorted()).toEqual([[7], [8]])
  })

  it.each([
    ['PUBACK', 1, 'puback'],
    ['PUBREC', 2, 'pubrec'],
  ] as const)('gives a message refused by %s to no other member [MQTT-4.8.2-6]', async (_name, qos, type) => {
    const topic = served.topic()
    const members = await group(5, `$share/g/${topic}`, [qos, qos])
    await publish(await served.client(5), topic, 'x', { qos })
    for (const member of members) {
      const [message] = await member.untilPingresp()
      if (message?.type !== 'publish') continue
      member.send({ type, packetId: message.packetId ?? 0, reasonCode: 0x83 })
      expect(await received(member)).toEqual([])
    }
    for (const member of members) expect(await received(member)).toEqual([])
  })

  it.each([
    '$share/',
    '$share/g',
    '$share/g/',
    '$share//{topic}',
    '$share/g+/{topic}',
    '$share/g#/{topic}',
    '$share/+/a',
  ])('is not what %j asks for [MQTT-4.8.2-1] [MQTT-4.8.2-2]', async form => {
    for (const level of LEVELS) {
      const client = await served.client(level)
      const filter = form.replace('{topic}', served.topic())
      expect(await subscribe(client, { filter })).toEqual([level === 5 ? 0x8f : 0x80])
      expect(await received(client)).toEqual([])
    }
  })
})
