import { secretLoginConnect } from '@hatchway/protocol'
import { afterEach, expect } from 'vitest'
import type { Connack, Connect, Packet, ProtocolLevel, Publish } from '../../packages/server/src/mqtt/index.ts'
import { eventually, type Reply } from '../harness/hatchway.ts'
import { MqttConnection } from '../harness/mqtt-connection.ts'
import type { ServedMqtt } from '../mqtt/served-mqtt.ts'

const deviceSecret = '0123456789abcdef0123456789abcdef'

/** Whom the devices belong to. */
export type DeviceServer = Pick<ServedMqtt, 'hatchway' | 'productKey' | 'unique'>

export interface DeviceOptions extends Partial<Connect> {
  level?: ProtocolLevel
  serverSubscribe?: boolean
}

/** Devices of a server that relays; they end with the test. */
export class RelayedDevices {
  readonly #served: DeviceServer
  readonly #opened: MqttConnection[] = []

  constructor(served: DeviceServer) {
    this.#served = served
  }

  /** For the tests of a whole file. */
  static ofFile(served: DeviceServer): RelayedDevices {
    const devices = new RelayedDevices(served)
    afterEach(() => devices.end())
    return devices
  }

  async end(): Promise<void> {
    const opened = this.#opened.splice(0)
    for (const connection of opened) connection.destroy()
    await Promise.all(opened.map(({ closed }) => closed))
  }

  /** A device that nobody else uses. */
  async create(prefix = 'dev-'): Promise<string> {
    const name = this.#served.unique(prefix).padEnd(4, '0')
    await this.#served.hatchway.createDevice(this.#served.productKey, name, deviceSecret)
    return name
  }

  /** One login, with whatever answer it gets. */
  async tryConnect(
    deviceName: string,
    options: DeviceOptions = {},
  ): Promise<{ client: MqttConnection; connack: Connack }> {
    const { level = 4, serverSubscribe = false, ...connect } = options
    const { productKey, hatchway } = this.#served
    const login = secretLoginConnect({ productKey, deviceName, deviceSecret, serverSubscribe })
    const client = await MqttConnection.open(hatchway.endpoint, 'tls', { level })
    this.#opened.push(client)
    const { clientId, userName } = login
    const connack = await client.connect({ clientId, userName, password: Buffer.from(login.password), ...connect })
    return { client, connack }
  }

  async connect(deviceName: string, options: DeviceOptions = {}): Promise<MqttConnection> {
    const { client, connack } = await this.tryConnect(deviceName, options)
    expect(connack.reasonCode).toBe(0)
    return client
  }

  async status(deviceName: string, status: string): Promise<void> {
    const { hatchway, productKey } = this.#served
    await eventually(async () => (await hatchway.device(productKey, deviceName)).status === status)
  }

  /** The journal's newest entry on a device with this reason. */
  journal(deviceName: string, reason: string): Promise<Reply['body']> {
    const { hatchway, productKey } = this.#served
    return hatchway.journalEntry({ productKey, deviceName, reason })
  }
}

/** The next message, and its acknowledgement if it is to be acknowledged. */
export async function nextMessage(client: MqttConnection): Promise<Publish> {
  const packet = await client.expect('publish')
  const { qos, packetId = 0 } = packet
  if (qos === 1) client.send({ type: 'puback', packetId, reasonCode: 0 })
  if (qos === 2) {
    client.send({ type: 'pubrec', packetId, reasonCode: 0 })
    await client.expect('pubrel')
    client.send({ type: 'pubcomp', packetId, reasonCode: 0 })
  }
  return packet
}

export const textOf = ({ topic, payload, qos }: Publish): string => `${topic} ${payload} ${qos}`

/** Packets up to the end of the connection. */
export async function lastPackets(client: MqttConnection): Promise<Packet[]> {
  await client.closed
  const packets: Packet[] = []
  for (;;) {
    const packet = await client.next().catch(() => undefined)
    if (packet === undefined) return packets
    packets.push(packet)
  }
}
