import { Type } from 'typebox'
import type { BrokerStats } from '../broker/port.ts'
import type { Api, HttpParts } from './parts.ts'
import { count, flag, iso, keyedProblems, nullable, oneOf, text, time } from './schemas.ts'

const DAY_MS = 86_400_000

const Endpoint = Type.Object({
  kind: oneOf(['mqtt', 'http'], 'mqtt: the port takes mqtt, mqtts, ws and wss'),
  url: text('Where it listens, as seen from this machine'),
})

const Certificate = Type.Object({
  kind: oneOf(['ca', 'rsa', 'ec'], 'ca: what devices pin; the others are shown to clients, by what they can use'),
  subject: text('Whom it names'),
  names: Type.Array(Type.String(), { description: 'Host names and addresses that it is good for' }),
  notBefore: time('From when it holds'),
  notAfter: time('Until when it holds'),
  daysLeft: Type.Integer({ description: 'Whole days until then; negative = it has run out' }),
  sha256: text('Fingerprint, upper-case hex with colons'),
})

const SystemReply = Type.Object(
  {
    version: text('Version of the server'),
    startedAt: time('When this process started'),
    instanceId: nullable.text('Id of the instance; null = none is set'),
    publicHosts: Type.Array(Type.String(), { description: 'Host names and addresses that devices use, as set' }),
    endpoints: Type.Array(Endpoint),
    certificates: Type.Array(Certificate),
    storage: Type.Object({
      kind: oneOf(['sqlite', 'postgres'], 'What the registry is in'),
      detail: text('Where that is: the file, or host and name of the database'),
      ok: flag('Whether it answers'),
      sizeBytes: nullable.integer('Size of tables and indexes; null while it does not answer'),
      problem: nullable.text('Why it does not'),
    }),
    broker: Type.Object({
      kind: oneOf(['embedded', 'relay'], 'Who keeps MQTT sessions: this server, or an MQTT cluster'),
      upstream: Type.Array(Type.Object({ host: text('host:port'), ok: flag('Whether it answers') }), {
        description: 'Hosts of the MQTT cluster',
      }),
    }),
    gateways: Type.Array(
      Type.Object({
        id: text('Number of the gateway, rising with each start'),
        self: flag('Whether it is this one'),
        ok: flag('Whether it is alive: its lease has not run out'),
        leasedUntil: time('When its lease runs out unless it renews it'),
      }),
      { description: 'Servers that share the registry; empty where only one may' },
    ),
    workers: Type.Array(
      Type.Object({
        number: count('How operators know it'),
        connections: count('Its connections'),
        lagMs: Type.Number({ description: 'How far its event loop is behind' }),
        residentBytes: count('Memory that it takes up'),
      }),
      { description: 'Worker processes that take connections; empty where one process does all' },
    ),
    limits: Type.Array(
      Type.Object({
        name: text('connections, journal-entries, queued-bytes, retained-messages or retained-bytes'),
        used: count('How much is used'),
        limit: count('How much there may be'),
        setting: nullable.text('The setting that says so; null = it is fixed'),
      }),
    ),
  },
  { description: 'This server, its certificates and stores, and who shares them' },
)

export function systemRoutes(api: Api, { system, broker, workers, version, clock }: HttpParts): void {
  const startedAt = iso(clock())
  api.get(
    '/system',
    {
      config: { access: 'read', allProducts: true },
      schema: {
        operationId: 'system',
        summary: 'Endpoints, certificates, storage, gateways, and how full the limits are',
        tags: ['operation'],
        response: { 200: SystemReply, ...keyedProblems() },
      },
    },
    async () => {
      const { certificates, gateways, endpoints, limits, publicHosts, ...rest } = await system()
      return {
        version,
        startedAt,
        ...rest,
        publicHosts: [...publicHosts],
        endpoints: [...endpoints],
        limits: [...limits],
        broker: brokerOf(broker.stats()),
        certificates: certificates.map(({ names, notBefore, notAfter, ...certificate }) => ({
          ...certificate,
          names: [...names],
          notBefore: iso(notBefore),
          notAfter: iso(notAfter),
          daysLeft: Math.floor((notAfter - clock()) / DAY_MS),
        })),
        gateways: gateways.map(({ leasedUntil, ...gateway }) => ({ ...gateway, leasedUntil: iso(leasedUntil) })),
        workers: (workers?.().all ?? []).map(({ number, connections, lagMs, residentBytes }) => ({
          ...{ number, connections, lagMs, residentBytes },
        })),
      }
    },
  )
}

function brokerOf({ upstream }: BrokerStats) {
  const hosts = Object.entries(upstream ?? {}).map(([host, { reachable }]) => ({ host, ok: reachable }))
  return { kind: upstream === null ? ('embedded' as const) : ('relay' as const), upstream: hosts }
}
