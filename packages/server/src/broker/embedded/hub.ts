import type { Connack } from '../../mqtt/index.ts'
import { clientIdOf } from '../client/client-id.ts'
import { maxPacketSizeBytes } from '../client/client-limits.ts'
import { Emptied } from '../client/emptied.ts'
import { topicAliasesFor } from '../client/fielded-devices.ts'
import { Meter, versionOf } from '../client/meter.ts'
import { permittedWill } from '../client/permitted-will.ts'
import { type Rights, responsePrefixOf, rightsOf } from '../client/rights.ts'
import { Watches } from '../client/watches.ts'
import type { AttachRequest, BrokerIncident, Identity, Presence } from '../port.ts'
import { Congestion } from './congestion.ts'
import { Connection } from './connection.ts'
import { DurableSession } from './durable/durable-session.ts'
import { Ledger } from './durable/ledger.ts'
import { DurableSessions } from './durable/sessions.ts'
import { messageOf, storedWill } from './durable/stored-will.ts'
import { connack, expiryOf, outboundWindow } from './engine/connack.ts'
import { newSession, type SessionLimits, type SessionOptions } from './engine/state.ts'
import { subscribeByServer } from './engine/subscribe.ts'
import { Reading } from './reading.ts'
import { Retention } from './retention.ts'
import { Router } from './router.ts'
import type { Session } from './session.ts'
import type { BrokerSettings } from './settings.ts'
import type { SharedGroups } from './shared-groups.ts'
import type { SessionStore, StoredSessions, StoredWill } from './store/session-store.ts'
import type { Publisher } from './subscriber.ts'
import type { OfflineReason, Surroundings } from './surroundings.ts'
import type { SubscriptionOptions } from './topic-tree.ts'
import { TransientSession } from './transient-session.ts'
import { Turn } from './turn.ts'

export interface HubEvents {
  presence(presence: Presence): void
  incident(incident: BrokerIncident): void
  /** Something of ours failed; it is logged, and the rest goes on. */
  error(error: unknown): void
}

export interface HubOptions {
  readonly settings: BrokerSettings
  /** Milliseconds since 1970, for what is shown to people. */
  readonly now: () => number
  readonly schedule: (run: () => void) => void
  /** Runs something after so long, unless the returned function is called before. */
  readonly after: (delayMs: number, run: () => void) => () => void
  readonly store: SessionStore | undefined
  /** What the store held at the start. */
  readonly stored: StoredSessions
  readonly events: HubEvents
}

/** The middle of the broker: sessions by id, wills, presence and the sweep. */
export class Hub implements Surroundings<Connection> {
  readonly settings: BrokerSettings
  readonly meter = new Meter()
  readonly watches = new Watches(error => this.failed(error))
  readonly turn: Turn
  readonly congestion: Congestion
  readonly retention: Retention
  readonly reading: Reading
  readonly router: Router
  readonly ledger: Ledger
  /** Those that outlive their connections. */
  readonly sessions: DurableSessions
  /** The live connection of each session. */
  readonly connections = new Map<string, Connection>()
  /** Connections whose link is not gone yet. */
  readonly links = new Set<Connection>()
  tick = 0
  /** Set when no more clients are taken. */
  isClosing = false
  readonly now: () => number
  /** By window: one for all sessions that have the same, so at most `settings.inFlight` of them. */
  readonly #limits = new Map<number, SessionLimits>()
  readonly #events: HubEvents
  readonly #allGone = new Emptied()

  constructor({ settings, now, schedule, after, store, stored, events }: HubOptions) {
    this.settings = settings
    this.reading = new Reading(settings)
    this.turn = new Turn({ schedule, after, now, onError: error => this.failed(error) })
    this.congestion = new Congestion(Math.ceil(settings.patienceMs / settings.sweepMs))
    this.now = now
    this.#events = events
    const firstMessageId = Math.max(0, ...[...stored.messages.keys()].slice(-1)) + 1
    const onError = (error: unknown) => this.failed(error)
    this.ledger = new Ledger({ store, settings, firstMessageId, after, onError })
    const { retainedMessages: messages, retainedBytes: bytes } = settings
    const journal = store === undefined ? undefined : this.ledger
    this.retention = new Retention({ limits: { messages, bytes }, now, journal, stored: stored.retained })
    const { meter, watches, congestion, retention } = this
    this.router = new Router({ meter, watches, congestion, retention, cachedTopics: settings.cachedTopics })
    this.sessions = new DurableSessions(this, stored, ({ session: { identity, level } }) => {
      return { level, limits: this.#limitsOf(settings.inFlight), rights: rightsOf(identity, settings) }
    })
    for (const session of this.sessions.values()) {
      for (const [filter, options] of session.state.subscriptions) this.router.join(session, filter, options)
    }
  }

  attach(request: AttachRequest): Connection {
    const { identity, connect } = request
    const { settings } = this
    this.connections.get(identity.sessionId)?.close('session-taken-over') // [MQTT-3.1.4-3]
    const earlier = this.sessions.get(identity.sessionId)
    if (earlier !== undefined && this.sessions.hasExpired(earlier)) this.endSession(earlier)
    const rights = rightsOf(identity, settings)
    const expirySeconds = expiryOf(connect, settings)
    const answer = this.#answer(request, expirySeconds)
    const isAccepted = answer.reasonCode === 0
    const window = outboundWindow(connect, settings.inFlight)
    const options = { level: connect.protocolLevel, limits: this.#limitsOf(window), rights }
    const session = isAccepted
      ? this.#sessionFor(request, options, expirySeconds)
      : new TransientSession(identity, newSession(options), this)
    const connection = new Connection(request, session, this)
    this.links.add(connection)
    session.connect(connection)
    connection.perform([{ do: 'send', packet: answer }])
    if (connection.hasEnded) return connection // CONNACK was too large for it
    if (!isAccepted) {
      connection.turnAway(this.isClosing ? 'server-shutting-down' : 'protocol-error')
      return connection
    }
    this.connections.set(identity.sessionId, connection)
    this.meter.connectionsByVersion[versionOf(connect.protocolLevel)]++
    connection.will = permittedWill(connect.will, rights, connection)
    if (session instanceof DurableSession) this.#begin(session, connection, rights)
    connection.perform(subscribeByServer(session.state, request.serverSubscriptions))
    this.#presence(connection, { online: true, reason: null, takenOver: false })
    session.pump()
    return connection
  }

  #answer(request: AttachRequest, expirySeconds: number): Connack {
    const { identity, connect, keepAliveSeconds, keepAliveChanged } = request
    const { settings, isClosing } = this
    const isPresent = this.sessions.get(identity.sessionId) !== undefined
    return connack({
      ...{ connect, keepAliveSeconds, keepAliveChanged, isClosing, expirySeconds },
      receiveMaximum: settings.receiveMaximum,
      topicAliasMaximum: topicAliasesFor(request, settings.topicAliasMaximum),
      maxPacketSizeBytes: maxPacketSizeBytes(settings),
      assignedClientId: clientIdOf(identity),
      responseInformation: responsePrefixOf(identity),
      hasRoom: expirySeconds === 0 || isPresent || this.sessions.hasRoom,
      sessionPresent: isPresent && !connect.cleanStart, // [MQTT-3.2.2-2] [MQTT-3.2.2-3]
    })
  }

  #sessionFor({ identity, connect }: AttachRequest, options: SessionOptions, expirySeconds: number): Session {
    const earlier = this.sessions.get(identity.sessionId)
    if (earlier !== undefined && !connect.cleanStart) {
      this.sessions.resume(earlier, identity, options, expirySeconds) // [MQTT-3.1.2-5]
      return earlier
    }
    if (earlier !== undefined) this.endSession(earlier) // [MQTT-3.1.2-4]
    if (expirySeconds === 0) return new TransientSession(identity, newSession(options), this)
    return this.sessions.open(identity, options, expirySeconds)
  }

  /** What the client may have changed with its CONNECT. Rights may have changed since the last one, too. */
  #begin(session: DurableSession, connection: Connection, rights: Rights): void {
    const { will } = connection
    session.will = will === undefined ? null : storedWill(will)
    session.store()
    for (const filter of [...session.state.subscriptions.keys()]) {
      if (rights.maySubscribe(filter) === undefined) continue
      session.state.subscriptions.delete(filter)
      this.unsubscribe(session, filter)
    }
    connection.perform(session.retainedOwed())
  }

  #limitsOf(window: number): SessionLimits {
    let limits = this.#limits.get(window)
    if (limits === undefined) {
      limits = limitsOf(window, this.settings)
      this.#limits.set(window, limits)
    }
    return limits
  }

  get groups(): SharedGroups {
    return this.router.groups
  }

  subscribe(session: Session, filter: string, options: SubscriptionOptions): void {
    this.router.join(session, filter, options)
    session.subscribed(filter, options)
  }

  unsubscribe(session: Session, filter: string): void {
    this.router.leave(session, filter)
    session.unsubscribed(filter)
  }

  ended(connection: Connection, reason: OfflineReason, discardsWill: boolean): void {
    const { session, identity } = connection
    if (session instanceof DurableSession) this.sessions.leave(session)
    else if (session instanceof TransientSession) {
      this.router.leaveAll(session)
      session.end()
    }
    if (this.connections.get(identity.sessionId) !== connection) return
    this.connections.delete(identity.sessionId)
    this.meter.connectionsByVersion[versionOf(connection.level)]--
    this.#presence(connection, { online: false, reason, takenOver: reason === 'session-taken-over' })
    if (session instanceof DurableSession) this.#settleWill(session, !discardsWill)
    else if (connection.will !== undefined && !discardsWill) this.#publishWill(storedWill(connection.will), identity)
  }

  /** The will of a session whose connection is over: now, or when its delay is. The session may end here. */
  #settleWill(session: DurableSession, isPublished: boolean): void {
    if (!isPublished) this.sessions.takeWill(session)
    else if (session.will?.delaySeconds === 0) this.#publishDueWill(session)
    if (session.state.expirySeconds === 0) this.endSession(session) // [MQTT-3.1.2-23]
  }

  /** Ends a session, whose connection is over: a will that waits is published now. [MQTT-3.1.3-9] */
  endSession(session: DurableSession): void {
    const { will, identity } = session
    this.router.leaveAll(session)
    this.sessions.end(session)
    if (will !== null) this.#publishWill(will, identity)
  }

  linkClosed(connection: Connection): void {
    this.links.delete(connection)
    if (this.links.size === 0) this.#allGone.tell()
  }

  /** Resolves when no link is left, or after the time. */
  async linksGone(timeoutMs: number): Promise<void> {
    if (this.links.size > 0) await this.#allGone.wait(timeoutMs)
  }

  /** Keep alive and patience, for all connections at once. */
  sweep(): void {
    this.tick++
    this.congestion.tick()
    this.retention.sweep()
    const { incidentsPerSecond, sweepMs } = this.settings
    const incidents = (incidentsPerSecond * sweepMs) / 1000
    const { wills, expired } = this.sessions.due()
    for (const session of wills) this.#publishDueWill(session)
    for (const session of expired) this.endSession(session)
    for (const connection of this.connections.values()) {
      connection.checkOwed()
      connection.refillIncidents(incidents)
      const { patienceTicks, heardAt, isPaused } = connection
      if (patienceTicks === 0 || isPaused || this.tick - heardAt <= patienceTicks) continue
      connection.close('keep-alive-timeout') // [MQTT-3.1.2-22]
    }
  }

  report(incident: BrokerIncident): void {
    this.#events.incident(incident)
  }

  failed(error: unknown): void {
    this.#events.error(error)
  }

  #publishDueWill(session: DurableSession): void {
    const will = this.sessions.takeWill(session)
    if (will !== null) this.#publishWill(will, session.identity)
  }

  /** [MQTT-3.1.2-8] */
  #publishWill(will: StoredWill, identity: Identity): void {
    const { properties, ...message } = messageOf(will)
    this.router.publish(message, { source: departed(identity), properties })
  }

  #presence(connection: Connection, what: { online: boolean; reason: Presence['reason']; takenOver: boolean }): void {
    const { identity, address, transport } = connection
    this.#events.presence({ identity, address, transport, at: this.now(), ...what })
  }
}

/** Who a message is from that is published when its client is gone. */
function departed(identity: Identity): Publisher {
  return { identity, session: undefined, pauseFor: () => false, release: () => undefined }
}

function limitsOf(window: number, settings: BrokerSettings): SessionLimits {
  const { subscriptionsPerSession, receiveMaximum, sessionExpiryMaxSeconds, queuedMessages, queuedBytes } = settings
  const outbound = { window, queuedMessages, queuedBytes }
  return { subscriptions: subscriptionsPerSession, receiveMaximum, expirySeconds: sessionExpiryMaxSeconds, outbound }
}
