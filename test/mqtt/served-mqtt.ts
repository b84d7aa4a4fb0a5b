import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Connack, Connect, Packet, Publish, Qos, Subscription } from '../../packages/server/src/mqtt/index.ts'
import { Hatchway, type Product } from '../harness/hatchway.ts'
import { connectPacket, MqttConnection, type Transport } from '../harness/mqtt-connection.ts'

export type Level = 4 | 5

/** The versions whose statements the tests hold. */
export const LEVELS = [4, 5] as const

/** A client that is logged in, and what it was told then. */
export interface Client extends MqttConnection {
  readonly connack: Connack
}

/**
 * The whole server for the tests of one file. Clients are applications over TLS, since their topics are free below
 * `/{productKey}/`; they end with the test.
 */
export class ServedMqtt {
  readonly #opened: MqttConnection[] = []
  #hatchway: Hatchway | undefined
  #product: Product = { productKey: '', productSecret: '' }
  #key = { id: '', secret: '' }
  #limitedKey = { id: '', secret: '' }
  #count = 0

  /** `flags` may have to wait for something that they name. */
  constructor(flags: Record<string, unknown> | (() => Promise<Record<string, unknown>>) = {}) {
    beforeAll(async () => {
      this.#hatchway = await Hatchway.start(typeof flags === 'function' ? await flags() : flags)
      this.#product = await this.hatchway.createProduct()
      this.#key = await this.#newKey({})
      this.#limitedKey = await this.#newKey({ products: [this.productKey] })
    })
    afterEach(async () => {
      const opened = this.#opened.splice(0)
      for (const connection of opened) connection.destroy()
      await Promise.all(opened.map(({ closed }) => closed))
    })
    afterAll(() => this.#hatchway?.close())
  }

  get hatchway(): Hatchway {
    if (this.#hatchway === undefined) throw new Error('the server is there from beforeAll on')
    return this.#hatchway
  }

  get productKey(): string {
    return this.#product.productKey
  }

  get product(): Product {
    return this.#product
  }

  /** A name that no other test uses. */
  unique(prefix = 'c'): string {
    return `${prefix}${++this.#count}`
  }

  /** A topic that no other test uses. */
  topic(prefix = 't'): string {
    return `/${this.productKey}/${this.unique(prefix)}`
  }

  async open(level: Level, transport: Transport = 'tls'): Promise<MqttConnection> {
    const connection = await MqttConnection.open(this.hatchway.endpoint, transport, { level })
    this.#opened.push(connection)
    return connection
  }

  /** A CONNECT that is let in; `limited` = its key covers the one product only. */
  connect(level: Level, connect: Partial<Connect> & { limited?: boolean } = {}): Connect {
    const { limited = false, ...rest } = connect
    const { id, secret } = limited ? this.#limitedKey : this.#key
    const credentials = { userName: id, password: Buffer.from(secret) }
    return connectPacket({ protocolLevel: level, clientId: this.unique('client'), ...credentials, ...rest })
  }

  async client(level: Level, connect: Partial<Connect> & { limited?: boolean } = {}): Promise<Client> {
    const connection = await this.open(level)
    const connack = await connection.connect(this.connect(level, connect))
    expect(connack.reasonCode).toBe(0)
    return Object.assign(connection, { connack })
  }

  /** A client with one subscription. */
  async subscriber(level: Level, filter: string, qos: Qos = 2, connect: Partial<Connect> = {}): Promise<Client> {
    const subscribed = await this.client(level, connect)
    expect(await subscribe(subscribed, { filter, qos })).toEqual([qos])
    return subscribed
  }

  async #newKey(settings: Record<string, unknown>): Promise<{ id: string; secret: string }> {
    const { status, body } = await this.hatchway.api('POST', '/keys', { name: 'app', role: 'application', ...settings })
    expect(status).toBe(201)
    return body
  }
}

const plain = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
export type PartialSubscription = Partial<Subscription> & { filter: string }

export function subscribePacket(
  packetId: number,
  subscriptions: readonly PartialSubscription[],
  subscriptionIdentifier?: number,
): Packet {
  const packet = {
    type: 'subscribe',
    packetId,
    subscriptions: subscriptions.map(one => ({ ...plain, ...one })),
  } as const
  return subscriptionIdentifier === undefined ? packet : { ...packet, properties: { subscriptionIdentifier } }
}

/** Subscribes and gives the codes of the SUBACK. */
export async function subscribe(
  connection: MqttConnection,
  subscription: PartialSubscription,
  subscriptionIdentifier?: number,
): Promise<readonly number[]> {
  connection.send(subscribePacket(1, [subscription], subscriptionIdentifier))
  return (await connection.expect('suback')).reasonCodes
}

export function publishPacket(topic: string, payload: string, rest: Partial<Publish> = {}): Publish {
  const packet = { type: 'publish', topic, payload: Buffer.from(payload), qos: 0, retain: false, dup: false } as const
  return { ...packet, ...((rest.qos ?? 0) > 0 ? { packetId: 1 } : {}), ...rest }
}

/** Publishes to the end of the flow of its QoS. */
export async function publish(
  connection: MqttConnection,
  topic: string,
  payload: string,
  rest: Partial<Publish> = {},
): Promise<void> {
  const packet = publishPacket(topic, payload, rest)
  const { qos, packetId = 0 } = packet
  connection.send(packet)
  if (qos === 0) await connection.untilPingresp()
  if (qos === 1) await connection.expect('puback')
  if (qos < 2) return
  await connection.expect('pubrec')
  connection.send({ type: 'pubrel', packetId, reasonCode: 0 })
  await connection.expect('pubcomp')
}

/** What was sent to a client up to the answer to its PINGREQ: payloads of messages, types of other packets. */
export async function received(connection: MqttConnection): Promise<string[]> {
  const packets = await connection.untilPingresp()
  return packets.map(packet => (packet.type === 'publish' ? packet.payload.toString() : packet.type))
}

/** All packets until the server closes. */
export async function untilClosed(connection: MqttConnection): Promise<Packet[]> {
  await connection.closed
  const packets: Packet[] = []
  for (;;) {
    const packet = await connection.next().catch(() => undefined)
    if (packet === undefined) return packets
    packets.push(packet)
  }
}
