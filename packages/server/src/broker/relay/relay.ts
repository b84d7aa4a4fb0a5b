import type { ReasonCode } from '@hatchway/protocol'
import { reasonCodes } from '../../mqtt/index.ts'
import type { ClientLimits } from '../client/client-limits.ts'
import { Emptied } from '../client/emptied.ts'
import { Meter, versionOf } from '../client/meter.ts'
import { PublishHead } from '../client/publish-head.ts'
import { Watches } from '../client/watches.ts'
import type { AttachRequest, BrokerIncident, Identity, Presence } from '../port.ts'
import { RelayedConnection } from './relayed-connection.ts'
import { SessionEnder } from './session-ender.ts'
import type { OfflineReason, RelaySurroundings } from './surroundings.ts'
import { Taps } from './taps.ts'
import type { UpstreamLine } from './upstream/line.ts'
import type { Upstream } from './upstream/upstream.ts'

export interface RelayEvents {
  presence(presence: Presence): void
  incident(incident: BrokerIncident): void
  /** Something of ours failed; it is logged, and the rest goes on. */
  error(error: unknown): void
}

export interface RelayOptions {
  readonly limits: ClientLimits
  readonly upstream: Upstream
  readonly stallMs: number
  readonly now: () => number
  readonly events: RelayEvents
}

/** A line that has been told to end and did not. */
const lineEndMs = 5000

/** The middle of the relay: connections by session, presence, the sweep. */
export class Relay implements RelaySurroundings<RelayedConnection> {
  readonly limits: ClientLimits
  readonly upstream: Upstream
  readonly stallMs: number
  readonly meter = new Meter()
  readonly upstreamMeter = { bytesOut: 0 }
  readonly head = new PublishHead()
  readonly taps: Taps
  readonly watches: Watches
  readonly ender: SessionEnder
  /** The connection of each session that the cluster has taken. */
  readonly connections = new Map<string, RelayedConnection>()
  /** The newest of each session that waits for the cluster. */
  readonly #waiting = new Map<string, RelayedConnection>()
  /** Connections that ended because a newer one of their session waits for the cluster: what to tell of them depends on that. */
  readonly #bequeathed = new Map<string, RelayedConnection>()
  /** Connections whose link is not gone yet. */
  readonly links = new Set<RelayedConnection>()
  /** When they were told to end. */
  readonly #endingLines = new Map<UpstreamLine, number>()
  tick = 0
  /** Set when no more clients are taken. */
  isClosing = false
  readonly #now: () => number
  readonly #events: RelayEvents
  readonly #allLinksGone = new Emptied()
  readonly #allLinesGone = new Emptied()

  constructor({ limits, upstream, stallMs, now, events }: RelayOptions) {
    this.limits = limits
    this.upstream = upstream
    this.stallMs = stallMs
    this.#now = now
    this.#events = events
    this.taps = new Taps(error => this.failed(error))
    this.watches = new Watches(error => this.failed(error))
    this.ender = new SessionEnder({
      upstream,
      isInUse: sessionId => this.connections.has(sessionId) || this.#waiting.has(sessionId),
      lineEnding: line => this.lineEnding(line),
      lineEnded: line => this.lineEnded(line),
      onError: error => this.failed(error),
    })
  }

  attach(request: AttachRequest): RelayedConnection {
    const connection = new RelayedConnection(request, this)
    this.links.add(connection)
    const { connect, identity } = request
    if (this.isClosing) connection.turnAway('draining', 'the gateway is about to stop')
    else if (connect.properties?.authenticationMethod !== undefined) {
      // A method that is not served. [MQTT-4.12.0-1]
      connection.turnAway('protocol-error', 'CONNECT has an authentication method', reasonCodes.badAuthenticationMethod)
    } else if (connect.protocolLevel === 5 && this.upstream.speaksMqtt5 === false) {
      connection.turnAway('upstream-version-unsupported', 'known from the gateway’s own connection to it')
    } else {
      const earlier = this.#waiting.get(identity.sessionId)
      this.#waiting.set(identity.sessionId, connection)
      earlier?.close('session-taken-over') // [MQTT-3.1.4-3]
      connection.start()
    }
    return connection
  }

  cameOnline(connection: RelayedConnection): void {
    const { sessionId } = connection.identity
    if (this.#waiting.get(sessionId) === connection) this.#waiting.delete(sessionId)
    this.connections.get(sessionId)?.close('session-taken-over')
    const earlier = this.#bequeathed.get(sessionId)
    this.#bequeathed.delete(sessionId)
    if (earlier !== undefined) this.#wentOffline(earlier, 'session-taken-over')
    this.connections.set(sessionId, connection)
    this.meter.connectionsByVersion[versionOf(connection.level)]++
    this.#presence(connection, { online: true, reason: null, takenOver: false })
  }

  left(connection: RelayedConnection, reason: OfflineReason): void {
    const { sessionId } = connection.identity
    if (this.#waiting.get(sessionId) === connection) {
      this.#waiting.delete(sessionId)
      // What it was about to take over is gone all the same.
      const earlier = this.#bequeathed.get(sessionId)
      this.#bequeathed.delete(sessionId)
      if (earlier !== undefined) this.#wentOffline(earlier, 'connection-lost')
    }
    if (this.connections.get(sessionId) !== connection) return
    this.connections.delete(sessionId)
    this.meter.connectionsByVersion[versionOf(connection.level)]--
    if (reason === 'session-taken-over' && this.#waiting.has(sessionId)) this.#bequeathed.set(sessionId, connection)
    else this.#wentOffline(connection, reason)
  }

  #wentOffline(connection: RelayedConnection, reason: OfflineReason): void {
    this.#presence(connection, { online: false, reason, takenOver: reason === 'session-taken-over' })
  }

  hasSuccessor({ identity }: RelayedConnection): boolean {
    return this.#waiting.has(identity.sessionId)
  }

  disconnect(sessionId: string, reason: ReasonCode): boolean {
    const found = [this.connections.get(sessionId), this.#waiting.get(sessionId)]
    const connected = found.filter(connection => connection !== undefined)
    for (const connection of connected) connection.close(reason)
    return connected.length > 0
  }

  /** Session ids of all clients, those included that wait for the cluster. */
  sessionsOf(predicate: (identity: Identity) => boolean): string[] {
    const all = [...this.connections.values(), ...this.#waiting.values()]
    const chosen = all.filter(({ identity }) => predicate(identity))
    return [...new Set(chosen.map(({ identity }) => identity.sessionId))]
  }

  linkClosed(connection: RelayedConnection): void {
    this.links.delete(connection)
    if (this.links.size === 0) this.#allLinksGone.tell()
  }

  /** Resolves when no link is left, or after the time. */
  async linksGone(timeoutMs: number): Promise<void> {
    if (this.links.size > 0) await this.#allLinksGone.wait(timeoutMs)
  }

  lineEnding(line: UpstreamLine): void {
    this.#endingLines.set(line, this.tick)
  }

  lineEnded(line: UpstreamLine): void {
    this.#endingLines.delete(line)
    if (this.#endingLines.size === 0) this.#allLinesGone.tell()
    this.upstream.hosts.closed(line.host)
  }

  /** Keep alive, and the ends of lines, for all connections at once. */
  sweep(): void {
    this.tick++
    const { incidentsPerSecond, sweepMs } = this.limits
    const incidents = (incidentsPerSecond * sweepMs) / 1000
    for (const connection of [...this.connections.values()]) {
      connection.refillIncidents(incidents)
      connection.sweep()
    }
    for (const [line, since] of this.#endingLines) if (this.tick - since > lineEndMs / sweepMs) line.abort()
  }

  /** Resolves when no line is about to end, or after the time; those that are left are cut then. */
  async linesGone(timeoutMs: number): Promise<void> {
    if (this.#endingLines.size > 0) await this.#allLinesGone.wait(timeoutMs)
    for (const line of this.#endingLines.keys()) line.abort()
  }

  report(incident: BrokerIncident): void {
    this.#events.incident(incident)
  }

  failed(error: unknown): void {
    this.#events.error(error)
  }

  #presence(
    { identity, address, transport }: RelayedConnection,
    change: Pick<Presence, 'online' | 'reason' | 'takenOver'>,
  ): void {
    this.#events.presence({ identity, address, transport, at: this.#now(), ...change })
  }
}
