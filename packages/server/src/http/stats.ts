import { Type } from 'typebox'
import type { BrokerStats } from '../broker/port.ts'
import type { Api, HttpParts } from './parts.ts'
import { count, figures, flag, iso, keyedProblems, nullable, ref, text, time } from './schemas.ts'

export const StatsReply = Type.Object(
  {
    version: text('Version of the server'),
    startedAt: time('When the server started'),
    registry: Type.Object({
      products: count('Products'),
      devices: count('Devices'),
      unactive: count('Devices that have never logged in and are not disabled'),
      online: count('Devices that are connected'),
      offline: count('Devices that have logged in and are not connected'),
      activated: count('Devices that have logged in at least once'),
      disabled: count('Devices that are disabled'),
      clientIds: count('ClientIDs that were issued and still hold a slot'),
      journalEntries: count('Entries in the journal'),
    }),
    gateway: Type.Object({
      connections: figures('Open connections by transport'),
      accepted: count('Connections accepted since the start'),
      rejected: figures('Connections closed before their CONNECT was answered, by reason, since the start'),
    }),
    broker: Type.Object({
      connections: count('Clients that are logged in'),
      sessions: nullable.integer(
        'Sessions, those of absent clients included; null, here and below: an MQTT cluster keeps them',
      ),
      subscriptions: nullable.integer(
        'Subscriptions of clients: those of absent sessions and those made for devices that say _ss=1 included, the platform’s own not',
      ),
      messagesIn: figures('Messages received since the start, by QoS'),
      messagesOut: figures('Messages sent since the start, by QoS'),
      bytesIn: count('Bytes received since the start'),
      bytesOut: count('Bytes sent since the start'),
      dropped: figures('Messages not delivered or not routed since the start, by reason'),
      queuedBytes: count('Bytes of messages that wait for their receivers'),
      connectionsByVersion: figures('Clients that are logged in, by MQTT version'),
      retained: Type.Unsafe<BrokerStats['retained']>({
        type: ['object', 'null'],
        description: 'Retained messages',
        required: ['messages', 'bytes'],
        properties: {
          messages: count('Retained messages'),
          bytes: count('Bytes of the retained messages, topics and headers included'),
        },
      }),
      sharedGroups: nullable.integer('Shared subscriptions ($share), each with all its members'),
      upstream: Type.Unsafe<BrokerStats['upstream']>({
        type: ['object', 'null'],
        description: 'The hosts of the MQTT cluster, by host:port; null = the broker is the built-in one',
        additionalProperties: Type.Object({
          reachable: flag('Whether its last answer was a good one'),
          connections: count('Connections of this gateway to it'),
          failures: count('Connections that it did not take, since the start'),
        }),
      }),
    }),
    journalDropped: figures('Journal entries folded or dropped since the start, by reason'),
  },
  { $id: 'Stats', description: 'The server’s figures now' },
)

export function statsRoutes(api: Api, parts: HttpParts): void {
  const startedAt = iso(parts.clock())
  api.get(
    '/stats',
    {
      config: { access: 'read', allProducts: true },
      schema: {
        operationId: 'stats',
        summary: 'Figures of registry, gateway and broker',
        tags: ['operation'],
        response: { 200: ref(StatsReply), ...keyedProblems() },
      },
    },
    async () => {
      const { connections, accepted, rejected } = parts.gatewayStats()
      return {
        version: parts.version,
        startedAt,
        registry: await parts.registry.store.counts(),
        gateway: { connections: { ...connections }, accepted, rejected: { ...rejected } },
        broker: parts.broker.stats(),
        journalDropped: Object.fromEntries(parts.registry.journal.dropped),
      }
    },
  )
}
