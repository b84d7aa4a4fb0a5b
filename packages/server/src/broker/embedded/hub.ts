import { encodePublish, type PublishProperties, type Will } from '../../mqtt/index.ts'
import type { AttachRequest, BrokerIncident, Identity, Message, Presence } from '../port.ts'
import { Congestion } from './congestion.ts'
import { Connection } from './connection.ts'
import { connack, outboundWindow } from './engine/connack.ts'
import { newSession } from './engine/state.ts'
import { subscribeByServer } from './engine/subscribe.ts'
import { Meter, versionOf } from './meter.ts'
import { Publication } from './publication.ts'
import { Retention } from './retention.ts'
import { responsePrefixOf, rightsOf } from './rights.ts'
import type { Outgoing, Session } from './session.ts'
import { type BrokerSettings, maxPacketSizeBytes } from './settings.ts'
import { SharedGroups } from './shared-groups.ts'
import type { Subscriber } from './subscriber.ts'
import type { OfflineReason, Publisher, Surroundings } from './surroundings.ts'
import { type Match, type SubscriptionOptions, TopicTree } from './topic-tree.ts'
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
  readonly events: HubEvents
}

/** What a message has that does not come from the platform. */
interface Origin {
  readonly source?: Publisher
  readonly properties?: PublishProperties
}

/** The middle of the broker: sessions by id, the topic tree, routing, presence and the sweep. */
export class Hub implements Surroundings<Connection> {
  readonly settings: BrokerSettings
  readonly meter = new Meter()
  readonly turn: Turn
  readonly congestion: Congestion
  readonly retention: Retention
  readonly tree: TopicTree<Subscriber>
  readonly groups: SharedGroups
  /** The live connection of each session. */
  readonly connections = new Map<string, Connection>()
  /** Connections whose link is not gone yet. */
  readonly links = new Set<Connection>()
  tick = 0
  /** Set when no more clients are taken. */
  isClosing = false
  readonly now: () => number
  readonly #events: HubEvents
  #allGone: (() => void) | undefined

  constructor({ settings, now, schedule, events }: HubOptions) {
    this.settings = settings
    this.turn = new Turn(schedule, error => this.failed(error))
    this.congestion = new Congestion(Math.ceil(settings.patienceMs / settings.sweepMs))
    const { retainedMessages: messages, retainedBytes: bytes } = settings
    this.retention = new Retention({ limits: { messages, bytes }, now })
    this.tree = new TopicTree(settings.cachedTopics)
    this.groups = new SharedGroups(this.tree)
    this.now = now
    this.#events = events
  }

  attach(request: AttachRequest): Connection {
    const { identity, connect, serverSubscriptions } = request
    const { settings } = this
    this.connections.get(identity.sessionId)?.close('session-taken-over') // [MQTT-3.1.4-3]
    const rights = rightsOf(identity, settings)
    const { subscriptionsPerSession, receiveMaximum, queuedMessages, queuedBytes } = settings
    const outbound = { window: outboundWindow(connect, settings.inFlight), queuedMessages, queuedBytes }
    const limits = { subscriptions: subscriptionsPerSession, receiveMaximum, expirySeconds: 0, outbound }
    const level = connect.protocolLevel
    const state = newSession<Outgoing>({ level, limits, maySubscribe: rights.maySubscribe })
    const session = new TransientSession(identity, state, this)
    const connection = new Connection(request, session, rights, this)
    this.links.add(connection)
    session.connect(connection)
    const answer = connack({
      connect,
      keepAliveSeconds: request.keepAliveSeconds,
      keepAliveChanged: request.keepAliveChanged,
      receiveMaximum,
      topicAliasMaximum: settings.topicAliasMaximum,
      maxPacketSizeBytes: maxPacketSizeBytes(settings),
      assignedClientId: clientIdOf(identity),
      responseInformation: responsePrefixOf(identity),
      isClosing: this.isClosing,
      hasRoom: true,
      sessionPresent: false,
      expirySeconds: 0,
    })
    connection.perform([{ do: 'send', packet: answer }])
    if (answer.reasonCode !== 0) {
      connection.turnAway(this.isClosing ? 'server-shutting-down' : 'protocol-error')
      return connection
    }
    this.connections.set(identity.sessionId, connection)
    this.meter.connectionsByVersion[versionOf(level)]++
    connection.perform(subscribeByServer(state, serverSubscriptions))
    this.#presence(connection, { online: true, reason: null, takenOver: false })
    return connection
  }

  match(topic: string): Match<Subscriber> {
    return this.tree.match(topic)
  }

  /** Gives a client's message to every subscriber; returns how many sessions took it. */
  route(publication: Publication, match: Match<Subscriber>, source: Publisher | undefined): number {
    const targets = this.tree.targets(match)
    let taken = 0
    let sessions = 0
    let congested = 0
    publication.topic = match.topic
    if (publication.retain && !this.retention.take(publication, source?.identity.sessionId ?? '')) {
      this.meter.dropped['retained-limit']++
    }
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index]! // in bounds
      const { subscriber } = target
      if (subscriber.deliver(publication, target, source)) taken++
      if (subscriber.isSession) sessions++
      if (subscriber.slowsPublishers) congested++
    }
    // The slow ones hold up a publisher only where they are not outnumbered by the others.
    if (congested > 0 && source !== undefined && congested * 2 >= sessions) {
      for (const { subscriber } of targets) {
        if (subscriber.waitedFor !== undefined) this.congestion.slow(source, subscriber.waitedFor)
      }
    }
    return taken
  }

  /** Routes a message that is no packet yet. RangeError if MQTT can't carry it. */
  publish({ topic, payload, qos, retain = false }: Message, from: Origin = {}): number {
    const { source, properties } = from
    const level = properties === undefined ? 4 : 5
    const bytes = encodePublish(
      {
        type: 'publish',
        topic,
        payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
        qos,
        retain,
        dup: false,
        packetId: qos > 0 ? 1 : undefined, // each subscriber gets its own
        properties,
      },
      level,
    )
    return this.route(Publication.of(bytes, level), this.tree.match(topic), source)
  }

  subscribe(session: Session, filter: string, options: SubscriptionOptions): void {
    if (!this.groups.join(session, filter, options)) this.tree.add(filter, session, options)
  }

  unsubscribe(session: Session, filter: string): void {
    if (!this.groups.leave(session, filter)) this.tree.remove(filter, session)
  }

  ended(connection: Connection, reason: OfflineReason, discardsWill: boolean): void {
    const { session, identity } = connection
    for (const filter of session.state.subscriptions.keys()) this.unsubscribe(session, filter)
    if (session instanceof TransientSession) session.end()
    if (this.connections.get(identity.sessionId) !== connection) return
    this.connections.delete(identity.sessionId)
    this.meter.connectionsByVersion[versionOf(connection.level)]--
    this.#presence(connection, { online: false, reason, takenOver: reason === 'session-taken-over' })
    if (connection.will !== undefined && !discardsWill) this.#publishWill(connection, connection.will) // [MQTT-3.1.2-8]
  }

  linkClosed(connection: Connection): void {
    this.links.delete(connection)
    if (this.links.size === 0) this.#allGone?.()
  }

  /** Resolves when no link is left, or after the time. */
  async linksGone(timeoutMs: number): Promise<void> {
    if (this.links.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#allGone = resolve
    const timer = setTimeout(resolve, timeoutMs)
    await promise
    clearTimeout(timer)
  }

  /** Keep alive and patience, for all connections at once. */
  sweep(): void {
    this.tick++
    this.congestion.tick()
    this.retention.sweep()
    const { incidentsPerSecond, sweepMs } = this.settings
    const incidents = (incidentsPerSecond * sweepMs) / 1000
    for (const connection of this.connections.values()) {
      connection.incidents.refill(incidents)
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

  /** A will is a publish of its client like any other. */
  #publishWill(connection: Connection, { properties, ...will }: Will): void {
    const { topic } = will
    const problem = rightsOf(connection.identity, this.settings).mayPublish(topic)
    if (problem !== undefined) {
      connection.report('topic-not-allowed-publish', { topic, problem: `the will’s topic is refused: ${problem}` })
      return
    }
    if (properties === undefined) {
      this.publish(will, { source: connection })
      return
    }
    // The delay can't be longer than the session, which is over. [MQTT-3.1.3-9]
    const { willDelayIntervalSeconds: _delay, ...published } = properties
    this.publish(will, { source: connection, properties: published })
  }

  #presence(connection: Connection, what: { online: boolean; reason: Presence['reason']; takenOver: boolean }): void {
    const { identity, address } = connection
    this.#events.presence({ identity, address, at: this.now(), ...what })
  }
}

/** The client identifier inside an application's session id `@{keyId}/{clientId}`. */
function clientIdOf(identity: Identity): string {
  if (identity.kind === 'device') return identity.sessionId
  return identity.sessionId.slice(identity.keyId.length + 2)
}
