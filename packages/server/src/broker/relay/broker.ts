import { randomBytes } from 'node:crypto'
import { type ClientLimits, defaultClientLimits } from '../client/client-limits.ts'
import { checkMessage } from '../client/message-check.ts'
import { Listeners } from '../listeners.ts'
import type { Broker, BrokerIncident, BrokerStats, Presence } from '../port.ts'
import { PlatformLine } from './platform-line.ts'
import { Relay } from './relay.ts'
import type { UpstreamAddress } from './upstream/address.ts'
import { Upstream, type UpstreamLog } from './upstream/upstream.ts'

export interface RelayBrokerOptions {
  readonly address: UpstreamAddress
  /** PEM of the authorities that the cluster's certificates are checked by; those of the runtime if not given. */
  readonly tlsCa?: string | undefined
  /** How long a client waits for the cluster, over all its hosts. */
  readonly connectTimeoutMs: number
  /** How long a message of the platform or the API may take until the cluster has it. */
  readonly publishTimeoutMs?: number
  /** How long the cluster may keep a client waiting, by taking or by sending nothing. */
  readonly stallMs?: number
  readonly limits?: Partial<ClientLimits>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: UpstreamLog
  /** A listener, a tap or the relay itself threw. The relay goes on. */
  readonly onError: (error: unknown) => void
}

export interface RelayBroker extends Broker {
  /** Reaches for the cluster, and resolves when that has come to something; `problem` says to what. */
  start(): Promise<void>
}

const defaultPublishTimeoutMs = 10_000
const defaultStallMs = 30_000

/**
 * A broker that is somebody else's: each client's connection is carried on to an MQTT cluster, one to one. The cluster keeps sessions,
 * queues and retained messages; who the client is and which topics it may use is judged here. Throws if `tlsCa` is no PEM.
 */
export function createRelayBroker(options: RelayBrokerOptions): RelayBroker {
  const { now, log, onError, address, tlsCa, connectTimeoutMs } = options
  const limits = { ...defaultClientLimits, ...options.limits }
  const presence = new Listeners<Presence>(onError)
  const incidents = new Listeners<BrokerIncident>(onError)
  const upstream = new Upstream({ address, tlsCa, connectTimeoutMs, now, log })
  const relay = new Relay({
    ...{ limits, upstream, now, stallMs: options.stallMs ?? defaultStallMs },
    events: { presence: event => presence.tell(event), incident: event => incidents.tell(event), error: onError },
  })
  const platform = new PlatformLine({
    upstream,
    clientId: `hatchway-${randomBytes(8).toString('hex')}`,
    publishTimeoutMs: options.publishTimeoutMs ?? defaultPublishTimeoutMs,
    onTrouble: problem => log.warn({ problem }, 'trouble with the MQTT cluster'),
  })
  const sweeping = setInterval(() => {
    relay.sweep()
    platform.sweep()
  }, limits.sweepMs)
  sweeping.unref()

  return {
    keepsSessions: false,
    start: () => platform.start(),
    attach: request => relay.attach(request),
    async publish(message) {
      checkMessage(message, limits.payloadBytes)
      await platform.publish(message)
      return { subscribers: null }
    },
    disconnect: (sessionId, reason) => relay.disconnect(sessionId, reason),
    connected: sessionId => relay.connections.get(sessionId)?.identity,
    privateLine: sessionId => relay.connections.get(sessionId),
    disconnectWhere(predicate, reason) {
      const chosen = relay.sessionsOf(predicate)
      for (const sessionId of chosen) relay.disconnect(sessionId, reason)
      return chosen.length
    },
    forget(sessionId, reason) {
      const wasConnected = relay.disconnect(sessionId, reason)
      relay.ender.add(sessionId)
      return wasConnected
    },
    forgetWhere(predicate, reason) {
      const chosen = relay.sessionsOf(predicate)
      for (const sessionId of chosen) {
        relay.disconnect(sessionId, reason)
        relay.ender.add(sessionId)
      }
      return chosen.length
    },
    tap: (filter, handler) => relay.taps.add(filter, handler),
    watch: (sessionId, handler) => relay.watches.add(sessionId, handler),
    onPresence: listener => presence.add(listener),
    onIncident: listener => incidents.add(listener),
    stats: () => statsOf(relay),
    problem: () => (platform.problem === undefined ? undefined : `the MQTT cluster can't be used: ${platform.problem}`),
    /** Idempotent. */
    async close(timeoutMs) {
      clearInterval(sweeping)
      relay.isClosing = true
      for (const connection of [...relay.links]) connection.close('server-shutting-down')
      await relay.linksGone(timeoutMs)
      for (const connection of [...relay.links]) connection.destroy()
      relay.ender.close()
      // The last status messages: clients have just gone.
      await platform.settled(timeoutMs)
      platform.close()
      await relay.linesGone(timeoutMs)
      platform.abort()
    },
  }
}

function statsOf({ connections, meter, upstream }: Relay): BrokerStats {
  const { connectionsByVersion, messagesIn, messagesOut, bytesIn, bytesOut, dropped } = meter
  let queuedBytes = 0
  for (const connection of connections.values()) queuedBytes += connection.queuedBytes
  return {
    connections: connections.size,
    ...{ sessions: null, subscriptions: null, retained: null, sharedGroups: null },
    messagesIn: { 0: messagesIn[0], 1: messagesIn[1], 2: messagesIn[2] },
    messagesOut: { 0: messagesOut[0], 1: messagesOut[1], 2: messagesOut[2] },
    ...{ bytesIn, bytesOut, queuedBytes },
    dropped: { ...dropped },
    connectionsByVersion: { ...connectionsByVersion },
    upstream: upstream.hosts.figures(),
  }
}
