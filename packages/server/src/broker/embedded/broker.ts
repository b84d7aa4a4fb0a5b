import type { ReasonCode } from '@hatchway/protocol'
import { isTopicFilter } from '../../mqtt/index.ts'
import { StoreUnavailable } from '../../storage/store-unavailable.ts'
import { checkMessage } from '../client/message-check.ts'
import { Listeners } from '../listeners.ts'
import type { Attachment, Broker, BrokerIncident, Presence, ReceivedMessage } from '../port.ts'
import type { Receipt } from './durable/receipt.ts'
import { Hub } from './hub.ts'
import { type BrokerSettings, defaultBrokerSettings } from './settings.ts'
import { nothingStored, type SessionStore, type StoredSessions } from './store/session-store.ts'
import { type EmbeddedStats, SystemTopics } from './system-topics.ts'
import { Tap } from './tap.ts'

export interface EmbeddedBrokerOptions {
  readonly settings?: Partial<BrokerSettings>
  /** Of the server, for `$SYS/broker/version`. */
  readonly version?: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A listener, a tap or the broker itself threw. The broker goes on. */
  readonly onError: (error: unknown) => void
  /** Runs something after the present turn of the event loop; setImmediate if not given. */
  readonly schedule?: (run: () => void) => void
  /** Where sessions outlive this process, and what it held when it was loaded; without it they outlive connections only. */
  readonly durable?: { readonly store: SessionStore; readonly stored: StoredSessions }
  /** Runs something after so many milliseconds unless the returned function is called before; setTimeout if not given. */
  readonly after?: (delayMs: number, run: () => void) => () => void
  /** Runs something every so many milliseconds until the returned function is called; setInterval if not given. */
  readonly every?: (intervalMs: number, run: () => void) => () => void
}

/** It keeps the sessions itself, and so knows all figures. */
export interface EmbeddedBroker extends Broker {
  stats(): EmbeddedStats
}

/**
 * The broker in this process: MQTT 3.1, 3.1.1 and 5.0, QoS 0 to 2, retained messages, shared subscriptions, topic aliases,
 * wills, sessions that outlive connections and (with a store) this process, back-pressure. The store stays the caller's to
 * close, after the broker.
 */
export function createEmbeddedBroker(options: EmbeddedBrokerOptions): EmbeddedBroker {
  const settings = { ...defaultBrokerSettings, ...options.settings }
  const { now, onError, schedule = setImmediate, every = defaultEvery, after = defaultAfter } = options
  const { store, stored } = options.durable ?? { store: undefined, stored: nothingStored }
  const presence = new Listeners<Presence>(onError)
  const incidents = new Listeners<BrokerIncident>(onError)
  const hub = new Hub({
    settings,
    now,
    schedule: run => void schedule(run),
    ...{ after, store, stored },
    events: { presence: event => presence.tell(event), incident: event => incidents.tell(event), error: onError },
  })
  const system = new SystemTopics({ version: options.version ?? '', now, intervalMs: settings.systemTopicsMs })
  const stopSweeping = every(settings.sweepMs, () => {
    hub.sweep()
    publishFigures(hub, system)
  })

  return {
    keepsSessions: true,
    attach: (request): Attachment => hub.attach(request),
    async publish(message) {
      checkMessage(message, settings.payloadBytes)
      const { subscribers, receipt } = hub.router.publish(message)
      if (receipt !== undefined) await storedInTime(receipt, settings.storeTimeoutMs, after)
      return { subscribers }
    },
    disconnect(sessionId, reason) {
      const connection = hub.connections.get(sessionId)
      connection?.close(reason)
      return connection !== undefined
    },
    connected: sessionId => hub.connections.get(sessionId)?.identity,
    privateLine: sessionId => hub.connections.get(sessionId),
    disconnectWhere(predicate, reason) {
      const chosen = [...hub.connections.values()].filter(({ identity }) => predicate(identity))
      for (const connection of chosen) connection.close(reason)
      return chosen.length
    },
    forget: (sessionId, reason) => forget(hub, sessionId, reason),
    forgetWhere(predicate, reason) {
      const all = [...hub.connections.values(), ...hub.sessions.values()]
      const chosen = new Set(
        all.filter(({ identity }) => predicate(identity)).map(({ identity }) => identity.sessionId),
      )
      for (const sessionId of chosen) forget(hub, sessionId, reason)
      return chosen.size
    },
    tap: (filter, handler) => tap(hub, filter, handler),
    watch: (sessionId, handler) => hub.watches.add(sessionId, handler),
    onPresence: listener => presence.add(listener),
    onIncident: listener => incidents.add(listener),
    stats: () => statsOf(hub),
    problem: () => undefined,
    async close(timeoutMs) {
      stopSweeping()
      hub.isClosing = true
      for (const connection of [...hub.connections.values()]) connection.close('server-shutting-down')
      await hub.linksGone(timeoutMs)
      for (const connection of [...hub.links]) connection.destroy()
      await within(hub.ledger.drain(), timeoutMs, after)
      hub.ledger.close()
    },
  }
}

/** Ends the session, and its connection if it has one. */
function forget(hub: Hub, sessionId: string, reason: ReasonCode): boolean {
  const connection = hub.connections.get(sessionId)
  connection?.close(reason)
  const session = hub.sessions.get(sessionId)
  if (session !== undefined) hub.endSession(session)
  return connection !== undefined || session !== undefined
}

type After = NonNullable<EmbeddedBrokerOptions['after']>

async function storedInTime(receipt: Receipt, timeoutMs: number, after: After): Promise<void> {
  if (receipt.isDone) return
  const { promise, resolve } = Promise.withResolvers<void>()
  receipt.tell({ stored: resolve })
  await within(promise, timeoutMs, after)
  if (!receipt.isDone) throw new StoreUnavailable(`the message was not stored within ${timeoutMs} ms`, 'store-slow')
}

/** Waits, but not for longer than that. */
async function within(promise: Promise<void>, timeoutMs: number, after: After): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>()
  const cancel = after(timeoutMs, resolve)
  await Promise.race([promise, timeout])
  cancel()
}

function publishFigures(hub: Hub, system: SystemTopics): void {
  const hasSubscribers = (topic: string) => hub.router.tree.targets(hub.router.match(topic)).length > 0
  const due = system.due(hasSubscribers, () => statsOf(hub))
  for (const [topic, payload] of due) hub.router.publish({ topic, payload, qos: 0 })
}

function tap(hub: Hub, filter: string, handler: (message: ReceivedMessage) => void): () => void {
  if (!isTopicFilter(filter)) throw new RangeError(`filter is "${filter}": a wildcard in it does not fill its level`)
  return hub.router.tap(filter, new Tap(handler, error => hub.failed(error)))
}

function statsOf({ connections, sessions, router, retention, meter }: Hub): EmbeddedStats {
  const { connectionsByVersion, messagesIn, messagesOut, bytesIn, bytesOut, queuedBytes, dropped } = meter
  return {
    connections: connections.size,
    sessions: connections.size + sessions.absent,
    subscriptions: router.subscriptions,
    messagesIn: { 0: messagesIn[0], 1: messagesIn[1], 2: messagesIn[2] },
    messagesOut: { 0: messagesOut[0], 1: messagesOut[1], 2: messagesOut[2] },
    bytesIn,
    bytesOut,
    dropped: { ...dropped },
    queuedBytes,
    connectionsByVersion: { ...connectionsByVersion },
    retained: { messages: retention.messages.count, bytes: retention.messages.bytes },
    sharedGroups: router.groups.count,
    upstream: null,
  }
}

function defaultEvery(intervalMs: number, run: () => void): () => void {
  const timer = setInterval(run, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

function defaultAfter(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}
