import { secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { type Issued, registerDevice } from './devices.ts'
import type { Product } from './hatchway.ts'
import type { Endpoint } from './mqtt-connection.ts'

const PAUSE_MS = 50
const RETRY_MS = 100
const GIVE_UP_MS = 60_000

/** MQTT.js, trying one server after the other until it is in, as often as it takes. */
export function roamingClient(endpoints: readonly Endpoint[], options: IClientOptions): MqttClient {
  const servers = endpoints.map(({ port, host = '127.0.0.1' }) => ({ host, port, protocol: 'mqtts' as const }))
  const { ca } = endpoints[0] ?? {}
  // The servers' certificates are made for localhost.
  const tls = { ...(ca === undefined ? {} : { ca }), servername: 'localhost', checkServerIdentity: () => undefined }
  return connect({
    servers,
    ...tls,
    reconnectPeriod: RETRY_MS,
    connectTimeout: 5000,
    reconnectOnConnackError: true,
    keepalive: 30,
    ...options,
  })
}

/** Registers at one server after the other until one of them lets it: a device in the field does the same. */
async function registerSomewhere(
  endpoints: readonly Endpoint[],
  input: Parameters<typeof registerDevice>[1],
): Promise<{ issued: Issued; failures: string[] }> {
  const deadline = Date.now() + GIVE_UP_MS
  const failures: string[] = []
  for (let at = 0; ; at++) {
    const endpoint = endpoints[at % endpoints.length]
    if (endpoint === undefined) throw new Error('there is no server to register at')
    try {
      return { issued: await registerDevice(endpoint, input), failures }
    } catch (error) {
      failures.push(String(error))
      if (Date.now() > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, RETRY_MS))
    }
  }
}

/** A device as it is out there: registers, logs in, publishes one numbered message after the other, and comes back. */
export class FieldDevice {
  /** What it published and was told that it is owned. */
  readonly acknowledged: string[] = []
  readonly client: MqttClient
  /** What each attempt before the one that registered it ended with. */
  readonly failures: readonly string[]
  readonly #name: string
  readonly #topic: string
  #stopped = false
  #done = Promise.resolve()

  private constructor(client: MqttClient, device: { name: string; topic: string; failures: string[] }) {
    this.client = client
    this.failures = device.failures
    this.#name = device.name
    this.#topic = device.topic
  }

  static async commission(
    endpoints: readonly Endpoint[],
    product: Product,
    device: { name: string; mode: 'register' | 'regnwl' },
  ): Promise<FieldDevice> {
    const { productKey } = product
    const { name: deviceName, mode } = device
    const { issued, failures } = await registerSomewhere(endpoints, { ...product, deviceName, mode })
    const { deviceSecret, clientId = '', deviceToken = '' } = issued
    const login =
      deviceSecret === undefined
        ? tokenLoginConnect({ productKey, deviceName, clientId, deviceToken })
        : secretLoginConnect({ productKey, deviceName, deviceSecret })
    const { userName: username, ...rest } = login
    const topic = `/${productKey}/${deviceName}/user/update`
    return new FieldDevice(roamingClient(endpoints, { ...rest, username }), { name: deviceName, topic, failures })
  }

  /** Publishes until it is stopped. */
  start(): void {
    this.#done = this.#publish()
  }

  async #publish(): Promise<void> {
    for (let number = 0; !this.#stopped; number++) {
      const text = `${this.#name} ${number}`
      await this.client.publishAsync(this.#topic, text, { qos: 1 })
      this.acknowledged.push(text)
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }

  /** Publishes nothing new; resolves when its last message is acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
    this.client.end(true)
  }

  /** Ends at once, whatever is under way. */
  abandon(): void {
    this.#stopped = true
    this.#done.catch(() => undefined) // what was under way is given up
    this.client.end(true)
  }
}
