import { afterAll, describe, expect, it } from 'vitest'
import type { ConnectProperties, Publish } from '../../packages/server/src/mqtt/index.ts'
import type { BrokerProcess } from '../harness/broker-process.ts'
import { startMosquitto, upstreamUrl } from '../harness/upstreams.ts'
import { type Client, publish, publishPacket, ServedMqtt, subscribe } from '../mqtt/served-mqtt.ts'
import { nextMessage, RelayedDevices, textOf } from './relayed-clients.ts'

// What MQTT 5.0 added, between a client and a cluster that both speak it.
let mosquitto: BrokerProcess
const served = new ServedMqtt(async () => {
  mosquitto = await startMosquitto()
  return { upstreamUrl: upstreamUrl(mosquitto.port) }
})
afterAll(() => mosquitto?.close())
const devices = RelayedDevices.ofFile(served)
/** More of them than any buffer on the way takes. */
const blocks = 60
const own = (name: string, rest: string): string => `/${served.productKey}/${name}/${rest}`
const client = (properties: ConnectProperties = {}, more: object = {}): Promise<Client> =>
  served.client(5, { properties, ...more })

describe('a will', () => {
  it('keeps its properties, and waits for its delay', async () => {
    const name = await devices.create()
    const topic = own(name, 'user/will')
    const application = await served.subscriber(5, topic, 1)
    const properties = {
      willDelayIntervalSeconds: 1,
      payloadFormatIndicator: 1,
      messageExpiryIntervalSeconds: 60,
      contentType: 'text/plain',
      responseTopic: own(name, 'answer'),
      correlationData: Buffer.from('42'),
      userProperties: [['a', '1']],
    } as const
    const will = { topic, payload: Buffer.from('gone'), qos: 1, retain: false, properties } as const
    const lost = await devices.connect(name, { level: 5, will, properties: { sessionExpiryIntervalSeconds: 60 } })
    const lostAt = performance.now()
    lost.destroy()
    const { properties: seen } = await nextMessage(application)
    expect(performance.now() - lostAt).toBeGreaterThan(900)
    const { willDelayIntervalSeconds: _, messageExpiryIntervalSeconds: __, ...kept } = properties
    expect(seen).toMatchObject(kept)
  })

  it('is published for a client that asks for it as it leaves', async () => {
    const topic = served.topic()
    const watcher = await served.subscriber(5, topic, 1)
    const leaver = await client({}, { will: { topic, payload: Buffer.from('left'), qos: 1, retain: false } })
    leaver.send({ type: 'disconnect', reasonCode: 4 })
    expect(textOf(await nextMessage(watcher))).toBe(`${topic} left 1`)
  })
})

describe('a message', () => {
  it('keeps its properties both ways', async () => {
    const topic = served.topic()
    const watcher = await served.subscriber(5, topic, 1)
    const properties = {
      payloadFormatIndicator: 1,
      contentType: 'application/json',
      responseTopic: `${topic}/answer`,
      correlationData: Buffer.from([0, 1, 255]),
      userProperties: [
        ['k', '1'],
        ['k', '2'],
      ],
    } as const
    await publish(await client(), topic, '{}', { qos: 1, properties })
    expect((await nextMessage(watcher)).properties).toMatchObject(properties)
  })

  it.each([0, 1, 2] as const)('of 256 KiB passes both ways with QoS %i, and one byte more is refused', async qos => {
    const topic = served.topic()
    const payload = 'x'.repeat(256 * 1024)
    const watcher = await served.subscriber(5, topic, qos)
    const publisher = await client()
    await publish(publisher, topic, payload, { qos })
    const message = await nextMessage(watcher)
    expect([message.qos, message.payload.length]).toEqual([qos, payload.length])
    publisher.send(publishPacket(topic, `${payload}y`, { qos }))
    expect(await publisher.expect('disconnect')).toMatchObject({ reasonCode: 0x95 })
    await publisher.closed
  })

  it('expires in the cluster while its receiver is away', async () => {
    const topic = served.topic()
    const session = { clientId: served.unique('away'), cleanStart: false }
    const expiry = { sessionExpiryIntervalSeconds: 60 }
    const away = await client(expiry, session)
    await subscribe(away, { filter: topic, qos: 1 })
    away.send({ type: 'disconnect', reasonCode: 0 })
    await away.closed
    const publisher = await client()
    await publish(publisher, topic, 'short', { qos: 1, properties: { messageExpiryIntervalSeconds: 1 } })
    await publish(publisher, topic, 'long', { qos: 1, properties: { messageExpiryIntervalSeconds: 60 } })
    const bystander = await served.subscriber(5, `${topic}/clock`, 1)
    // The cluster's own clock: a will whose delay is longer than the message lives.
    const will = { topic: `${topic}/clock`, payload: Buffer.from('now'), qos: 1 as const, retain: false }
    const clock = await client(expiry, { will: { ...will, properties: { willDelayIntervalSeconds: 3 } } })
    clock.destroy()
    await nextMessage(bystander)
    const back = await client(expiry, session)
    expect((await nextMessage(back)).payload.toString()).toBe('long')
    expect(await back.untilPingresp()).toEqual([])
  })
})

describe('topic aliases', () => {
  it('of a client are known to the cluster, and what is set for a topic of others is refused each time', async () => {
    const name = await devices.create()
    const topic = own(name, 'user/update')
    const application = await served.subscriber(5, topic, 1)
    const { client: device, connack } = await devices.tryConnect(name, { level: 5 })
    expect(connack.properties?.topicAliasMaximum).toBeGreaterThan(1)
    const aliased = (to: string, payload: string, topicAlias: number): void =>
      device.send(publishPacket(to, payload, { qos: 1, properties: { topicAlias } }))
    aliased(topic, 'first', 1)
    expect(await device.expect('puback')).toMatchObject({ reasonCode: 0 })
    aliased('', 'second', 1)
    expect(await device.expect('puback')).toMatchObject({ reasonCode: 0 })
    aliased(`/${served.productKey}/other/x`, 'forbidden', 2)
    expect(await device.expect('puback')).toMatchObject({ reasonCode: 0x87 })
    aliased('', 'forbidden', 2)
    expect(await device.expect('puback')).toMatchObject({ reasonCode: 0x87 })
    aliased('', 'third', 1)
    expect(await device.expect('puback')).toMatchObject({ reasonCode: 0 })
    const payloads: string[] = []
    for (let count = 0; count < 3; count++) payloads.push((await nextMessage(application)).payload.toString())
    expect(payloads).toEqual(['first', 'second', 'third'])
    aliased('', 'never set', 3)
    expect(await device.expect('disconnect')).toMatchObject({ reasonCode: 0x82 })
  })

  it('that the cluster sets reach the client', async () => {
    const topic = served.topic()
    const watcher = await client({ topicAliasMaximum: 5 })
    await subscribe(watcher, { filter: topic, qos: 0 })
    const publisher = await client()
    const known = new Map<number, string>()
    for (const payload of ['1', '2', '3']) {
      await publish(publisher, topic, payload, { qos: 1 })
      const message = await nextMessage(watcher)
      expect(resolved(message, known)).toBe(topic)
    }
  })

  const resolved = ({ topic, properties }: Publish, known: Map<number, string>): string | undefined => {
    const alias = properties?.topicAlias
    if (alias === undefined) return topic
    if (topic !== '') known.set(alias, topic)
    return known.get(alias)
  }
})

describe('limits of a client', () => {
  it('Receive Maximum: it gets no more unacknowledged messages than that', async () => {
    const topic = served.topic()
    const slow = await client({ receiveMaximum: 2 })
    await subscribe(slow, { filter: topic, qos: 1 })
    const publisher = await client()
    for (const payload of ['1', '2', '3', '4']) await publish(publisher, topic, payload, { qos: 1 })
    const first = [await slow.expect('publish'), await slow.expect('publish')]
    expect(await slow.untilPingresp()).toEqual([])
    for (const { packetId = 0 } of first) slow.send({ type: 'puback', packetId, reasonCode: 0 })
    const second = [await slow.expect('publish'), await slow.expect('publish')]
    expect([...first, ...second].map(({ payload }) => payload.toString())).toEqual(['1', '2', '3', '4'])
  })

  it('Maximum Packet Size: what is larger is not sent to it, and the rest is', async () => {
    const topic = served.topic()
    const small = await client({ maximumPacketSizeBytes: 500 })
    await subscribe(small, { filter: topic, qos: 1 })
    const publisher = await client()
    await publish(publisher, topic, 'x'.repeat(1000), { qos: 1 })
    await publish(publisher, topic, 'fits', { qos: 1 })
    expect((await nextMessage(small)).payload.toString()).toBe('fits')
  })

  it('Maximum Packet Size: answers of the gateway keep to it', async () => {
    const name = await devices.create('of-a-long-name-')
    const device = await devices.connect(name, { level: 5, properties: { maximumPacketSizeBytes: 64 } })
    device.send(publishPacket('/other/x', 'x', { qos: 1 }))
    expect(await device.expect('puback')).toEqual({ type: 'puback', packetId: 1, reasonCode: 0x87 })
  })
})

describe('a session', () => {
  it('gets its client identifier from the server where it gives none', async () => {
    const { connack } = await client({}, { clientId: '' })
    expect(connack.properties?.assignedClientIdentifier).toMatch(/./)
  })

  it('lives as long as its client says on leaving', async () => {
    const session = { clientId: served.unique('kept'), cleanStart: false }
    for (const [sessionExpiryIntervalSeconds, isKept] of [
      [60, true],
      [0, false],
    ] as const) {
      const leaver = await client({ sessionExpiryIntervalSeconds: 30 }, session)
      leaver.send({ type: 'disconnect', reasonCode: 0, properties: { sessionExpiryIntervalSeconds } })
      await leaver.closed
      const back = await client({ sessionExpiryIntervalSeconds: 30 }, session)
      expect(back.connack.sessionPresent).toBe(isKept)
      back.send({ type: 'disconnect', reasonCode: 0, properties: { sessionExpiryIntervalSeconds: 0 } })
      await back.closed
    }
  })
})

describe('a subscription', () => {
  it('has its identifier on each of its messages', async () => {
    const topic = served.topic()
    const watcher = await client()
    expect(await subscribe(watcher, { filter: topic, qos: 1 }, 77)).toEqual([1])
    await publish(await client(), topic, 'x', { qos: 1 })
    expect((await nextMessage(watcher)).properties).toMatchObject({ subscriptionIdentifiers: [77] })
  })

  it('without its own client’s messages, and with the RETAIN of the publisher', async () => {
    const topic = served.topic()
    const watcher = await client()
    await subscribe(watcher, { filter: topic, qos: 1, noLocal: true, retainAsPublished: true })
    await publish(watcher, topic, 'own', { qos: 1 })
    await publish(await client(), topic, 'kept', { qos: 1, retain: true })
    expect(await nextMessage(watcher)).toMatchObject({ payload: Buffer.from('kept'), retain: true })
  })

  it.each([
    [0, [true, true]],
    [1, [true, false]],
    [2, [false, false]],
  ] as const)('with Retain Handling %i gets retained messages as asked', async (retainHandling, expected) => {
    const topic = served.topic()
    await publish(await client(), topic, 'kept', { qos: 1, retain: true })
    const watcher = await client()
    for (const isSent of expected) {
      await subscribe(watcher, { filter: topic, qos: 0, retainHandling })
      expect((await watcher.untilPingresp()).length > 0).toBe(isSent)
    }
  })

  it('is shared by its group', async () => {
    const topic = served.topic()
    const members = [
      await served.subscriber(5, `$share/g/${topic}`, 1),
      await served.subscriber(5, `$share/g/${topic}`, 1),
    ]
    const publisher = await client()
    for (const payload of ['1', '2', '3', '4']) await publish(publisher, topic, payload, { qos: 1 })
    const shares = await Promise.all(members.map(member => member.untilPingresp()))
    expect(shares.flat()).toHaveLength(4)
  })
})

it('a client that does not read for a while holds up nobody, takes no memory here, and misses nothing', async () => {
  const name = await devices.create()
  const topic = own(name, 'user/get')
  const stuck = await devices.connect(name, { level: 5 })
  await subscribe(stuck, { filter: topic, qos: 1 })
  stuck.pause()
  const publisher = await client()
  for (let count = 0; count < blocks; count++) await publish(publisher, topic, 'x'.repeat(200_000), { qos: 1 })
  const other = served.topic()
  const watcher = await served.subscriber(5, other, 1)
  await publish(publisher, other, 'past it', { qos: 1 })
  expect(textOf(await nextMessage(watcher))).toBe(`${other} past it 1`)
  const { body } = await served.hatchway.api('GET', '/stats')
  expect(body.broker.queuedBytes).toBeLessThan(2_000_000) // of 12 MB
  stuck.resume()
  for (let count = 0; count < blocks; count++) expect((await nextMessage(stuck)).topic).toBe(topic)
})
