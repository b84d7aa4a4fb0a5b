import { connect as connectTcp, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import { ConnectionFailed, connectionFailure, isTls } from '@hatchway/device'
import { createWebSocketStream, WebSocket } from 'ws'
import { decode, encode, Framer, MalformedPacket, type Packet, type ProtocolLevel } from '../../mqtt/index.ts'

const MAX_PACKET_BYTES = 1_048_576
/** Packets that came before anybody asked for them: CONNACK and the push come together. */
const MAX_UNREAD_PACKETS = 64
const HANG_UP_LIMIT_MS = 2000
const MQTT_TLS_PORT = 8883
const MQTT_PORT = 1883

/** Where all devices of a fleet connect: the certificates to trust are read once for all of them. */
export interface Door {
  url: URL
  secureContext: SecureContext | undefined
  level: ProtocolLevel
  /** Limit of each: opening the connection, an answer. */
  timeoutMs: number
  /** Those that are open, or about to be. */
  lines: Set<DeviceLine>
}

/** Throws InvalidOption for a URL that is not MQTT's. */
export function doorTo(
  url: string,
  options: { ca?: string | readonly string[]; level: ProtocolLevel; timeoutMs: number },
): Door {
  const { ca, level, timeoutMs } = options
  const secureContext = isTls(url) ? createSecureContext(ca === undefined ? {} : { ca: [ca].flat() }) : undefined
  return { url: new URL(url), secureContext, level, timeoutMs, lines: new Set() }
}

interface Awaited {
  type: Packet['type']
  resolve: (packet: Packet) => void
}

/**
 * One connection of one simulated device, on this project's own MQTT codec: thousands of them have to fit into a process,
 * and wrong CONNECTs have to leave it as they are.
 */
export class DeviceLine {
  /** Resolves when the connection is closed, whoever closed it. */
  readonly closed: Promise<void>
  readonly #door: Door
  readonly #stream: Duplex
  readonly #framer = new Framer({ maxPacketSizeBytes: MAX_PACKET_BYTES })
  #unread: Packet[] = []
  #awaited: Awaited | undefined
  #listener: ((packet: Packet) => void) | undefined
  #failure: Error | undefined

  /** Resolves when the connection is open, TLS and WebSocket included. Rejects with ConnectionFailed. */
  static async open(door: Door): Promise<DeviceLine> {
    const { stream, opened } = openStream(door)
    const line = new DeviceLine(door, stream)
    await line.#within(door.timeoutMs, 'the connection did not open', opened)
    return line
  }

  private constructor(door: Door, stream: Duplex) {
    this.#door = door
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('error', error => {
      this.#failure = error
    })
    door.lines.add(this)
    this.closed = new Promise(resolve => {
      stream.once('close', () => {
        door.lines.delete(this)
        resolve()
      })
    })
  }

  send(packet: Packet): void {
    this.sendBytes(encode(packet, this.#door.level))
  }

  sendBytes(bytes: Buffer): void {
    if (this.#stream.writable) this.#stream.write(bytes)
  }

  /** The next packet, which has to be of this type. Rejects with ConnectionFailed when it does not come in time. */
  async expect<Type extends Packet['type']>(type: Type): Promise<Extract<Packet, { type: Type }>> {
    const answer = new Promise<Packet>(resolve => {
      const first = this.#unread.shift()
      this.#awaited = { type, resolve }
      if (first !== undefined) this.#deliver(first)
    })
    const packet = await this.#within(this.#door.timeoutMs, `no ${type.toUpperCase()} came`, answer)
    return packet as Extract<Packet, { type: Type }> // #deliver takes no other
  }

  /** From now on each packet goes there, those included that nobody asked for so far. */
  listen(listener: (packet: Packet) => void): void {
    this.#listener = listener
    for (const packet of this.#unread.splice(0)) listener(packet)
  }

  /** DISCONNECT and close; a peer that does not close its side is cut off. */
  async hangUp(): Promise<void> {
    this.send({ type: 'disconnect', reasonCode: 0 })
    this.#stream.end()
    const timer = setTimeout(() => this.cut(), HANG_UP_LIMIT_MS)
    await this.closed
    clearTimeout(timer)
  }

  cut(): void {
    this.#stream.destroy()
  }

  #read(chunk: Buffer): void {
    try {
      this.#framer.push(chunk)
      while (this.#framer.next()) this.#deliver(decode(this.#framer, this.#door.level))
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error
      this.#stream.destroy(
        new ConnectionFailed(`what the server sent is not MQTT: ${error.message}`, { retryable: true }),
      )
    }
  }

  #deliver(packet: Packet): void {
    const awaited = this.#awaited
    if (awaited !== undefined) {
      this.#awaited = undefined
      if (packet.type === awaited.type) awaited.resolve(packet)
      else this.#stream.destroy(notAsAwaited(packet, awaited))
    } else if (this.#listener !== undefined) this.#listener(packet)
    else if (this.#unread.push(packet) > MAX_UNREAD_PACKETS) this.cut()
  }

  async #within<Result>(timeoutMs: number, problem: string, wait: Promise<Result>): Promise<Result> {
    const late = new ConnectionFailed(`${problem} within ${timeoutMs / 1000} s`, { retryable: true })
    const timer = setTimeout(() => this.#stream.destroy(late), timeoutMs)
    const closed = this.closed.then(() => Promise.reject(this.#lost()))
    try {
      return await Promise.race([wait, closed])
    } finally {
      clearTimeout(timer)
    }
  }

  #lost(): Error {
    const failure = this.#failure
    if (failure instanceof ConnectionFailed) return failure
    if (failure !== undefined) return connectionFailure(this.#door.url.href, failure)
    return new ConnectionFailed('the server closed the connection without an answer', { retryable: true })
  }
}

function notAsAwaited(packet: Packet, { type }: Awaited): ConnectionFailed {
  const message = `the server sent ${packet.type.toUpperCase()} instead of ${type.toUpperCase()}`
  return new ConnectionFailed(message, { retryable: true })
}

function openStream({ url, secureContext, timeoutMs }: Door): { stream: Duplex; opened: Promise<void> } {
  const opened = Promise.withResolvers<void>()
  const onOpen = (): void => opened.resolve()
  if (url.protocol === 'ws:' || url.protocol === 'wss:') {
    const tls = secureContext === undefined ? {} : { secureContext }
    const socket = new WebSocket(url, ['mqtt'], { ...tls, handshakeTimeout: timeoutMs, perMessageDeflate: false })
    socket.once('open', onOpen)
    return { stream: createWebSocketStream(socket), opened: opened.promise }
  }
  // An address in brackets is one of IPv6.
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (secureContext === undefined ? MQTT_PORT : MQTT_TLS_PORT)
  if (secureContext === undefined) {
    return { stream: connectTcp({ host, port, noDelay: true }, onOpen), opened: opened.promise }
  }
  const name = isIP(host) === 0 ? { servername: host } : {}
  return { stream: connectTls({ host, port, secureContext, ...name }, onOpen).setNoDelay(true), opened: opened.promise }
}
