import { Registry as Collection, Counter, Gauge } from 'prom-client'
import type { BrokerStats, UpstreamFigures } from '../broker/port.ts'
import { readCounter, readGauge } from './metric-readers.ts'
import type { Api, HttpParts } from './parts.ts'
import { measureProcess } from './process-metrics.ts'
import { text } from './schemas.ts'
import { readWorkers } from './worker-metrics.ts'

export interface Metrics {
  /** The Prometheus text format. */
  render(): Promise<string>
  readonly contentType: string
  countRequest(labels: { route: string; method: string; status: number }): void
  close(): void
}

/** Figures for Prometheus, in a collection of this server's own: several servers may live in one process. */
export function createMetrics(parts: HttpParts): Metrics {
  const collection = new Collection()
  const startedAt = parts.clock()
  const stops = [countJournal(collection, parts), countLogins(collection, parts), measureProcess(collection, startedAt)]
  readGateway(collection, parts)
  readBroker(collection, parts)
  readWorkers(collection, parts)
  readUpstream(collection, parts)
  const requests = new Counter({
    name: 'hatchway_http_requests_total',
    help: 'HTTP requests by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers: [collection],
  })
  new Gauge({
    name: 'hatchway_info',
    help: 'Version of the server; always 1',
    labelNames: ['version'],
    registers: [collection],
  }).set({ version: parts.version }, 1)
  return {
    render: () => collection.metrics(),
    contentType: collection.contentType,
    countRequest: labels => requests.inc(labels),
    close: () => {
      for (const stop of stops) stop()
      collection.clear()
    },
  }
}

function countJournal(collection: Collection, { registry }: HttpParts): () => void {
  const registers = [collection]
  const registrations = new Counter({
    name: 'hatchway_registrations_total',
    help: 'Registrations that succeeded, by mode',
    labelNames: ['mode'],
    registers,
  })
  const refusals = new Counter({
    name: 'hatchway_refusals_total',
    help: 'CONNECTs, messages and connections that were refused, by reason',
    labelNames: ['reason'],
    registers,
  })
  const remembered = new Counter({
    name: 'hatchway_logins_from_memory_total',
    help: 'Logins while the database was away, by what was remembered; counted when the journal has them',
    registers,
  })
  readCounter(collection, 'hatchway_journal_dropped_by_reason', 'Journal entries folded or dropped, by reason', () =>
    Object.fromEntries(registry.journal.dropped),
  )
  return registry.journal.onEntry(({ outcome, mode, reason, detail }) => {
    if (outcome === 'registered') registrations.inc({ mode: mode ?? 'none' })
    else if (outcome === 'admitted') remembered.inc(detail?.count ?? 1)
    else refusals.inc({ reason }, detail?.count ?? 1)
  })
}

function countLogins(collection: Collection, { broker, registry }: HttpParts): () => void {
  const logins = new Counter({
    name: 'hatchway_logins_total',
    help: 'Logins that succeeded, by kind of client',
    labelNames: ['kind'],
    registers: [collection],
  })
  readGauge(collection, 'hatchway_database_away', 'Whether the database can not be read: 1 or 0', () =>
    Number(registry.outage !== null),
  )
  return broker.onPresence(({ online, identity }) => {
    if (online) logins.inc({ kind: identity.kind })
  })
}

function readGateway(collection: Collection, { gatewayStats }: HttpParts): void {
  new Gauge({
    name: 'hatchway_connections',
    help: 'Open connections by transport',
    labelNames: ['transport'],
    registers: [collection],
    collect() {
      this.reset()
      for (const [transport, open] of Object.entries(gatewayStats().connections)) this.set({ transport }, open)
    },
  })
  readCounter(collection, 'hatchway_connections_accepted', 'Connections accepted', () => ({
    all: gatewayStats().accepted,
  }))
  readCounter(
    collection,
    'hatchway_connections_rejected_by_reason',
    'Connections closed before their CONNECT was answered, by reason',
    () => gatewayStats().rejected,
  )
}

function readBroker(collection: Collection, { broker }: HttpParts): void {
  const counters: readonly [string, string, (stats: BrokerStats) => Readonly<Record<string, number>>][] = [
    ['hatchway_messages_received_by_qos', 'Messages received, by QoS', stats => stats.messagesIn],
    ['hatchway_messages_sent_by_qos', 'Messages sent, by QoS', stats => stats.messagesOut],
    ['hatchway_messages_dropped_by_reason', 'Messages not delivered or not routed, by reason', stats => stats.dropped],
    ['hatchway_bytes_received', 'Bytes received from clients that are logged in', stats => ({ all: stats.bytesIn })],
    ['hatchway_bytes_sent', 'Bytes sent to clients that are logged in', stats => ({ all: stats.bytesOut })],
  ]
  for (const [name, help, read] of counters) readCounter(collection, name, help, () => read(broker.stats()))
  readGauge(
    collection,
    'hatchway_queued_bytes',
    'Bytes that wait for their receivers',
    () => broker.stats().queuedBytes,
  )
  readBrokerState(collection, broker)
}

function readBrokerState(collection: Collection, broker: HttpParts['broker']): void {
  new Gauge({
    name: 'hatchway_clients',
    help: 'Clients that are logged in, by MQTT version',
    labelNames: ['version'],
    registers: [collection],
    collect() {
      for (const [version, clients] of Object.entries(broker.stats().connectionsByVersion)) {
        this.set({ version }, clients)
      }
    },
  })
  // Of a cluster these figures are not known, and the gauges stay without a value.
  const gauges: readonly [string, string, (stats: BrokerStats) => number | undefined][] = [
    ['hatchway_sessions', 'MQTT sessions, absent ones included', stats => stats.sessions ?? undefined],
    ['hatchway_subscriptions', 'MQTT subscriptions of clients', stats => stats.subscriptions ?? undefined],
    ['hatchway_retained_messages', 'Retained messages', stats => stats.retained?.messages],
    ['hatchway_retained_bytes', 'Bytes of the retained messages', stats => stats.retained?.bytes],
    [
      'hatchway_shared_groups',
      'Shared subscriptions, each with all its members',
      stats => stats.sharedGroups ?? undefined,
    ],
  ]
  for (const [name, help, read] of gauges) readGauge(collection, name, help, () => read(broker.stats()))
}

function readUpstream(collection: Collection, { broker }: HttpParts): void {
  const hosts = (): [string, UpstreamFigures][] => Object.entries(broker.stats().upstream ?? {})
  const gauges: readonly [string, string, (figures: UpstreamFigures) => number][] = [
    [
      'hatchway_upstream_up',
      'Whether a host of the MQTT cluster answers, 1 or 0',
      ({ reachable }) => Number(reachable),
    ],
    ['hatchway_upstream_connections', 'Connections to a host of the MQTT cluster', ({ connections }) => connections],
  ]
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      labelNames: ['host'],
      registers: [collection],
      collect() {
        for (const [host, figures] of hosts()) this.set({ host }, read(figures))
      },
    })
  }
  readCounter(
    collection,
    'hatchway_upstream_failures_by_host',
    'Connections that a host of the MQTT cluster did not take, by host',
    () => Object.fromEntries(hosts().map(([host, { failures }]) => [host, failures])),
  )
}

export function metricsRoutes(api: Api, metrics: Metrics): void {
  api.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        summary: 'Figures for Prometheus',
        tags: ['operation'],
        security: [],
        response: {
          200: { description: 'Prometheus text format', content: { 'text/plain': { schema: text('Figures') } } },
        },
      },
    },
    async (_request, reply) => {
      reply.header('content-type', metrics.contentType)
      return metrics.render()
    },
  )
}
