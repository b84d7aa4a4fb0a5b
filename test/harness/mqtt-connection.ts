import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import {
  type Connack,
  type Connect,
  decode,
  encode,
  Framer,
  type Packet,
  type ProtocolLevel,
} from '../../packages/server/src/mqtt/index.ts'

export type Transport = 'tcp' | 'tls' | 'ws' | 'wss'

export interface Endpoint {
  /** 127.0.0.1 if there is none. */
  host?: string
  port: number
  ca: string
}

const ANSWER_TIMEOUT_MS = 20_000

/** A connection that speaks MQTT packet by packet, with nothing done by itself: what a test sends is what goes out. */
export class MqttConnection {
  readonly #stream: Duplex
  readonly #framer = new Framer({ maxPacketSizeBytes: 1 << 20 })
  readonly #received: Packet[] = []
  /** Those who wait for a packet or the end, in the order in which they came. */
  #waiting: (() => void)[] = []
  #ended = false
  readonly level: ProtocolLevel
  /** Chunks as they came from the transport, for tests of what leaves in one write. */
  readonly chunks: Buffer[] = []
  /** Resolves when the server has closed, or the test has. */
  readonly closed: Promise<void>

  private constructor(stream: Duplex, level: ProtocolLevel) {
    this.#stream = stream
    this.level = level
    stream.on('data', (chunk: Buffer) => this.#onData(chunk))
    stream.on('error', () => {}) // a reset is one way of being closed; `closed` tells
    this.closed = new Promise(resolve => {
      const end = (): void => {
        this.#ended = true
        this.#wakeAll()
        resolve()
      }
      stream.once('close', end)
      stream.once('end', () => stream.destroy())
    })
  }

  static async open(
    endpoint: Endpoint,
    transport: Transport,
    options: { level?: ProtocolLevel; tls?: ConnectionOptions; subprotocol?: string } = {},
  ): Promise<MqttConnection> {
    const { level = 4 } = options
    const { host = '127.0.0.1' } = endpoint
    const tls = { host, port: endpoint.port, ca: endpoint.ca, servername: 'localhost', ...options.tls }
    if (transport === 'tcp') {
      const socket: Socket = connectTcp(endpoint.port, host)
      socket.setNoDelay(true)
      await once(socket, 'connect')
      return new MqttConnection(socket, level)
    }
    if (transport === 'tls') {
      const socket: TLSSocket = connectTls(tls)
      socket.setNoDelay(true)
      await once(socket, 'secureConnect')
      return new MqttConnection(socket, level)
    }
    const url = `${transport}://localhost:${endpoint.port}/mqtt`
    const webSocket = new WebSocket(url, options.subprotocol ?? 'mqtt', transport === 'wss' ? { ca: endpoint.ca } : {})
    await once(webSocket, 'open')
    return new MqttConnection(createWebSocketStream(webSocket), level)
  }

  send(packet: Packet): void {
    this.sendBytes(encode(packet, this.level))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes)
  }

  /** The next packet; rejects when the server closes or stays silent. */
  async next(): Promise<Packet> {
    const deadline = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
    for (;;) {
      const packet = this.#received.shift()
      if (packet !== undefined) return packet
      if (this.#ended) throw new Error('the server closed the connection')
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve)
        deadline.addEventListener('abort', () => reject(new Error('the server did not answer in time')), { once: true })
      })
    }
  }

  async expect<Type extends Packet['type']>(type: Type): Promise<Extract<Packet, { type: Type }>> {
    const packet = await this.next()
    if (packet.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(packet)}`)
    return packet as Extract<Packet, { type: Type }>
  }

  /** What came and was not taken, up to the answer to a PINGREQ: proves silence without sleeping. */
  async untilPingresp(): Promise<Packet[]> {
    this.send({ type: 'pingreq' })
    const before: Packet[] = []
    for (;;) {
      const packet = await this.next()
      if (packet.type === 'pingresp') return before
      before.push(packet)
    }
  }

  async connect(connect: Partial<Connect>): Promise<Connack> {
    this.send(connectPacket({ protocolLevel: this.level, ...connect }))
    return this.expect('connack')
  }

  /** Reads nothing more, until `resume`. */
  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  #wakeAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  #onData(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.#framer.push(chunk)
    while (this.#framer.next()) this.#received.push(decode(this.#framer, this.level))
    this.#wakeAll()
  }
}

export function connectPacket(connect: Partial<Connect>): Connect {
  return { type: 'connect', protocolLevel: 4, cleanStart: true, keepAliveSeconds: 60, clientId: '', ...connect }
}
