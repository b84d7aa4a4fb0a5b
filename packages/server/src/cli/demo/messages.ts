import { connectAs } from '@hatchway/device'
import { type DemoProduct, type MqttConnection, nextMessage, type OnlineDevice, type Stage } from './stage.ts'
import { shorten } from './wire.ts'

export interface DemoApplication {
  keyId: string
  secret: string
  connection: MqttConnection
}

export async function connectApplication(stage: Stage, { productKey }: DemoProduct): Promise<DemoApplication> {
  const body = { name: 'demo application', role: 'application', products: [productKey] }
  const key = await stage.api.request<{ id: string; secret: string }>('POST', '/api/v1/keys', { body })
  const { tlsUrl: url, ca, signal } = stage
  const connection = await connectAs({ url, ca, signal, clientId: 'demo-app', userName: key.id, password: key.secret })
  stage.connections.push(connection)
  const filters = [`/${productKey}/+/user/update`, `/sys/${productKey}/+/thing/event/property/post`]
  await connection.subscribeAsync(filters, { qos: 1 })
  stage.teller.tell({
    step: 'application',
    title: 'An application connects with an API key and listens to the whole product',
    lines: [
      { mark: '->', name: 'CONNECT', value: '' },
      { name: 'userName', value: `${key.id} (the key's id)` },
      { name: 'password', value: shorten(key.secret) },
      ...filters.map(filter => ({ mark: '->' as const, name: 'SUBSCRIBE', value: filter })),
    ],
  })
  return { keyId: key.id, secret: key.secret, connection }
}

export async function sendProperties(stage: Stage, sensor: OnlineDevice, application: DemoApplication): Promise<void> {
  const { connection, deviceName, credentials } = sensor
  const topic = `/sys/${credentials.productKey}/${deviceName}/thing/event/property/post`
  const replyTopic = `${topic}_reply`
  await connection.subscribeAsync(replyTopic, { qos: 0 })
  const payload = '{"id":"1","version":"1.0","params":{"temperature":21.5},"method":"thing.event.property.post"}'
  const replied = nextMessage(connection, replyTopic)
  const received = nextMessage(application.connection, topic)
  await connection.publishAsync(topic, payload, { qos: 1 })
  const [reply, seen] = await Promise.all([replied, received])
  stage.teller.tell({
    step: 'property-post',
    title: `${deviceName} posts a property and gets the platform's reply`,
    lines: [
      { mark: '->', name: 'PUBLISH', value: `${topic} ${payload}` },
      { mark: '<-', name: 'reply', value: reply },
      { mark: 'ok', name: 'application', value: `received ${seen === payload ? 'the same' : seen}` },
    ],
  })
}

export async function sendUpdate(stage: Stage, meter: OnlineDevice, application: DemoApplication): Promise<void> {
  const { connection, deviceName, credentials } = meter
  const topic = `/${credentials.productKey}/${deviceName}/user/update`
  const received = nextMessage(application.connection, topic)
  await connection.publishAsync(topic, '{"kWh":1042}', { qos: 1 })
  const seen = await received
  stage.teller.tell({
    step: 'user-update',
    title: `${deviceName} sends data on a topic of its own`,
    lines: [
      { mark: '->', name: 'PUBLISH', value: `${topic} {"kWh":1042}` },
      { mark: 'ok', name: 'application', value: `received ${seen}` },
    ],
  })
}

export async function sendCommand(stage: Stage, sensor: OnlineDevice): Promise<void> {
  const { connection, deviceName, credentials } = sensor
  const { productKey } = credentials
  const topic = `/${productKey}/${deviceName}/user/get`
  await connection.subscribeAsync(topic, { qos: 1 })
  const received = nextMessage(connection, topic)
  const path = `/api/v1/products/${productKey}/devices/${deviceName}/messages`
  await stage.api.request('POST', path, { body: { topic, payload: '{"led":1}', qos: 1 } })
  const seen = await received
  stage.teller.tell({
    step: 'command',
    title: `The HTTP API sends a command to ${deviceName}`,
    lines: [
      { mark: '->', name: 'POST', value: `${path} {"topic":"${topic}","payload":…}` },
      { mark: 'ok', name: deviceName, value: `received ${seen}` },
    ],
  })
}
