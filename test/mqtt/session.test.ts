import { describe, expect, it } from 'vitest'
import type { Connect } from '../../packages/server/src/mqtt/index.ts'
import {
  type Client,
  LEVELS,
  type Level,
  publish,
  publishPacket,
  received,
  ServedMqtt,
  subscribe,
} from './served-mqtt.ts'

const served = new ServedMqtt()

/** A CONNECT whose session outlives the connection. */
const lasting = (clientId: string, level: Level, rest: Partial<Connect> = {}): Partial<Connect> => {
  const connect = { clientId, cleanStart: false, ...rest }
  return level === 5 ? { ...connect, properties: { sessionExpiryIntervalSeconds: 3600, ...rest.properties } } : connect
}

async function breakOff(client: Client): Promise<void> {
  client.destroy()
  await client.closed
}

async function leave(client: Client): Promise<void> {
  client.send({ type: 'disconnect', reasonCode: 0 })
  await client.closed
}

/**
 * What comes before a message that is published now. A session that is stored answers a PINGREQ before it sends what has
 * to be stored first, but keeps the order of its messages.
 */
async function cameBefore(client: Client, topic: string): Promise<string[]> {
  const marker = served.unique('marker')
  await publish(await served.client(4), topic, marker, { qos: 2 })
  const got: string[] = []
  for (;;) {
    const packet = await client.next()
    if (packet.type !== 'publish') got.push(packet.type)
    else if (packet.payload.toString() !== marker) got.push(packet.payload.toString())
    else return got
  }
}

describe('a session', () => {
  it.each(LEVELS)(
    'begins with the first connection of its client and goes on with the next, which is told so (level %i) [MQTT-3.1.2-5 of 5.0] [MQTT-3.1.2-6 of 5.0] [MQTT-3.1.2-23 of 5.0] [MQTT-3.2.2-3 of 5.0] [MQTT-3.1.2-4 of 3.1.1] [MQTT-3.2.2-2 of 3.1.1] [MQTT-3.2.2-3 of 3.1.1] [MQTT-3.1.3-2]',
    async level => {
      const [topic, clientId] = [served.topic(), served.unique()]
      const first = await served.subscriber(level, topic, 1, lasting(clientId, level))
      expect(first.connack.sessionPresent).toBe(false)
      await leave(first)
      const publisher = await served.client(level)
      for (const end of [leave, breakOff]) {
        const next = await served.client(level, lasting(clientId, level))
        expect(next.connack.sessionPresent).toBe(true)
        await publish(publisher, topic, 'x', { qos: 1 })
        expect(await next.expect('publish')).toMatchObject({ topic, qos: 1 })
        await end(next)
      }
      expect((await served.client(level, lasting(served.unique(), level))).connack.sessionPresent).toBe(false)
    },
  )

  it.each(LEVELS)(
    'takes the QoS 1 and 2 messages that come while its client is away, in their order (level %i) [MQTT-3.1.2-5 of 3.1.1] [MQTT-4.5.0-1] [MQTT-4.6.0-5] [MQTT-4.6.0-6 of 3.1.1]',
    async level => {
      const [topic, clientId] = [served.topic(), served.unique()]
      await leave(await served.subscriber(level, topic, 2, lasting(clientId, level)))
      const publisher = await served.client(level)
      for (let index = 0; index < 20; index++) {
        await publish(publisher, topic, String(index), { qos: index % 2 === 0 ? 1 : 2 })
      }
      const back = await served.client(level, lasting(clientId, level))
      const got = await Promise.all(Array.from({ length: 20 }, () => back.expect('publish')))
      expect(got.map(({ payload, qos, dup }) => [payload.toString(), qos, dup])).toEqual(
        Array.from({ length: 20 }, (_, index) => [String(index), index % 2 === 0 ? 1 : 2, false]),
      )
      expect(await cameBefore(back, topic)).toEqual([])
    },
  )

  it.each(LEVELS)(
    'is thrown away by a clean start, with its subscriptions and what waits in it (level %i) [MQTT-3.1.2-4 of 5.0] [MQTT-3.1.4-4 of 5.0] [MQTT-3.2.2-2 of 5.0] [MQTT-3.1.2-6 of 3.1.1] [MQTT-3.1.4-3 of 3.1.1] [MQTT-3.2.2-1 of 3.1.1]',
    async level => {
      const [topic, clientId] = [served.topic(), served.unique()]
      await leave(await served.subscriber(level, topic, 1, lasting(clientId, level)))
      const publisher = await served.client(level)
      await publish(publisher, topic, 'waits', { qos: 1 })
      const clean = await served.client(level, { clientId, cleanStart: true })
      expect(clean.connack.sessionPresent).toBe(false)
      await publish(publisher, topic, 'unheard', { qos: 1 })
      expect(await received(clean)).toEqual([])
      expect(await subscribe(clean, { filter: topic, qos: 1 })).toEqual([1])
      await leave(clean)
      // The clean session ended with its connection.
      await publish(publisher, topic, 'lost', { qos: 1 })
      const next = await served.client(level, lasting(clientId, level))
      expect(next.connack.sessionPresent).toBe(false)
      const other = served.topic()
      await subscribe(next, { filter: other, qos: 2 })
      await publish(publisher, topic, 'nobody subscribed', { qos: 1 })
      expect(await cameBefore(next, other)).toEqual([])
    },
  )
})

describe('when a session goes on', () => {
  it.each(LEVELS)(
    'what was not acknowledged is sent again with DUP, its identifier and in its order, and what was is not (level %i) [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.2-1 of 3.1.1] [MQTT-4.3.3-1 of 3.1.1]',
    async level => {
      const [topic, clientId] = [served.topic(), served.unique()]
      const first = await served.subscriber(level, topic, 2, lasting(clientId, level))
      const publisher = await served.client(level)
      for (let index = 0; index < 6; index++) await publish(publisher, topic, String(index), { qos: index < 3 ? 1 : 2 })
      const sent = await Promise.all(Array.from({ length: 6 }, () => first.expect('publish')))
      first.send({ type: 'puback', packetId: sent[1]?.packetId ?? 0, reasonCode: 0 })
      expect(await received(first)).toEqual([]) // it has read the PUBACK
      await breakOff(first)
      const back = await served.client(level, lasting(clientId, level))
      const again = await Promise.all(Array.from({ length: 5 }, () => back.expect('publish')))
      const left = sent.filter((_, index) => index !== 1)
      expect(again).toEqual(left.map(message => ({ ...message, dup: true })))
      expect(await cameBefore(back, topic)).toEqual([])
    },
  )

  it.each(LEVELS)(
    'a QoS 2 message that its client has confirmed goes on with PUBREL, and does not come again (level %i) [MQTT-4.4.0-1] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.3.3-1 of 3.1.1]',
    async level => {
      const [topic, clientId] = [served.topic(), served.unique()]
      const first = await served.subscriber(level, topic, 2, lasting(clientId, level))
      await publish(await served.client(level), topic, 'x', { qos: 2 })
      const { packetId = 0 } = await first.expect('publish')
      first.send({ type: 'pubrec', packetId, reasonCode: 0 })
      await first.expect('pubrel')
      await breakOff(first)
      const back = await served.client(level, lasting(clientId, level))
      expect(await back.next()).toMatchObject({ type: 'pubrel', packetId, reasonCode: 0 })
      back.send({ type: 'pubcomp', packetId, reasonCode: 0 })
      expect(await received(back)).toEqual([])
      await breakOff(back)
      expect(await cameBefore(await served.client(level, lasting(clientId, level)), topic)).toEqual([])
    },
  )

  it.each([
    ['PUBACK', 1, 'puback'],
    ['PUBREC', 2, 'pubrec'],
  ] as const)(
    'a message that its client refused by %s does not come again [MQTT-4.4.0-2]',
    async (_name, qos, type) => {
      const [topic, clientId] = [served.topic(), served.unique()]
      const first = await served.subscriber(5, topic, qos, lasting(clientId, 5))
      await publish(await served.client(5), topic, 'x', { qos })
      const { packetId = 0 } = await first.expect('publish')
      first.send({ type, packetId, reasonCode: 0x83 })
      expect(await received(first)).toEqual([])
      await breakOff(first)
      expect(await received(await served.client(5, lasting(clientId, 5)))).toEqual([])
    },
  )

  it.each(LEVELS)(
    'a QoS 2 message that its client sends again is known, and delivered once (level %i) [MQTT-4.3.3-10] [MQTT-4.3.3-2 of 3.1.1] [MQTT-4.1.0-1 of 3.1.1]',
    async level => {
      const [topic, clientId] = [served.topic(), served.unique()]
      const subscriber = await served.subscriber(level, topic)
      const first = await served.client(level, lasting(clientId, level))
      first.send(publishPacket(topic, 'once', { qos: 2, packetId: 11 }))
      await first.expect('pubrec')
      await breakOff(first)
      const back = await served.client(level, lasting(clientId, level))
      back.send(publishPacket(topic, 'once', { qos: 2, packetId: 11, dup: true }))
      expect(await back.expect('pubrec')).toMatchObject({ packetId: 11, reasonCode: 0 })
      back.send({ type: 'pubrel', packetId: 11, reasonCode: 0 })
      expect(await back.expect('pubcomp')).toMatchObject({ packetId: 11, reasonCode: 0 })
      expect(await received(subscriber)).toEqual(['once'])
    },
  )
})

describe('a QoS 2 message on its way to a member of a shared subscription', () => {
  async function begun() {
    const [topic, clientId] = [served.topic(), served.unique()]
    const filter = `$share/g/${topic}`
    const chosen = await served.subscriber(5, filter, 2, lasting(clientId, 5))
    await publish(await served.client(5), topic, 'x', { qos: 2 })
    const message = await chosen.expect('publish')
    const other = await served.subscriber(5, filter, 2)
    await subscribe(other, { filter: `${topic}/marker`, qos: 2 })
    await breakOff(chosen)
    return { clientId, message, other, marker: `${topic}/marker` }
  }

  it('is completed with that member when it is back [MQTT-4.8.2-4]', async () => {
    const { clientId, message, other, marker } = await begun()
    const back = await served.client(5, lasting(clientId, 5))
    expect(await back.expect('publish')).toEqual({ ...message, dup: true })
    expect(await cameBefore(other, marker)).toEqual([])
  })

  it('goes to no other member when its session ends [MQTT-4.8.2-5]', async () => {
    const { clientId, other, marker } = await begun()
    await served.client(5, { clientId, cleanStart: true })
    expect(await cameBefore(other, marker)).toEqual([])
  })
})
