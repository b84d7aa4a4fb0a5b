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
  /** What the next handshake presents. */
  secureContext(): SecureContext
  observer: ArrivalObserver
}

export interface ArrivalObserver {
  handshakeDone(tlsVersion: string | null): void
  handshakeFailed(): void
  connectionOpened(transport: Transport): void
  gone(arrival: Arrival): void
}

const firstBytesLength = 32

/**
 * One accepted socket on its way to being a Connection: finds out by the first bytes what speaks, does TLS when it is
 * its turn, and looks again inside. All of that and the CONNECT have one time-out together.
 */
export class Arrival implements HandshakeCandidate, ConnectionOwner, SocketOwner, UpgradeOwner {
  /** Filled in as more becomes known; handed out when it is complete. */
  readonly peer: Peer
  readonly #context: ArrivalContext
  readonly #raw: Socket
  #tls: TLSSocket | undefined
  #phase: 'first-bytes' | 'handshake' | 'http' | 'mqtt' | 'gone' = 'first-bytes'
  /** First bytes that were too few to tell. */
  #undecided: Buffer | undefined
  #connection: Connection | undefined

  constructor(context: ArrivalContext, socket: Socket, address: string) {
    this.#context = context
    this.#raw = socket
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
    if (this.#phase !== 'handshake') this.#refuse('connect-timeout')
    else if (!this.#context.gate.isWaiting(this)) this.#refuse('tls-handshake-timeout')
    else this.#refuse('tls-handshake-timeout', { problem: 'it waited for its turn all the time: the server is busy' })
  }

  startHandshake(): void {
    const secureContext = this.#context.secureContext()
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
    const speaker = sniff(bytes)
    if (speaker === 'mqtt') this.#startMqtt(bytes)
    else if (speaker === 'need-more') this.#undecided = bytes
    else if (speaker === 'tls' && this.#tls === undefined) this.#queueHandshake(bytes)
    else if (speaker === 'http') this.#startHttp(bytes)
    else this.#refuse('not-mqtt', { firstBytes: bytes.subarray(0, firstBytesLength).toString('hex') })
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
    this.#undecided = undefined
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
