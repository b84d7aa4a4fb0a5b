import { eventPostReplyTopic, eventPostTopic, PLATFORM_TOPICS, tokenLoginConnect } from '@hatchway/protocol'
import { describe, expect, it } from 'vitest'
import type { ProtocolLevel, Qos } from '../../packages/server/src/mqtt/index.ts'
import { registerDevice } from '../harness/devices.ts'
import { ADMIN_TOKEN, eventually } from '../harness/hatchway.ts'
import { MqttConnection } from '../harness/mqtt-connection.ts'
import { publish, publishPacket, type ServedMqtt, subscribe, subscribePacket } from '../mqtt/served-mqtt.ts'
import { lastPackets, nextMessage, RelayedDevices, textOf } from './relayed-clients.ts'

/** What the cluster behind the relay can do. */
export interface ClusterFeatures {
  levels: readonly (4 | 5)[]
  qos2: boolean
}

/** What holds whatever the cluster: the journeys of devices and applications through a relay. */
export function relayJourneys(served: ServedMqtt, { levels, qos2 }: ClusterFeatures): void {
  const devices = RelayedDevices.ofFile(served)
  const qosLevels: readonly Qos[] = qos2 ? [0, 1, 2] : [0, 1]
  const device = (deviceName: string) => ({ productKey: served.productKey, deviceName })
  const own = (deviceName: string, rest: string): string => `/${served.productKey}/${deviceName}/${rest}`

  it('a device registers, logs in and publishes to an application, by either kind of credential', async () => {
    const application = await served.subscriber(4, `/${served.productKey}/+/user/update`, 1)
    const deviceName = served.unique('reg-')
    await served.hatchway.createDevice(served.productKey, deviceName)
    const registration = { ...served.product, deviceName } as const
    expect(await registerDevice(served.hatchway.endpoint, { ...registration, mode: 'register' })).toMatchObject({
      deviceSecret: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    const name = served.unique('tok-')
    const issued = await registerDevice(served.hatchway.endpoint, {
      ...served.product,
      deviceName: name,
      mode: 'regnwl',
    })
    const { clientId = '', deviceToken = '' } = issued
    const login = tokenLoginConnect({ ...device(name), clientId, deviceToken })
    const client = await MqttConnection.open(served.hatchway.endpoint, 'tcp')
    const credentials = { userName: login.userName, password: Buffer.from(login.password) }
    expect(await client.connect({ clientId: login.clientId, ...credentials })).toMatchObject({ reasonCode: 0 })
    await publish(client, own(name, 'user/update'), 'by token', { qos: 1 })
    expect(textOf(await nextMessage(application))).toBe(`${own(name, 'user/update')} by token 1`)
    client.destroy()
    const other = await devices.create()
    await publish(await devices.connect(other), own(other, 'user/update'), 'by secret', { qos: 1 })
    expect(textOf(await nextMessage(application))).toBe(`${own(other, 'user/update')} by secret 1`)
    await devices.status(other, 'ONLINE')
  })

  describe.each(levels)('MQTT level %i', level => {
    it.each(qosLevels)('carries QoS %i both ways', async qos => {
      const name = await devices.create()
      const topic = own(name, 'user/both')
      const client = await devices.connect(name, { level })
      expect(await subscribe(client, { filter: topic, qos })).toEqual([qos])
      const application = await served.subscriber(level, own(name, 'user/up'), qos)
      await publish(client, own(name, 'user/up'), 'up', { qos })
      expect(textOf(await nextMessage(application))).toBe(`${own(name, 'user/up')} up ${qos}`)
      await publish(application, topic, 'down', { qos })
      expect(textOf(await nextMessage(client))).toBe(`${topic} down ${qos}`)
    })

    it('answers a gateway that registers a sub-device', async () => {
      const [gateway, lamp] = [await devices.create(), served.unique('lamp-')]
      await served.hatchway.createDevice(served.productKey, lamp)
      await served.hatchway.api('PATCH', `/products/${served.productKey}`, { registrationByGateways: true })
      const client = await devices.connect(gateway, { level })
      const request = JSON.stringify({ id: '1', params: [device(lamp)] })
      client.send(publishPacket(PLATFORM_TOPICS.subRegister.build(device(gateway)), request))
      const { topic, payload } = await nextMessage(client)
      expect(topic).toBe(PLATFORM_TOPICS.subRegisterReply.build(device(gateway)))
      expect(JSON.parse(`${payload}`)).toMatchObject({ id: '1', code: 200, data: [device(lamp)] })
    })

    it('keeps a retained message, and clears it', async () => {
      const topic = served.topic()
      const publisher = await served.client(level)
      await publish(publisher, topic, 'kept', { qos: 1, retain: true })
      const late = await served.subscriber(level, topic, 1)
      expect(await nextMessage(late)).toMatchObject({ topic, retain: true })
      await publish(publisher, topic, '', { qos: 1, retain: true })
    })

    it('publishes the will of a device that is lost, and not that of one that says goodbye', async () => {
      const name = await devices.create()
      const topic = own(name, 'user/will')
      const will = { topic, payload: Buffer.from('gone'), qos: 1, retain: false } as const
      const application = await served.subscriber(level, topic, 1)
      const polite = await devices.connect(name, { level, will })
      polite.send({ type: 'disconnect', reasonCode: 0 })
      await polite.closed
      await devices.status(name, 'OFFLINE')
      const lost = await devices.connect(name, { level, will })
      lost.destroy()
      expect(textOf(await nextMessage(application))).toBe(`${topic} gone 1`)
      expect(await application.untilPingresp()).toEqual([])
    })

    it('leaves a will on a topic of others out, and says so', async () => {
      const name = await devices.create()
      const topic = `/${served.productKey}/other/will`
      await devices.connect(name, { level, will: { topic, payload: Buffer.from('x'), qos: 0, retain: false } })
      expect(await devices.journal(name, 'topic-not-allowed-publish')).toMatchObject({ topic })
    })

    it('keeps messages for a session whose client is away', async () => {
      const topic = served.topic()
      const session = { clientId: served.unique('kept'), cleanStart: false, ...expiring(level) }
      const away = await served.subscriber(level, topic, 1, session)
      away.send({ type: 'disconnect', reasonCode: 0 })
      await away.closed
      const publisher = await served.client(level)
      for (const payload of ['1', '2', '3']) await publish(publisher, topic, payload, { qos: 1 })
      const back = await served.client(level, session)
      expect(back.connack.sessionPresent).toBe(true)
      const payloads = [await nextMessage(back), await nextMessage(back), await nextMessage(back)].map(
        one => `${one.payload}`,
      )
      expect(payloads).toEqual(['1', '2', '3'])
    })

    it('refuses filters of others in their places, and drops messages to topics of others', async () => {
      const name = await devices.create()
      const client = await devices.connect(name, { level })
      const refused = level === 5 ? 0x87 : 0x80
      const filters = [own(name, 'a'), '/other/x/#', own(name, 'b'), `/${served.productKey}/+/x`]
      client.send(
        subscribePacket(
          7,
          filters.map(filter => ({ filter, qos: 1 as const })),
        ),
      )
      expect(await client.expect('suback')).toMatchObject({ packetId: 7, reasonCodes: [1, refused, 1, refused] })
      client.send(subscribePacket(8, [{ filter: '/other/x/#' }]))
      expect(await client.expect('suback')).toMatchObject({ packetId: 8, reasonCodes: [refused] })
      const spy = await served.subscriber(level, '/other/#', 1)
      client.send(publishPacket('/other/x', 'forbidden', { qos: 1, packetId: 9 }))
      expect(await client.expect('puback')).toMatchObject({ packetId: 9, reasonCode: level === 5 ? 0x87 : 0 })
      client.send(publishPacket('/other/x', 'forbidden', { qos: 2, packetId: 10 }))
      expect(await client.expect('pubrec')).toMatchObject({ packetId: 10, reasonCode: level === 5 ? 0x87 : 0 })
      if (level === 4) {
        client.send({ type: 'pubrel', packetId: 10, reasonCode: 0 })
        expect(await client.expect('pubcomp')).toMatchObject({ packetId: 10 })
      }
      expect(await spy.untilPingresp()).toEqual([])
      expect(await devices.journal(name, 'topic-not-allowed-publish')).toMatchObject({ topic: '/other/x' })
      expect(await devices.journal(name, 'topic-not-allowed-subscribe')).toBeDefined()
    })

    it('subscribes a device that says _ss=1, and sends it nothing of its own back', async () => {
      const name = await devices.create()
      const client = await devices.connect(name, { level, serverSubscribe: true })
      const post = eventPostTopic(device(name), 'property')
      client.send(publishPacket(post, '{"id":"1","params":{}}', { qos: 1 }))
      const packets = [await client.next(), await client.next()]
      expect(packets.map(({ type }) => type).toSorted()).toEqual(['puback', 'publish'])
      const reply = packets.find(packet => packet.type === 'publish')
      expect(reply).toMatchObject({ topic: eventPostReplyTopic(device(name), 'property') })
      const application = await served.client(4)
      const down = `/sys/${served.productKey}/${name}/thing/service/property/set`
      await publish(application, down, 'set', { qos: 0 })
      expect(textOf(await client.expect('publish'))).toBe(`${down} set 0`)
    })

    it('answers the clock', async () => {
      const name = await devices.create()
      const client = await devices.connect(name, { level })
      const { clockRequest, clockResponse } = PLATFORM_TOPICS
      expect(await subscribe(client, { filter: clockResponse.build(device(name)), qos: 1 })).toEqual([1])
      client.send(publishPacket(clockRequest.build(device(name)), '{"deviceSendTime":"100"}'))
      const { payload } = await client.expect('publish')
      expect(JSON.parse(`${payload}`)).toMatchObject({ deviceSendTime: '100', serverRecvTime: expect.any(String) })
    })

    it('lets the newer of two connections of one device win', async () => {
      const name = await devices.create()
      const older = await devices.connect(name, { level })
      const newer = await devices.connect(name, { level })
      const last = await lastPackets(older)
      expect(last).toMatchObject(level === 5 ? [{ type: 'disconnect', reasonCode: 0x8e }] : [])
      expect(await newer.untilPingresp()).toEqual([])
      await devices.status(name, 'ONLINE')
    })

    it('cuts off a device that is disabled', async () => {
      const name = await devices.create()
      const client = await devices.connect(name, { level })
      const disabled = await served.hatchway.api('POST', `/products/${served.productKey}/devices/${name}/disable`)
      expect(disabled.status).toBe(200)
      expect(await lastPackets(client)).toMatchObject(level === 5 ? [{ type: 'disconnect', reasonCode: 0x98 }] : [])
    })
  })

  it('ends the session of a device that is deleted', async () => {
    const name = await devices.create()
    const session = { cleanStart: false }
    const client = await devices.connect(name, session)
    expect(await subscribe(client, { filter: own(name, 'user/get'), qos: 1 })).toEqual([1])
    const { status } = await served.hatchway.api('DELETE', `/products/${served.productKey}/devices/${name}`)
    expect(status).toBe(204)
    await client.closed
    await eventually(async () => {
      await served.hatchway
        .createDevice(served.productKey, name, '0123456789abcdef0123456789abcdef')
        .catch(() => undefined)
      const { client: again, connack } = await devices.tryConnect(name, session)
      again.destroy()
      await again.closed
      return connack.reasonCode === 0 && !connack.sessionPresent
    })
  })

  it('sends a message of the API, and tells the world who comes and goes', async () => {
    const name = await devices.create()
    const status = PLATFORM_TOPICS.status.build(device(name))
    const application = await served.subscriber(4, status, 1)
    const client = await devices.connect(name)
    expect(JSON.parse(`${(await nextMessage(application)).payload}`)).toMatchObject({
      status: 'online',
      deviceName: name,
    })
    const topic = own(name, 'user/get')
    expect(await subscribe(client, { filter: topic, qos: 1 })).toEqual([1])
    const route = `/products/${served.productKey}/devices/${name}/messages`
    expect(await served.hatchway.api('POST', route, { topic, payload: 'hello', qos: 1 })).toMatchObject({
      status: 200,
      body: { subscribers: null },
    })
    expect(textOf(await nextMessage(client))).toBe(`${topic} hello 1`)
    client.destroy()
    expect(JSON.parse(`${(await nextMessage(application)).payload}`)).toMatchObject({ status: 'offline' })
  })

  it('asks a device over RRPC, and shows what passes between it and the cluster', async () => {
    const name = await devices.create()
    const client = await devices.connect(name)
    await subscribe(client, { filter: own(name, 'user/get'), qos: 1 })
    await subscribe(client, { filter: `/sys/${served.productKey}/${name}/rrpc/request/+`, qos: 0 })
    const { hatchway } = served
    const route = `/products/${served.productKey}/devices/${name}`
    const stream = await fetch(`${hatchway.http}/api/v1${route}/messages`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      signal: AbortSignal.timeout(20_000),
    })
    const asked = hatchway.api('POST', `${route}/rrpc`, { payload: '?' })
    const request = await nextMessage(client)
    client.send({ ...request, topic: request.topic.replace('/request/', '/response/'), payload: Buffer.from('!') })
    expect(await asked).toMatchObject({ status: 200, body: { payload: '!' } })
    let seen = ''
    for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      seen += chunk
      if (seen.includes('"direction":"up"')) break
    }
    expect(seen).toContain(`"direction":"down","topic":"${request.topic}"`)
  })

  it('is ready, and has figures of the cluster', async () => {
    const ready = await fetch(`${served.hatchway.http}/readyz`)
    expect(ready.status).toBe(200)
    const { body } = await served.hatchway.api('GET', '/stats')
    expect(body.broker).toMatchObject({ sessions: null, retained: null })
    const { body: system } = await served.hatchway.api('GET', '/system')
    expect(system.broker).toMatchObject({ kind: 'relay' })
    expect(system.broker.upstream).toContainEqual({ host: expect.stringMatching(/^127/), ok: true })
    const hosts: { reachable: boolean }[] = Object.values(body.broker.upstream)
    expect(hosts.some(({ reachable }) => reachable)).toBe(true)
    expect(await (await fetch(`${served.hatchway.http}/metrics`)).text()).toMatch(/^hatchway_upstream_up\{host="127/m)
  })
}

const expiring = (level: ProtocolLevel) => (level === 5 ? { properties: { sessionExpiryIntervalSeconds: 3600 } } : {})
