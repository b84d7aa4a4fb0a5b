import {
  isDeviceName,
  isProductKey,
  isProductSecret,
  PUSH_TOPICS,
  parsePush,
  registrationConnect,
  type SignMethod,
} from '@hatchway/protocol'
import type { MqttClient } from 'mqtt'
import { type Credentials, parseCredentials } from './credentials.ts'
import { ConnectionFailed, InvalidOption, RegistrationRefused } from './errors.ts'
import { type Endpoint, hangUp, isTls, openClient, type PacketListener } from './open-client.ts'

export interface RegisterOptions extends Endpoint {
  productKey: string
  productSecret: string
  deviceName: string
  /** `register`: the device was created beforehand and gets a DeviceSecret. `regnwl`: it gets a ClientID and DeviceToken. */
  mode: 'register' | 'regnwl'
  /** Default `hmacsha256`. */
  signMethod?: SignMethod
  instanceId?: string
  /** 4 = MQTT 3.1.1 (default), 5 = MQTT 5. */
  protocolVersion?: 4 | 5
  /** Limit of the whole exchange; default 15,000 ms. */
  timeoutMs?: number
  signal?: AbortSignal
  onPacket?: PacketListener
}

const TIMEOUT_MS = 15_000

/**
 * Registers the device: one CONNECT signed with the ProductSecret, the credentials pushed back on the same connection,
 * hang-up. Never repeats by itself. Each call for a device that has not logged in yet makes new credentials and voids the
 * ones before, so save what comes back before using it.
 *
 * Rejects with RegistrationRefused, ConnectionFailed, or InvalidOption before anything is sent.
 */
export async function register(options: RegisterOptions): Promise<Credentials> {
  checkOptions(options)
  const connect = registrationConnect({
    productKey: options.productKey,
    productSecret: options.productSecret,
    deviceName: options.deviceName,
    mode: options.mode,
    signMethod: options.signMethod,
    random: crypto.randomUUID().replaceAll('-', ''),
    instanceId: options.instanceId,
  })
  const { client, payload } = await openClient<{ client: MqttClient; payload: Uint8Array }>(
    {
      endpoint: options,
      mqtt: {
        clientId: connect.clientId,
        username: connect.userName,
        password: connect.password,
        protocolVersion: options.protocolVersion ?? 4,
        clean: true,
        reconnectPeriod: 0,
      },
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      refused: code => new RegistrationRefused(code),
      signal: options.signal,
      onPacket: options.onPacket,
    },
    (client, resolve) => {
      const pushTopic = PUSH_TOPICS[options.mode]
      client.on('message', (topic, payload) => {
        if (topic === pushTopic) resolve({ client, payload })
      })
    },
  )
  await hangUp(client)
  return readPush(options, payload)
}

function checkOptions(options: RegisterOptions): void {
  if (!isTls(options.url)) {
    throw new InvalidOption('url', 'registration needs TLS, since a secret comes back; give mqtts://host:port')
  }
  if (!isProductKey(options.productKey)) throw new InvalidOption('productKey', 'must be 1-20 letters and digits')
  if (!isProductSecret(options.productSecret)) {
    throw new InvalidOption('productSecret', 'must be 1-64 visible ASCII characters')
  }
  if (!isDeviceName(options.deviceName)) {
    throw new InvalidOption('deviceName', 'must be 4-32 letters, digits or any of _ @ . : -')
  }
}

function readPush(options: RegisterOptions, payload: Uint8Array): Credentials {
  const push = parsePush(PUSH_TOPICS[options.mode], payload)
  if (!push.ok) throw badPush(push.detail)
  let credentials: Credentials
  try {
    credentials = parseCredentials(push.push)
  } catch (cause) {
    throw badPush((cause as Error).message, cause)
  }
  if (credentials.productKey !== options.productKey || credentials.deviceName !== options.deviceName) {
    throw badPush('they are those of another device')
  }
  return credentials
}

function badPush(problem: string, cause?: unknown): ConnectionFailed {
  const message = `the server accepted the registration, but the credentials that it pushed are no good: ${problem}`
  return new ConnectionFailed(message, { retryable: false, cause })
}
