import type { SecureContextOptions } from 'node:tls'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { DEVICE_TOPIC_LIMITS } from '@hatchway/protocol'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { Logger } from 'pino'
import type { Broker } from '../broker/port.ts'
import type { Onboarding } from '../onboarding/admission.ts'
import type { Activity } from '../platform/activity.ts'
import type { Rrpc } from '../platform/rrpc.ts'
import type { Accounts } from '../registry/accounts/index.ts'
import type { AdministrationDesk } from '../registry/administration.ts'
import type { Registry } from '../registry/registry.ts'
import type { GatewayLease } from '../registry/store.ts'
import type { TimeMs, Transport } from '../registry/types.ts'
import type { ConsoleFiles } from './console-files.ts'
import type { SingleSignOn } from './sign-in/single-sign-on.ts'

/** The Fastify instance as routes see it: request types follow from TypeBox schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What the gateway tells about itself; structural, so that this room needs nothing from it. */
export interface GatewayFigures {
  /** Open connections, registrations included. */
  connections: Readonly<Partial<Record<Transport, number>>>
  /** Connections accepted since the start. */
  accepted: number
  /** Connections closed before their CONNECT was answered, by reason, since the start. */
  rejected: Readonly<Record<string, number>>
}

/** What the worker processes tell about themselves. */
export interface WorkerFigures {
  /** Those that run; `number` is how operators know it. */
  all: readonly { number: number; connections: number; lagMs: number; cpuSeconds: number; residentBytes: number }[]
  /** Processes that were started in the place of one that had ended. */
  restarts: number
}

export interface ServedEndpoint {
  kind: 'mqtt' | 'http'
  url: string
}

export interface ServedCertificate {
  kind: 'ca' | 'rsa' | 'ec'
  subject: string
  names: readonly string[]
  notBefore: TimeMs
  notAfter: TimeMs
  /** Upper-case hex with colons. */
  sha256: string
}

export interface StorageState {
  kind: 'sqlite' | 'postgres'
  /** Where it is. */
  detail: string
  ok: boolean
  sizeBytes: number | null
  problem: string | null
}

export interface Limit {
  name: string
  used: number
  limit: number
  setting: string | null
}

/** What the composition root knows of the whole. */
export interface SystemReport {
  instanceId: string | null
  publicHosts: readonly string[]
  endpoints: readonly ServedEndpoint[]
  certificates: readonly ServedCertificate[]
  storage: StorageState
  gateways: readonly GatewayLease[]
  limits: readonly Limit[]
}

export interface Readiness {
  ready: boolean
  /** Why not, one sentence each; empty when ready. */
  problems: readonly string[]
}

export interface HttpSettings {
  host: string
  /** 0 = a free one. */
  port: number
  maxBodyBytes: number
  maxImportBytes: number
  maxImportRows: number
  /** Largest payload of a message that the API sends to a device. */
  maxPayloadBytes: number
  /** Longest topic and most slashes in a topic that a device may have. */
  maxTopicBytes: number
  maxTopicSlashes: number
  /** Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto count; none by default. */
  trustedProxies: readonly string[]
  /** Let people sign in over plain HTTP from other machines too. */
  plainSignIn: boolean
  /** Host names, beside addresses and localhost, by which people may reach this server over plain HTTP. */
  publicHosts: readonly string[]
  /** Addresses or networks from which other MQTT brokers may ask without an API key. */
  brokerAuthAddresses: readonly string[]
  /** As in the settings of the onboarding. */
  brokerClientIds: 'own' | 'any'
  maxConnections: number
  /** Open event streams. */
  maxListeners: number
  /** Bytes that may wait for one event listener; beyond it the stream is cut and the listener resumes. */
  maxListenerBytes: number
  /** Journal entries that one resumed stream replays; then it ends, and the listener resumes from there. */
  maxReplayEntries: number
  heartbeatMs: number
  /** How often event listeners are told the rates of the moment. */
  ratesMs: number
  /** From the first byte to the last one of a request. */
  requestTimeoutMs: number
  headersTimeoutMs: number
  keepAliveTimeoutMs: number
  /** From the whole request to the reply. */
  handlerTimeoutMs: number
}

export const HTTP_DEFAULTS = {
  maxBodyBytes: 1_048_576,
  maxImportBytes: 2_097_152,
  maxImportRows: 10_000,
  maxPayloadBytes: 262_144,
  maxTopicBytes: DEVICE_TOPIC_LIMITS.maxBytes,
  maxTopicSlashes: DEVICE_TOPIC_LIMITS.maxSlashes,
  trustedProxies: [],
  plainSignIn: false,
  publicHosts: [],
  brokerAuthAddresses: ['127.0.0.0/8', '::1'],
  brokerClientIds: 'own',
  maxConnections: 1000,
  maxListeners: 100,
  maxListenerBytes: 1_048_576,
  maxReplayEntries: 10_000,
  heartbeatMs: 15_000,
  ratesMs: 1000,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 10_000,
  handlerTimeoutMs: 30_000,
} as const satisfies Omit<HttpSettings, 'host' | 'port'>

/** What the HTTP room is given by the composition root. */
export interface HttpParts {
  registry: Registry
  administration: AdministrationDesk
  accounts: Accounts
  /** Null where there is none. */
  singleSignOn: SingleSignOn | null
  onboarding: Pick<Onboarding, 'explain' | 'registerByHttp' | 'admitAtBroker'>
  broker: Pick<Broker, 'publish' | 'stats' | 'onPresence' | 'connected' | 'watch'>
  rrpc: Pick<Rrpc, 'call'>
  activity: Pick<Activity, 'totals' | 'history'>
  /** Certificates and their settings, where the port takes HTTPS; null = plain HTTP. */
  tls: SecureContextOptions | null
  /** The CA file that devices pin, PEM. */
  caPem: () => string
  gatewayStats: () => GatewayFigures
  /** undefined where one process does all. */
  workers?: (() => WorkerFigures) | undefined
  readiness: () => Promise<Readiness>
  system: () => Promise<SystemReport>
  /** Null where the console was not built. */
  consoleFiles: ConsoleFiles | null
  settings: HttpSettings
  version: string
  clock: () => TimeMs
  log: Pick<Logger, 'error' | 'warn' | 'info'>
}
