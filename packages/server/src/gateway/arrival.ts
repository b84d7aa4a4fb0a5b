import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { ReasonCode } from '@hatchway/protocol'
import type { Peer } from '../onboarding/admission.ts'
import type { JournalDetail, Transport } from '../registry/types.ts'
import { Connection, type ConnectionContext, type ConnectionOwner } from './connection.ts'
import type { Deadlines } from './deadlines.ts'
import type { GatewayLink, LinkContext, LinkPeer } from './gateway-link.ts'
import type { HandshakeCandidate, HandshakeGate } from './handshake-gate.ts'
import { gatewayEntry } from './journal-entry.ts'
import { readProxyHeader } from './proxy-header.ts'
import { sniff } from './sniff.ts'
import { SocketLink } from './socket-link.ts'
import { own, putBack, read, type SocketOwner } from './socket-owner.ts'
import { peerHungUp, tlsProblem } from './tls-problem.ts'
import type { UpgradeOwner, WebSocketUpgrades } from './websocket-upgrades.ts'

/** What all arrivals of a gateway share. */
export interface ArrivalContext {
  connections: ConnectionContext
  links: LinkContext
  gate: HandshakeGate
  webSockets: WebSocketUpgrades
  /** From accepting to a whole CONNECT. */
  connecting: Deadlines<Arrival>
  /** What the handshake presents that begins with these bytes. */
  secureContext(hello: Buffer): SecureContext
  observer: ArrivalObserver
}

export interface ArrivalObserver {
  /** The arrival's own address was told by its proxy: says why there is no room for it, if so. */
  named(arrival: Arrival): string | undefined
  handshakeDone(tlsVersion: string | null): void
  handshakeFailed(): void
  connectionOpened(transport: Transport): void
  gone(arrival: Arrival): void
}

const firstBytesLength = 32
const nothing = Buffer.of()
const shown = (bytes: Buffer): string => bytes.subarray(0, firstBytesLength).toString('hex')

/**
 * One accepted socket on its way to being a Connection: takes the header of a proxy where one comes first, finds out by
 * the first bytes what speaks, does TLS when it is its turn, and looks again inside. All of that and the CONNECT have
 * one time-out together.
 */
export class Arrival implements HandshakeCandidate, ConnectionOwner, SocketOwner, UpgradeOwner {
  /** Filled in as more becomes known; handed out when it is complete. */
  readonly peer: Peer
  readonly #context: ArrivalContext
  readonly #raw: Socket
  #tls: TLSSocket | undefined
  #phase: 'proxy-header' | 'first-bytes' | 'handshake' | 'http' | 'mqtt' | 'gone'
  /** First bytes that were too few to tell, or those of a handshake that waits for its turn. */
  #undecided: Buffer | undefined
  #connection: Connection | undefined

  /** `address` is the socket's; behind a proxy, the device's own replaces it. */
  constructor(context: ArrivalContext, socket: Socket, address: string, begin: 'proxy-header' | 'first-bytes') {
    this.#context = context
    this.#raw = socket
    this.#phase = begin
    this.peer = { address, transport: 'tcp', tlsVersion: null, tlsCipher: null }
    context.connecting.add(this)
    own(socket, this)
  }

  get address(): string {
    return this.peer.address
  }

  get webSocketPeer(): LinkPeer {
    return { address: this.address, transport: this.#tls === undefined ? 'ws' : 'wss' }
  }

  /** undefined until an MQTT connection has begun. */
  get transport(): Transport | undefined {
    return this.#connection === undefined ? undefined : this.peer.transport
  }

  connectArrived(): void {
    this.#context.connecting.remove(this)
  }

  /** No whole CONNECT in time. */
  expire(): void {
    if (this.#phase === 'proxy-header')
      this.#refuse('connect-timeout', { problem: 'no whole PROXY protocol header arrived' })
    else if (this.#phase !== 'handshake') this.#refuse('connect-timeout')
    else if (!this.#context.gate.isWaiting(this)) this.#refuse('tls-handshake-timeout')
    else this.#refuse('tls-handshake-timeout', { problem: 'it waited for its turn all the time: the server is busy' })
  }

  startHandshake(): void {
    const secureContext = this.#context.secureContext(this.#undecided ?? nothing)
    this.#undecided = undefined
    // Not through a tls.Server: that doesn't say which accepted socket a finished or failed handshake belongs to,
    // and runs a timer for each.
    const socket = new TLSSocket(this.#raw, { isServer: true, secureContext })
    this.#tls = socket
    socket.on('error', error => this.#handshakeError(error))
    socket.on('close', () => this.#raw.destroy())
    socket.once('secure', () => this.#secure(socket))
  }

  /** From a WebSocket upgrade. */
  open(link: GatewayLink): Connection {
    this.#phase = 'mqtt'
    this.peer.transport = link.transport
    const connection = new Connection(this.#context.connections, this, link)
    this.#connection = connection
    this.#context.observer.connectionOpened(this.peer.transport)
    return connection
  }

  journal(reason: ReasonCode, detail?: JournalDetail): void {
    const { connections } = this.#context
    connections.journal.record(gatewayEntry(connections.clock.now(), this.peer, reason, detail))
  }

  /** Ends what is still on its way in; a connection that has its CONNECT sends what is under way. */
  end(): void {
    if (this.#connection === undefined) this.#raw.destroy()
    else this.#connection.end()
  }

  destroy(): void {
    this.#connection?.discard()
    this.#raw.destroy()
  }

  /** Bytes of either layer. */
  receive(chunk: Buffer): void {
    if (this.#connection !== undefined) {
      this.#connection.receive(chunk)
      return
    }
    const bytes = this.#undecided === undefined ? chunk : Buffer.concat([this.#undecided, chunk])
    if (this.#phase === 'proxy-header') {
      this.#readProxyHeader(bytes)
      return
    }
    const speaker = sniff(bytes)
    if (speaker === 'mqtt') this.#startMqtt(bytes)
    else if (speaker === 'need-more') this.#undecided = bytes
    else if (speaker === 'tls' && this.#tls === undefined) this.#queueHandshake(bytes)
    else if (speaker === 'http') this.#startHttp(bytes)
    else this.#refuse('not-mqtt', { firstBytes: shown(bytes) })
  }

  #readProxyHeader(bytes: Buffer): void {
    const header = readProxyHeader(bytes)
    if (header.kind === 'need-more') {
      this.#undecided = bytes
      return
    }
    if (header.kind === 'malformed') {
      this.#refuse('proxy-header-malformed', { problem: header.problem, firstBytes: shown(bytes) })
      return
    }
    this.#phase = 'first-bytes'
    this.#undecided = undefined
    if (header.address !== null) this.peer.address = header.address
    const problem = this.#context.observer.named(this)
    if (problem !== undefined) this.#refuse('too-many-connections', { problem })
    else if (header.sizeBytes < bytes.length) this.receive(bytes.subarray(header.sizeBytes))
  }

  #startMqtt(bytes: Buffer): void {
    const link = new SocketLink(this.#tls ?? this.#raw, this.peer, this.#context.links)
    this.#phase = 'mqtt'
    this.#undecided = undefined
    this.#connection = new Connection(this.#context.connections, this, link)
    this.#context.observer.connectionOpened(this.peer.transport)
    this.#connection.receive(bytes)
  }

  #startHttp(bytes: Buffer): void {
    const socket = this.#tls ?? this.#raw
    this.#phase = 'http'
    this.#undecided = undefined
    putBack(socket, bytes)
    this.#context.webSockets.take(socket, this)
  }

  #queueHandshake(bytes: Buffer): void {
    this.#phase = 'handshake'
    this.peer.transport = 'tls'
    this.#undecided = bytes
    putBack(this.#raw, bytes)
    if (this.#context.gate.enter(this)) return
    this.#refuse('handshake-queue-full')
  }

  #secure(socket: TLSSocket): void {
    this.#context.gate.leave(this)
    this.peer.tlsVersion = socket.getProtocol()
    this.peer.tlsCipher = socket.getCipher().name
    this.#phase = 'first-bytes'
    this.#context.observer.handshakeDone(this.peer.tlsVersion)
    read(socket, this)
  }

  #handshakeError(error: Error): void {
    if (this.#phase === 'handshake') this.#handshakeFailed(tlsProblem(error))
  }

  #handshakeFailed(problem: string): void {
    this.#context.observer.handshakeFailed()
    this.#refuse('tls-handshake-failed', { problem })
  }

  #refuse(reason: ReasonCode, detail?: JournalDetail): void {
    if (this.#phase === 'gone') return
    this.journal(reason, detail)
    this.#leave()
    this.destroy()
  }

  socketClosed(): void {
    if (this.#phase === 'handshake' && this.#tls !== undefined) this.#handshakeFailed(peerHungUp)
    this.#leave()
    this.#connection?.closed()
    this.#context.observer.gone(this)
  }

  #leave(): void {
    this.#phase = 'gone'
    this.#context.connecting.remove(this)
    this.#context.gate.leave(this)
  }
}
