import { once } from 'node:events'
import { secretLoginConnect } from '@hatchway/protocol'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { encode, type Packet } from '../../packages/server/src/mqtt/index.ts'
import type { MqttConnection } from '../harness/mqtt-connection.ts'
import { LEVELS, publishPacket, ServedMqtt, subscribe } from './served-mqtt.ts'

const served = new ServedMqtt()
const deviceSecret = 'd'.repeat(32)

/** A device may log in over every transport, an application over TLS only. */
async function device(): Promise<{ deviceName: string; connect: Packet; topic: string }> {
  const { productKey, hatchway } = served
  const deviceName = served.unique('device')
  await hatchway.createDevice(productKey, deviceName, deviceSecret)
  const { clientId, userName, password } = secretLoginConnect({ productKey, deviceName, deviceSecret })
  const connect = served.connect(4, { clientId, userName, password: Buffer.from(password) })
  return { deviceName, connect, topic: `/${productKey}/${deviceName}/user/update` }
}

it.each(['tcp', 'tls', 'ws', 'wss'] as const)(
  'bytes come through %s in their order, and all of them [MQTT-4.2.0-1] [MQTT-7.1.1-1]',
  async transport => {
    const { connect, topic } = await device()
    const connection: MqttConnection = await served.open(4, transport)
    connection.send(connect)
    expect(await connection.expect('connack')).toMatchObject({ reasonCode: 0 })
    expect(await subscribe(connection, { filter: topic })).toEqual([0])
    const payloads = [200_000, 1, 70_000, 0, 30_000].map((size, index) => Buffer.alloc(size, index + 1))
    for (const payload of payloads) connection.send({ ...publishPacket(topic, ''), payload })
    const packets = await connection.untilPingresp()
    expect(
      packets.map(packet => packet.type === 'publish' && payloads.findIndex(one => one.equals(packet.payload))),
    ).toEqual([0, 1, 2, 3, 4])
  },
)

describe('WebSocket', () => {
  async function upgraded(): Promise<WebSocket> {
    const webSocket = new WebSocket(`ws://127.0.0.1:${served.hatchway.endpoint.port}/mqtt`, 'mqtt')
    await once(webSocket, 'open')
    return webSocket
  }

  it('has the subprotocol mqtt, and a frame of text ends it [MQTT-6.0.0-4] [MQTT-6.0.0-1]', async () => {
    const webSocket = await upgraded()
    expect(webSocket.protocol).toBe('mqtt')
    const closed = once(webSocket, 'close')
    webSocket.send((await device()).topic)
    await closed
  })

  it('carries packets in binary frames that need not line up with them [MQTT-6.0.0-1] [MQTT-6.0.0-2]', async () => {
    const { connect } = await device()
    for (const size of [1, 3, 1000]) {
      const webSocket = await upgraded()
      const frames: { data: Buffer; isBinary: boolean }[] = []
      const answered = new Promise<void>(resolve => {
        webSocket.on('message', (data: Buffer, isBinary) => {
          frames.push({ data, isBinary })
          if (Buffer.concat(frames.map(frame => frame.data)).length >= 8) resolve()
        })
      })
      const bytes = Buffer.concat([encode(connect, 4), encode({ type: 'pingreq' }, 4), encode({ type: 'pingreq' }, 4)])
      for (let at = 0; at < bytes.length; at += size) webSocket.send(bytes.subarray(at, at + size))
      await answered
      expect(frames.every(({ isBinary }) => isBinary)).toBe(true)
      expect(Buffer.concat(frames.map(({ data }) => data)).toString('hex')).toBe('20020000d000d000')
      webSocket.terminate()
    }
  })
})

it.each(LEVELS)('packets may be cut anywhere on the way (level %i) [MQTT-4.2.0-1]', async level => {
  const connection = await served.open(level)
  const bytes = Buffer.concat([encode(served.connect(level), level), encode({ type: 'pingreq' }, level)])
  for (const byte of bytes) connection.sendBytes(Buffer.of(byte))
  await connection.expect('connack')
  await connection.expect('pingresp')
})
