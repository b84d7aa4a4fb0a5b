import { isTopicFilter, isTopicName } from '../../mqtt/index.ts'
import type { Attachment, Broker, BrokerIncident, BrokerStats, Presence, ReceivedMessage } from '../port.ts'
import { Hub } from './hub.ts'
import { type BrokerSettings, defaultBrokerSettings } from './settings.ts'
import { SystemTopics } from './system-topics.ts'
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
  /** Runs something every so many milliseconds until the returned function is called; setInterval if not given. */
  readonly every?: (intervalMs: number, run: () => void) => () => void
}

/**
 * The broker in this process: MQTT 3.1, 3.1.1 and 5.0, QoS 0 to 2, retained messages, shared subscriptions, topic aliases,
 * wills, back-pressure. So far every session ends with its connection; clients are told so where MQTT has a way to say it.
 */
export function createEmbeddedBroker(options: EmbeddedBrokerOptions): Broker {
  const settings = { ...defaultBrokerSettings, ...options.settings }
  const { now, onError, schedule = setImmediate, every = defaultEvery } = options
  const presence = new Listeners<Presence>(onError)
  const incidents = new Listeners<BrokerIncident>(onError)
  const hub = new Hub({
    settings,
    now,
    schedule: run => void schedule(run),
    events: { presence: event => presence.tell(event), incident: event => incidents.tell(event), error: onError },
  })
  const system = new SystemTopics({ version: options.version ?? '', now, intervalMs: settings.systemTopicsMs })
  const stopSweeping = every(settings.sweepMs, () => {
    hub.sweep()
    publishFigures(hub, system)
  })

  return {
    attach: (request): Attachment => hub.attach(request),
    publish: async message => ({ subscribers: publish(hub, message, settings) }),
    disconnect(sessionId, reason) {
      const connection = hub.connections.get(sessionId)
      connection?.close(reason)
      return connection !== undefined
    },
    connected: sessionId => hub.connections.get(sessionId)?.identity,
    disconnectWhere(predicate, reason) {
      const chosen = [...hub.connections.values()].filter(({ identity }) => predicate(identity))
      for (const connection of chosen) connection.close(reason)
      return chosen.length
    },
    tap: (filter, handler) => tap(hub, filter, handler),
    onPresence: listener => presence.add(listener),
    onIncident: listener => incidents.add(listener),
    stats: () => statsOf(hub),
    async close(timeoutMs) {
      stopSweeping()
      hub.isClosing = true
      for (const connection of [...hub.connections.values()]) connection.close('server-shutting-down')
      await hub.linksGone(timeoutMs)
      for (const connection of [...hub.links]) connection.destroy()
    },
  }
}

function publish(hub: Hub, message: Parameters<Broker['publish']>[0], settings: BrokerSettings): number {
  const { topic, payload } = message
  if (!isTopicName(topic)) throw new RangeError(`topic is "${topic}": give a topic name without + and #`)
  if (payload.length > settings.payloadBytes) {
    throw new RangeError(
      `payload has ${payload.length} bytes, the limit is ${settings.payloadBytes}: send less at once`,
    )
  }
  return hub.publish(message)
}

function publishFigures(hub: Hub, system: SystemTopics): void {
  const hasSubscribers = (topic: string) => hub.tree.targets(hub.match(topic)).length > 0
  const due = system.due(hasSubscribers, () => statsOf(hub))
  for (const [topic, payload] of due) hub.publish({ topic, payload, qos: 0 })
}

function tap(hub: Hub, filter: string, handler: (message: ReceivedMessage) => void): () => void {
  if (!isTopicFilter(filter)) throw new RangeError(`filter is "${filter}": a wildcard in it does not fill its level`)
  const subscriber = new Tap(handler, error => hub.failed(error))
  hub.tree.add(filter, subscriber, { qos: 2, noLocal: false, retainAsPublished: true, identifier: 0 })
  return () => {
    hub.tree.remove(filter, subscriber)
  }
}

function statsOf({ connections, tree, groups, retention, meter }: Hub): BrokerStats {
  const { connectionsByVersion, messagesIn, messagesOut, bytesIn, bytesOut, queuedBytes, dropped } = meter
  return {
    connections: connections.size,
    sessions: connections.size,
    subscriptions: tree.size - groups.count + groups.members,
    messagesIn: { 0: messagesIn[0], 1: messagesIn[1], 2: messagesIn[2] },
    messagesOut: { 0: messagesOut[0], 1: messagesOut[1], 2: messagesOut[2] },
    bytesIn,
    bytesOut,
    dropped: { ...dropped },
    queuedBytes,
    connectionsByVersion: { ...connectionsByVersion },
    retained: { messages: retention.messages.count, bytes: retention.messages.bytes },
    sharedGroups: groups.count,
  }
}

/** Those who asked to be told. One that throws does not keep the others from hearing. */
class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  add(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  tell(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}

function defaultEvery(intervalMs: number, run: () => void): () => void {
  const timer = setInterval(run, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
