import type { ConnectionOptions } from 'node:tls'
import { parsePush, type RegistrationInput, registrationConnect, tokenLoginConnect } from '@hatchway/protocol'
import { connectAsync, type MqttClient } from 'mqtt'
import type { ProtocolLevel } from '../../packages/server/src/mqtt/index.ts'
import type { Hatchway, Product } from './hatchway.ts'
import { type Endpoint, MqttConnection, type Transport } from './mqtt-connection.ts'

export interface Issued {
  deviceSecret?: string
  clientId?: string
  deviceToken?: string
}

/** Registers as a device does: one CONNECT, the push, DISCONNECT. Rejects when it is refused. */
export async function registerDevice(
  endpoint: Endpoint,
  input: Omit<RegistrationInput, 'random'> & {
    random?: string
    transport?: Transport
    level?: ProtocolLevel
    tls?: ConnectionOptions
  },
): Promise<Issued> {
  const { transport = 'tls', level = 4, random = '123', tls = {}, ...registration } = input
  const { clientId, userName, password } = registrationConnect({ ...registration, random })
  const connection = await MqttConnection.open(endpoint, transport, { level, tls })
  try {
    const connack = await connection.connect({ clientId, userName, password: Buffer.from(password) })
    if (connack.reasonCode !== 0) throw new Error(`registration refused with code ${connack.reasonCode}`)
    const { topic, payload } = await connection.expect('publish')
    const parsed = parsePush(topic, payload)
    if (!parsed.ok) throw new Error(parsed.detail)
    connection.send({ type: 'disconnect', reasonCode: 0 })
    return parsed.push
  } finally {
    connection.end()
    await connection.closed
  }
}

/** Registers a device without pre-registration and logs it in with MQTT.js; it stays connected. */
export async function connectDevice(hatchway: Hatchway, product: Product, deviceName: string): Promise<MqttClient> {
  const { endpoint } = hatchway
  const { clientId = '', deviceToken = '' } = await registerDevice(endpoint, { ...product, deviceName, mode: 'regnwl' })
  const login = tokenLoginConnect({ productKey: product.productKey, deviceName, clientId, deviceToken })
  return connectAsync(`mqtts://localhost:${endpoint.port}`, {
    ca: endpoint.ca,
    clientId: login.clientId,
    username: login.userName,
    password: login.password,
    reconnectPeriod: 0,
  })
}
