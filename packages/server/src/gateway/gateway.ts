import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { ReasonCode } from '@hatchway/protocol'
import type { Broker, Link } from '../broker/port.ts'
import type { Onboarding } from '../onboarding/admission.ts'
import type { Journal } from '../registry/registry.ts'
import type { JournalDetail, NewJournalEntry, Transport } from '../registry/types.ts'
import { Arrival, type ArrivalContext, type ArrivalObserver } from './arrival.ts'
import type { Certificates } from './certificates/index.ts'
import type { Connection } from './connection.ts'
import { ConnectionLimits } from './connection-limits.ts'
import { Deadlines } from './deadlines.ts'
import type { GatewayLog } from './gateway-log.ts'
import { HandshakeGate } from './handshake-gate.ts'
import { gatewayEntry } from './journal-entry.ts'
import { Listener, type ListenerAddress } from './listener.ts'
import { addressMatcher, plainAddress } from './peer-address.ts'
import type { GatewaySettings } from './settings.ts'
import { TlsContexts } from './tls-contexts.ts'
import { WebSocketUpgrades } from './websocket-upgrades.ts'
import { WriteTurn } from './write-turn.ts'

export interface GatewayParts {
  settings: GatewaySettings
  onboarding: Onboarding
  broker: Pick<Broker, 'attach'>
  journal: Journal
  certificates: Certificates
  /** Gateways that have the same one resume each other's TLS sessions; without it, nobody else's. */
  ticketSecret?: Uint8Array
  clock: { now(): number }
  log: GatewayLog
  /** Whether clients are connected by way of other processes of this server. */
  hasClientsElsewhere?: () => boolean
}

export interface GatewayStats {
  /** Open MQTT connections by transport, and sockets that have not got that far. */
  connections: Record<'tcp' | 'tls' | 'ws' | 'wss' | 'arriving', number>
  handshakes: { waiting: number; inFlight: number; maxInFlight: number; done: number; failed: number }
  /** Finished handshakes by version, since the start. */
  tlsVersions: Record<string, number>
  /** Sockets accepted, since the start. */
  accepted: number
  /** Connections that ended here and not in onboarding or the broker, by reason, since the start. */
  rejected: Record<string, number>
}

export interface Gateway {
  /** Opens all ports, or none: throws ListenError. */
  listen(): Promise<readonly ListenerAddress[]>
  readonly addresses: readonly ListenerAddress[]
  /** From the next handshake on; open connections go on. Throws if OpenSSL refuses them. */
  reloadCertificates(certificates: Certificates): void
  stats(): GatewayStats
  /** Accepts no more and turns away handshakes that wait; answers under way are finished. */
  drain(): void
  /** Resolves when every CONNECT that had arrived or was just arriving is answered, or the time is over. */
  settled(timeoutMs: number): Promise<void>
  /** Ends all connections, and cuts them when the time is over. Resolves when nothing is left open. */
  close(timeoutMs: number): Promise<void>
}

const arrivingGraceMs = 1000
const settledPollMs = 10
const ticketSecretSizeBytes = 32

export function createGateway(parts: GatewayParts): Gateway {
  return new SocketGateway(parts)
}

class SocketGateway implements Gateway, ArrivalObserver {
  readonly #parts: GatewayParts
  readonly #limits: ConnectionLimits
  readonly #gate: HandshakeGate
  readonly #arrivals = new Set<Arrival>()
  /** Those whose proxy has not told their address. */
  readonly #nameless = new Set<Arrival>()
  readonly #isTrustedProxy: (address: string) => boolean
  readonly #context: ArrivalContext
  readonly #tls: TlsContexts
  readonly #connecting: Deadlines<Arrival>
  readonly #admitting: Deadlines<Connection>
  readonly #deadlines: readonly { close(): void }[]
  readonly #rejected: Record<string, number> = {}
  readonly #connections = { tcp: 0, tls: 0, ws: 0, wss: 0 }
  readonly #tlsVersions: Record<string, number> = {}
  #listeners: Listener[] = []
  #addresses: readonly ListenerAddress[] = []
  #handshakesDone = 0
  #handshakesFailed = 0
  #accepted = 0
  #draining = false
  #whenEmpty: (() => void) | undefined

  constructor(parts: GatewayParts) {
    this.#parts = parts
    const { settings } = parts
    this.#limits = new ConnectionLimits(settings)
    this.#isTrustedProxy = addressMatcher(settings.proxyProtocolTrusted)
    this.#gate = new HandshakeGate({
      maxWaiting: settings.maxWaitingHandshakes,
      coreShare: settings.coreShare,
      isGuarded: () => this.#context.connections.attached.count > 0 || parts.hasClientsElsewhere?.() === true,
    })
    const { certificates, ticketSecret = randomBytes(ticketSecretSizeBytes) } = parts
    const tls = { pairs: certificates.pairs, legacyCiphers: settings.legacyCiphers, ticketSecret }
    this.#tls = new TlsContexts({ ...tls, clock: parts.clock })
    const closing = new Deadlines<Link>(settings.closeTimeoutMs, link => link.destroy())
    const admitting = new Deadlines<Connection>(settings.admissionTimeoutMs, c => c.admissionTimedOut())
    const registered = new Deadlines<Connection>(settings.registrationTimeoutMs, c => c.registrationTimedOut())
    const connecting = new Deadlines<Arrival>(settings.connectTimeoutMs, arrival => arrival.expire())
    this.#connecting = connecting
    this.#admitting = admitting
    this.#deadlines = [closing, admitting, registered, connecting]
    const { onboarding, broker, clock, log } = parts
    const journal = { record: (entry: NewJournalEntry) => this.#record(entry) }
    const links = { turn: new WriteTurn(), closing }
    this.#context = {
      connections: { onboarding, broker, journal, clock, log, admitting, registered, attached: { count: 0 } },
      links,
      gate: this.#gate,
      webSockets: new WebSocketUpgrades({ maxMessageBytes: settings.maxWebSocketMessageBytes, links }),
      connecting,
      secureContext: hello => this.#tls.contextFor(hello),
      observer: this,
    }
  }

  get addresses(): readonly ListenerAddress[] {
    return this.#addresses
  }

  async listen(): Promise<readonly ListenerAddress[]> {
    const { host, ports, proxyProtocolPorts } = this.#parts.settings
    const addresses: ListenerAddress[] = []
    try {
      for (const port of ports) {
        const begin = proxyProtocolPorts.includes(port) ? 'proxy-header' : 'first-bytes'
        const listener = new Listener(
          socket => this.#accept(socket, begin),
          error => this.#parts.log.warn({ err: error }, 'a connection could not be accepted'),
        )
        addresses.push(await listener.listen(host, port))
        this.#listeners.push(listener)
      }
    } catch (error) {
      this.drain()
      throw error
    }
    this.#addresses = addresses
    return addresses
  }

  reloadCertificates(certificates: Certificates): void {
    this.#tls.reload(certificates.pairs)
  }

  stats(): GatewayStats {
    const { tcp, tls, ws, wss } = this.#connections
    const { waiting, inFlight, maxInFlight } = this.#gate
    return {
      connections: { tcp, tls, ws, wss, arriving: this.#arrivals.size - tcp - tls - ws - wss },
      handshakes: { waiting, inFlight, maxInFlight, done: this.#handshakesDone, failed: this.#handshakesFailed },
      tlsVersions: { ...this.#tlsVersions },
      accepted: this.#accepted,
      rejected: { ...this.#rejected },
    }
  }

  drain(): void {
    this.#draining = true
    for (const listener of this.#listeners) listener.stop()
    for (const arrival of this.#arrivals) if (this.#gate.isWaiting(arrival)) arrival.destroy()
  }

  async settled(timeoutMs: number): Promise<void> {
    const startedAt = performance.now()
    const elapsed = (): number => performance.now() - startedAt
    // A device that is about to send its CONNECT does so within a moment; a silent peer is not waited for.
    const unsettled = (): boolean =>
      this.#admitting.size > 0 || (this.#connecting.size > 0 && elapsed() < arrivingGraceMs)
    while (unsettled() && elapsed() < timeoutMs) await setTimeout(settledPollMs)
  }

  async close(timeoutMs: number): Promise<void> {
    this.drain()
    for (const arrival of this.#arrivals) arrival.end()
    const timer = globalThis.setTimeout(() => {
      for (const arrival of this.#arrivals) arrival.destroy()
    }, timeoutMs)
    await new Promise<void>(resolve => {
      this.#whenEmpty = resolve
      if (this.#arrivals.size === 0) resolve()
    })
    clearTimeout(timer)
    await Promise.all(this.#listeners.map(listener => listener.closed()))
    this.#listeners = []
    this.#gate.close()
    for (const deadlines of this.#deadlines) deadlines.close()
  }

  named(arrival: Arrival): string | undefined {
    const limit = this.#limits.name(arrival.address)
    if (limit !== 'ok') return this.#problemOf(limit)
    this.#nameless.delete(arrival)
    return undefined
  }

  handshakeDone(tlsVersion: string | null): void {
    this.#handshakesDone += 1
    const version = tlsVersion ?? 'unknown'
    this.#tlsVersions[version] = (this.#tlsVersions[version] ?? 0) + 1
  }

  handshakeFailed(): void {
    this.#handshakesFailed += 1
  }

  connectionOpened(transport: Transport): void {
    this.#count(transport, 1)
  }

  gone(arrival: Arrival): void {
    if (!this.#arrivals.delete(arrival)) return
    if (this.#nameless.delete(arrival)) this.#limits.leaveNameless()
    else this.#limits.leave(arrival.address)
    if (arrival.transport !== undefined) this.#count(arrival.transport, -1)
    if (this.#arrivals.size === 0) this.#whenEmpty?.()
  }

  #count(transport: Transport, change: 1 | -1): void {
    if (transport !== 'http' && transport !== 'https') this.#connections[transport] += change
  }

  #record(entry: NewJournalEntry): void {
    this.#rejected[entry.reason] = (this.#rejected[entry.reason] ?? 0) + 1
    this.#parts.journal.record(entry)
  }

  #accept(socket: Socket, begin: 'proxy-header' | 'first-bytes'): void {
    this.#accepted += 1
    const { remoteAddress } = socket
    // Gone before we came to it, or accepted by the kernel just before the port was closed.
    if (remoteAddress === undefined || this.#draining) {
      socket.destroy()
      return
    }
    const address = plainAddress(remoteAddress)
    const hasHeader = begin === 'proxy-header'
    if (hasHeader && !this.#isTrustedProxy(address)) {
      this.#turnAway(socket, address, 'proxy-address-untrusted')
      return
    }
    const entered = hasHeader ? this.#limits.enterNameless() : this.#limits.enter(address)
    if (entered !== 'ok') {
      this.#turnAway(socket, address, 'too-many-connections', { problem: this.#problemOf(entered) })
      return
    }
    const arrival = new Arrival(this.#context, socket, address, begin)
    this.#arrivals.add(arrival)
    if (hasHeader) this.#nameless.add(arrival)
  }

  #problemOf(limit: 'total' | 'address'): string {
    const { maxConnections, maxConnectionsPerAddress } = this.#parts.settings
    return limit === 'total'
      ? `all ${maxConnections} connections are in use`
      : `${maxConnectionsPerAddress} connections from this address are open`
  }

  #turnAway(socket: Socket, address: string, reason: ReasonCode, detail?: JournalDetail): void {
    const peer = { address, transport: 'tcp', tlsVersion: null, tlsCipher: null } as const
    this.#record(gatewayEntry(this.#parts.clock.now(), peer, reason, detail))
    socket.destroy()
  }
}
