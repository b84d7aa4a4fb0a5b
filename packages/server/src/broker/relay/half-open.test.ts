import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import {
  type Connect,
  decode,
  encode,
  encodeConnack,
  Framer,
  type Packet,
  type ProtocolLevel,
} from '../../mqtt/index.ts'
import { FakeLink } from '../embedded/fake-client.suite.ts'
import type { Attachment, BrokerIncident, Identity } from '../port.ts'
import { createRelayBroker, type RelayBroker } from './broker.ts'

/** How long a busy machine may take. */
const patienceMs = 20_000

/** One host of a cluster, that answers or only takes what comes. */
class Cluster {
  answers = true
  /** Packets of clients other than the gateway itself. */
  readonly heard: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => this.#serve(socket))
  }

  static async start(): Promise<Cluster> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Cluster(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {}) // the gateway hangs up as it likes
    const framer = new Framer({ maxPacketSizeBytes: 1 << 20 })
    let level: ProtocolLevel = 4
    let isGateway = false
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk)
      while (framer.next()) {
        const packet = decode(framer, level)
        if (packet.type === 'connect') {
          level = packet.protocolLevel
          isGateway = packet.clientId.startsWith('hatchway-')
          socket.write(encodeConnack({ type: 'connack', sessionPresent: false, reasonCode: 0 }, level))
        } else if (!isGateway) this.heard.push(packet.type)
        if (packet.type === 'pingreq' && (this.answers || isGateway)) socket.write(encode({ type: 'pingresp' }, level))
      }
    })
  }
}

const identity: Identity = { kind: 'device', sessionId: 'pk/dn', productKey: 'pk', deviceName: 'dn', clientId: null }
const connect = (protocolLevel: ProtocolLevel): Connect => ({
  ...{ type: 'connect', protocolLevel, cleanStart: true, keepAliveSeconds: 0, clientId: 'c' },
})
const message = (level: ProtocolLevel): Buffer =>
  encode(
    {
      ...{ type: 'publish', topic: '/pk/dn/user/update', payload: Buffer.from('x') },
      ...{ qos: 0, retain: false, dup: false },
    },
    level,
  )

interface Rig {
  readonly cluster: Cluster
  readonly link: FakeLink
  readonly client: Attachment
  readonly incidents: BrokerIncident[]
  /** What the client has been sent. */
  received(): Packet[]
}

const open: { cluster: Cluster; broker: RelayBroker }[] = []
afterEach(async () => {
  for (const { cluster, broker } of open.splice(0)) {
    const closed = broker.close(100)
    cluster.close()
    await closed
  }
})

/** A client that is logged in. Sweeps come fast, so that a stall is short. */
async function rigOf(level: ProtocolLevel, stallMs = 100): Promise<Rig> {
  const cluster = await Cluster.start()
  const log = { info: () => {}, warn: () => {} }
  const broker = createRelayBroker({
    address: { isTls: false, userName: 'u', password: 'p', hosts: [{ host: '127.0.0.1', port: cluster.port }] },
    ...{ connectTimeoutMs: 5000, stallMs, limits: { sweepMs: 5 }, now: Date.now, log },
    onError: error => expect.fail(String(error)),
  })
  open.push({ cluster, broker })
  await broker.start()
  const incidents: BrokerIncident[] = []
  broker.onIncident(incident => incidents.push(incident))
  const link = new FakeLink()
  const request = { identity, connect: connect(level), link, keepAliveSeconds: 0, keepAliveChanged: false }
  const client = broker.attach({ ...request, serverSubscriptions: [] })
  const packets: Packet[] = []
  const received = (): Packet[] => {
    packets.push(...link.take(level))
    return packets
  }
  await vi.waitFor(() => expect(received()).toMatchObject([{ type: 'connack', reasonCode: 0 }]), patienceMs)
  return { cluster, link, client, incidents, received }
}

it.each([4, 5] as const)('a cluster that takes all and answers nothing is noticed (MQTT level %i)', async level => {
  const { cluster, link, client, incidents, received } = await rigOf(level)
  cluster.answers = false
  client.receive(message(level))
  await vi.waitFor(() => expect(link.hasEnded).toBe(true), patienceMs)
  expect(cluster.heard).toEqual(['publish', 'pingreq'])
  expect(incidents).toMatchObject([
    { reason: 'upstream-lost', problem: expect.stringContaining('it sent nothing for') },
  ])
  const farewell = level === 5 ? [{ type: 'disconnect', reasonCode: 0x8b }] : []
  expect(received().slice(1)).toMatchObject(farewell)
})

it.each([4, 5] as const)(
  'a cluster that only has nothing to say is asked, and the client hears nothing of it (MQTT level %i)',
  async level => {
    const { cluster, link, client, received } = await rigOf(level)
    for (const times of [1, 2]) {
      client.receive(message(level))
      await vi.waitFor(() => expect(cluster.heard.filter(type => type === 'pingreq')).toHaveLength(times), patienceMs)
    }
    client.receive(encode({ type: 'pingreq' }, level))
    await vi.waitFor(() => expect(received().slice(1)).toEqual([{ type: 'pingresp' }]), patienceMs)
    expect(link.hasEnded).toBe(false)
  },
)
