import { expect, it } from 'vitest'
import type { Will } from '../../packages/server/src/mqtt/index.ts'
import { LEVELS, publish, received, ServedMqtt } from './served-mqtt.ts'

const served = new ServedMqtt()

const willOf = (topic: string, rest: Partial<Will> = {}): Will => ({
  topic,
  payload: Buffer.from('gone'),
  qos: 0,
  retain: false,
  ...rest,
})

it.each(LEVELS)(
  'a will is published when the connection breaks off, at its QoS and without RETAIN (level %i) [MQTT-3.1.2-7 of 5.0] [MQTT-3.1.2-8] [MQTT-3.1.2-8 of 3.1.1] [MQTT-3.1.2-14 of 5.0] [MQTT-3.1.2-16 of 3.1.1]',
  async level => {
    for (const qos of [0, 1, 2] as const) {
      const topic = served.topic()
      const watcher = await served.subscriber(level, topic)
      const client = await served.client(level, { will: willOf(topic, { qos }) })
      client.destroy()
      expect(await watcher.expect('publish')).toMatchObject({ topic, qos, retain: false, payload: Buffer.from('gone') })
      expect(await received(await served.subscriber(level, topic))).toEqual([])
    }
  },
)

it.each(LEVELS)(
  'a will is published when the server closes over an error (level %i) [MQTT-3.1.2-8] [MQTT-3.1.2-8 of 3.1.1]',
  async level => {
    const topic = served.topic()
    const watcher = await served.subscriber(level, topic)
    const client = await served.client(level, { will: willOf(topic) })
    client.sendBytes(Buffer.from('0000', 'hex'))
    await watcher.expect('publish')
  },
)

it.each(LEVELS)(
  'a will with Will Retain is retained (level %i) [MQTT-3.1.2-15 of 5.0] [MQTT-3.1.2-17 of 3.1.1]',
  async level => {
    const topic = served.topic()
    const watcher = await served.subscriber(level, topic)
    const client = await served.client(level, { will: willOf(topic, { retain: true }) })
    client.destroy()
    await watcher.expect('publish')
    const later = await served.subscriber(level, topic)
    expect(await later.expect('publish')).toMatchObject({ topic, retain: true, payload: Buffer.from('gone') })
  },
)

it.each(LEVELS)(
  'a will is discarded by DISCONNECT, and published once otherwise (level %i) [MQTT-3.14.4-3] [MQTT-3.1.2-10 of 5.0] [MQTT-3.1.2-10 of 3.1.1] [MQTT-3.1.2-8]',
  async level => {
    const [topic, clientId] = [served.topic(), served.unique()]
    const watcher = await served.subscriber(level, topic)
    for (const payload of ['first', 'second']) {
      const client = await served.client(level, { clientId, will: willOf(topic, { payload: Buffer.from(payload) }) })
      if (payload === 'first') client.send({ type: 'disconnect', reasonCode: 0 })
      client.end()
      await client.closed
    }
    const bare = await served.client(level, { clientId })
    bare.destroy()
    await publish(await served.client(level), topic, 'end', { qos: 1 })
    expect((await watcher.expect('publish')).payload.toString()).toBe('second')
    expect(await received(watcher)).toEqual(['end'])
  },
)

it('DISCONNECT 0x04 leaves the will to be published [MQTT-3.1.2-8]', async () => {
  const topic = served.topic()
  const watcher = await served.subscriber(5, topic)
  const client = await served.client(5, { will: willOf(topic) })
  client.send({ type: 'disconnect', reasonCode: 0x04 })
  await watcher.expect('publish')
})

it.each(LEVELS)('a client without will leaves nothing behind (level %i) [MQTT-3.1.2-12 of 3.1.1]', async level => {
  const [topic, clientId] = [served.topic(), served.unique()]
  const watcher = await served.subscriber(level, topic)
  const before = await served.client(level, { clientId, will: willOf(topic, { payload: Buffer.from('before') }) })
  before.send({ type: 'disconnect', reasonCode: 0 })
  await before.closed
  const without = await served.client(level, { clientId })
  without.destroy()
  await served.client(level, { clientId }) // the end of the one before it is settled now
  const marked = await served.client(level, { will: willOf(topic, { payload: Buffer.from('marker') }) })
  marked.destroy()
  expect((await watcher.expect('publish')).payload.toString()).toBe('marker')
})

it('the properties of a will are passed on, User Properties in their order [MQTT-3.1.3-10]', async () => {
  const topic = served.topic()
  const watcher = await served.subscriber(5, topic)
  const properties = {
    contentType: 'text/plain',
    userProperties: [
      ['b', '2'],
      ['a', '1'],
      ['b', '1'],
    ],
  } as const
  const client = await served.client(5, { will: willOf(topic, { properties }) })
  client.destroy()
  expect(await watcher.expect('publish')).toMatchObject({ topic, properties })
})
