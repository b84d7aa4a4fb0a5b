import { type EventEmitter, once } from 'node:events'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Certificates } from './certificates/index.ts'
import { push, type RunningGateway, startGateway, temporaryCertificates, until } from './gateway-fakes.suite.ts'

let temporary: { certificates: Certificates; remove(): Promise<void> }
let running: RunningGateway

beforeAll(async () => {
  temporary = await temporaryCertificates()
  running = await startGateway(temporary.certificates)
})
afterAll(async () => {
  await running.close()
  await temporary.remove()
})

const transports = [
  ['mqtt', 'tcp'],
  ['mqtts', 'tls'],
  ['ws', 'ws'],
  ['wss', 'wss'],
] as const
const versions = [
  [3, 'MQIsdp'],
  [4, 'MQTT'],
  [5, 'MQTT'],
] as const
const cases = transports.flatMap(([scheme, transport]) =>
  versions.map(([protocolVersion, protocolId]) => ({ scheme, transport, protocolVersion, protocolId })),
)

function client(scheme: string, options: IClientOptions): MqttClient {
  const ca = temporary.certificates.caPem ?? ''
  const url = `${scheme}://127.0.0.1:${running.port}/mqtt`
  return mqtt.connect(url, { ca, reconnectPeriod: 0, connectTimeout: 10_000, ...options })
}

// MQTT.js types its events in a way that `once` can't take.
const event = (device: MqttClient, name: string): Promise<unknown[]> => once(device as unknown as EventEmitter, name)

test.each(cases)('MQTT.js logs in over $scheme at level $protocolVersion', async parameters => {
  const { scheme, transport, protocolVersion, protocolId } = parameters
  const clientId = `login-${scheme}-${protocolVersion}`
  const device = client(scheme, { protocolVersion, protocolId, clientId, keepalive: 60 })
  await event(device, 'connect')

  const asked = running.asked.find(one => one.connect.clientId === clientId)
  const secure = transport === 'tls' || transport === 'wss'
  expect(asked?.connect.protocolLevel).toBe(protocolVersion)
  expect(asked?.peer).toEqual({
    address: '127.0.0.1',
    transport,
    tlsVersion: secure ? 'TLSv1.3' : null,
    tlsCipher: secure ? expect.stringMatching(/^TLS_/) : null,
  })
  expect(running.gateway.stats().connections[transport]).toBe(1)
  const attached = await until(
    () => running.broker.attached.find(one => one.request.connect.clientId === clientId),
    'an attachment',
  )
  expect(attached.request).toMatchObject({ keepAliveSeconds: 60, serverSubscriptions: ['/sys/pk1/dev1/#'] })

  await device.endAsync()
  await until(() => attached.closedTimes > 0 && running.gateway.stats().connections[transport] === 0, 'its end')
  expect(attached.closedTimes).toBe(1)
})

test.each(cases)('MQTT.js gets the push of a registration over $scheme at level $protocolVersion', async parameters => {
  const { scheme, protocolVersion, protocolId } = parameters
  const device = client(scheme, { protocolVersion, protocolId, clientId: `register-${scheme}-${protocolVersion}` })
  const [topic, payload, packet] = await event(device, 'message')
  expect(topic).toBe(push.topic)
  expect(String(payload)).toBe(push.payload)
  expect(packet).toMatchObject({ qos: 0, retain: false })
  expect(await device.subscribeAsync('/ext/register', { qos: 1 })).toMatchObject([{ qos: 1 }])
  await device.endAsync()
})

test.each(cases)('MQTT.js hears the refusal over $scheme at level $protocolVersion', async parameters => {
  const { scheme, protocolVersion, protocolId } = parameters
  const device = client(scheme, { protocolVersion, protocolId, clientId: `refuse-${scheme}-${protocolVersion}` })
  const [error] = await event(device, 'error')
  expect(error).toHaveProperty('code', protocolVersion === 5 ? 0x86 : 4)
  await device.endAsync(true)
})
