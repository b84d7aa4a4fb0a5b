import { describe, expect, it } from 'vitest'
import { publish, publishPacket, received, ServedMqtt, subscribe, subscribePacket } from './served-mqtt.ts'

const served = new ServedMqtt()

describe('the Maximum Packet Size of the client', () => {
  it.each([0, 1, 2] as const)(
    'keeps a message that is too large from it at QoS %i, as if it had been sent [MQTT-3.1.2-24] [MQTT-3.1.2-25]',
    async qos => {
      const topic = served.topic()
      const fits = 'x'.repeat(50)
      const packetBytes = 2 + 2 + topic.length + (qos > 0 ? 2 : 0) + 1 + fits.length
      const properties = { maximumPacketSizeBytes: packetBytes, receiveMaximum: 1 }
      const subscriber = await served.subscriber(5, topic, qos, { properties })
      const publisher = await served.client(5)
      for (const payload of [`${fits}x`, fits]) await publish(publisher, topic, payload, { qos })
      expect(await received(subscriber)).toEqual([fits])
      expect(Math.max(...subscriber.chunks.map(({ length }) => length))).toBeLessThanOrEqual(packetBytes)
    },
  )

  it('leaves a Reason String out of PUBACK, PUBREC, SUBACK and DISCONNECT that has no room [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.9.2-1] [MQTT-3.14.2-3] [MQTT-3.1.2-24]', async () => {
    const notAllowed = `/${(await served.hatchway.createProduct()).productKey}/t`
    const answers = async (maximumPacketSizeBytes?: number) => {
      const client = await served.client(5, { limited: true, properties: { maximumPacketSizeBytes } })
      client.send(publishPacket(notAllowed, 'x', { qos: 1 }))
      client.send(publishPacket(notAllowed, 'x', { qos: 2 }))
      client.send(subscribePacket(1, [{ filter: notAllowed }]))
      client.sendBytes(Buffer.from('f000', 'hex'))
      await client.closed
      const packets = [await client.expect('puback'), await client.expect('pubrec'), await client.expect('suback')]
      return [...packets, await client.expect('disconnect')].map(({ properties }) => properties?.reasonString)
    }
    for (const reasonString of await answers()) expect(reasonString).toBeTypeOf('string')
    // Room for all four of them, without it.
    expect(await answers(30)).toEqual([undefined, undefined, undefined, undefined])
  })
})

it('Request Problem Information 0 leaves Reason String and User Properties to PUBLISH, CONNACK and DISCONNECT [MQTT-3.1.2-29]', async () => {
  const notAllowed = `/${(await served.hatchway.createProduct()).productKey}/t`
  const topic = served.topic()
  const client = await served.client(5, { limited: true, properties: { requestProblemInformation: false } })
  expect(await subscribe(client, { filter: topic })).toEqual([0])
  client.send(publishPacket(notAllowed, 'x', { qos: 1 }))
  client.send(publishPacket(notAllowed, 'x', { qos: 2 }))
  client.send({ type: 'pubrel', packetId: 77, reasonCode: 0 })
  client.send({ type: 'pubrec', packetId: 78, reasonCode: 0 })
  client.send(subscribePacket(1, [{ filter: notAllowed }]))
  client.send({ type: 'unsubscribe', packetId: 2, filters: [notAllowed] })
  const packets = await client.untilPingresp()
  expect(packets.map(({ type }) => type)).toEqual(['puback', 'pubrec', 'pubcomp', 'pubrel', 'suback', 'unsuback'])
  for (const packet of packets) expect('properties' in packet ? packet.properties : undefined).toBeUndefined()
  const userProperties = [['k', 'v']] as const
  await publish(await served.client(5), topic, 'x', { properties: { userProperties } })
  expect(await client.untilPingresp()).toMatchObject([{ type: 'publish', properties: { userProperties } }])
})

it('the server takes a packet of its own Maximum Packet Size, and closes over a larger one [MQTT-3.2.2-15]', async () => {
  const client = await served.client(5)
  const { maximumPacketSizeBytes = 0 } = client.connack.properties ?? {}
  expect(maximumPacketSizeBytes).toBeGreaterThan(1024)
  const remainingLength = maximumPacketSizeBytes + 1 - 4
  const header = [0x30, (remainingLength & 0x7f) | 0x80, ((remainingLength >> 7) & 0x7f) | 0x80, remainingLength >> 14]
  client.sendBytes(Buffer.from(header))
  expect(await client.expect('disconnect')).toMatchObject({ reasonCode: 0x95 })
  await client.closed
})
