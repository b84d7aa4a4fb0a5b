import {
  flag,
  host,
  integer,
  issuerUrl,
  listOf,
  matching,
  network,
  noneOr,
  oneOf,
  port,
  postgresUrl,
  roleMapping,
  text,
  type ValueReader,
} from './option-values.ts'
import { upstreamUrl } from './upstream-url.ts'

interface Option<Value> {
  read: ValueReader<Value>
  /** As it would be written in the environment; null = unset. */
  default: Value | null
  description: string
  /** Never printed. */
  secret?: boolean
}

const option = <Value, Default extends Value | null>(
  definition: Option<Value> & { default: Default },
): Option<Value> & { default: Default } => definition

/** Every setting of `hatchway serve`, once: the type, the check, the help text and the page in docs/ all come from this table. */
export const OPTIONS = {
  dataDir: option({
    read: text(),
    default: './hatchway-data',
    description: 'folder of the database, certificates and keys',
  }),
  mqttPort: option({
    read: listOf(port, 16),
    default: [1883],
    description: 'MQTT ports, comma list; each takes TLS, plain TCP, ws and wss; 0 = a free one',
  }),
  mqttHost: option({ read: host, default: '0.0.0.0', description: 'address that the MQTT ports listen on' }),
  proxyProtocolPorts: option({
    read: listOf(port, 16),
    default: null,
    description: 'those of the MQTT ports that are for load balancers which send a PROXY protocol header, comma list',
  }),
  proxyProtocolTrusted: option({
    read: listOf(network, 32),
    default: null,
    description: 'addresses or networks of those load balancers, comma list; nobody else may connect to these ports',
  }),
  httpPort: option({ read: port, default: 8080, description: 'port of the HTTP API; 0 = a free one' }),
  httpHost: option({ read: host, default: '127.0.0.1', description: 'address that the HTTP API listens on' }),
  httpTrustedProxies: option({
    read: listOf(network, 32),
    default: null,
    description: 'addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count, comma list',
  }),
  httpTls: option({
    read: flag,
    default: false,
    description: 'serve the HTTP port by HTTPS only, with the certificates of the MQTT ports',
  }),
  httpPlainSignIn: option({
    read: flag,
    default: false,
    description:
      'let people sign in over plain HTTP from other machines too, where nobody can listen on the way; API keys may always',
  }),
  signInIdleMinutes: option({
    read: integer(1, 43_200),
    default: 480,
    description: 'how long a user stays signed in without a request, minutes',
  }),
  signInMaxHours: option({
    read: integer(1, 8760),
    default: 168,
    description: 'how long a user stays signed in at most, hours',
  }),
  oidcIssuer: option({
    read: issuerUrl,
    default: null,
    description: 'single sign-on by OpenID Connect: the issuer; its callback is https://…/api/v1/session/oidc/callback',
  }),
  oidcClientId: option({ read: text(256), default: null, description: 'client id at the issuer' }),
  oidcClientSecret: option({
    read: text(1024),
    default: null,
    secret: true,
    description: 'client secret at the issuer; without it the client is a public one',
  }),
  oidcName: option({ read: text(64), default: 'Single sign-on', description: 'what the button to sign in by it says' }),
  oidcScope: option({ read: text(256), default: 'openid profile email', description: 'what the issuer is asked for' }),
  oidcNameClaim: option({
    read: text(128),
    default: 'preferred_username',
    description: 'claim that becomes the user name',
  }),
  oidcRoleClaim: option({ read: text(128), default: 'groups', description: 'claim that decides on the role' }),
  oidcRoles: option({
    read: listOf(roleMapping, 32),
    default: null,
    description:
      'role=value, comma list: who has the value in that claim has the role, * = everybody; the first that fits counts',
  }),
  brokerAuthAddresses: option({
    read: noneOr(listOf(network, 32)),
    default: ['127.0.0.0/8', '::1'],
    description:
      'addresses or networks from which other MQTT brokers may ask about their clients without an API key, comma list; none = nowhere',
  }),
  brokerAuthClientIds: option<'own' | 'any', 'own'>({
    read: oneOf(['own', 'any']),
    default: 'own',
    description:
      'clientIds that may log in at other brokers: own = those that name the client; any = all, and clients can take sessions over',
  }),
  adminToken: option({
    read: matching(
      /^[\x21-\x7e]{1,256}$/,
      'give up to 256 visible ASCII characters, 16 at least where others reach the API',
    ),
    default: null,
    secret: true,
    description: 'admin API key of your own choosing; else one is made on first start and printed once',
  }),
  publicHost: option({
    read: listOf(host, 32),
    default: null,
    description: 'host names and addresses that devices use, comma list: they go into the made certificates',
  }),
  instanceId: option({
    read: matching(/^[A-Za-z0-9_-]{1,64}$/, 'give 1 to 64 letters, digits, - or _, such as iot-060a0abc'),
    default: null,
    description: 'id of this instance; a device that sends another one is refused',
  }),
  tlsCert: option({
    read: listOf(text(), 4),
    default: null,
    description: 'PEM certificate files (RSA and EC), comma list, instead of the made ones',
  }),
  tlsKey: option({
    read: listOf(text(), 4),
    default: null,
    description: 'PEM private key files for --tls-cert, comma list',
  }),
  tlsLegacyCiphers: option({
    read: flag,
    default: true,
    description: 'offer the static-RSA CBC suites that older C SDKs need, last in the list',
  }),
  masterKeyFile: option({
    read: text(),
    default: null,
    description: 'file of the master key; else master.key in the data folder',
  }),
  databaseUrl: option({
    read: postgresUrl,
    default: null,
    secret: true,
    description: 'PostgreSQL as registry, postgres://user:password@host:port/database; else SQLite in the data folder',
  }),
  upstreamUrl: option({
    read: upstreamUrl,
    default: null,
    secret: true,
    description:
      'an MQTT cluster in the place of the built-in broker, mqtt(s)://user:password@host:port,host:port; each connection is relayed to it',
  }),
  upstreamTlsCa: option({
    read: text(),
    default: null,
    description:
      'PEM file of the authorities that certificates of the MQTT cluster are checked by; else the well-known ones',
  }),
  upstreamConnectTimeoutMs: option({
    read: integer(100, 60_000),
    default: 5000,
    description: 'longest wait of a client for the MQTT cluster, over all its hosts, before it is told to retry, ms',
  }),
  workers: option({
    read: integer(0, 64),
    default: 0,
    description: 'processes that take connections, beside the one with broker and API; 0 = one process does all',
  }),
  connectTimeoutMs: option({
    read: integer(100, 600_000),
    default: 10_000,
    description: 'from accepting a connection to its whole CONNECT, TLS handshake included, ms',
  }),
  registrationTimeoutMs: option({
    read: integer(100, 600_000),
    default: 15_000,
    description: 'how long a registered device may take to hang up, ms',
  }),
  connectsPerMinute: option({
    read: integer(0, 100_000),
    default: 30,
    description: 'verified CONNECTs per device and minute, registrations included; 0 = no limit',
  }),
  maxConnections: option({ read: integer(1, 10_000_000), default: 100_000, description: 'open connections in all' }),
  maxConnectionsPerAddress: option({
    read: integer(1, 10_000_000),
    default: 4096,
    description: 'open connections per peer address',
  }),
  maxPayloadBytes: option({
    read: integer(1024, 16_777_216),
    default: 262_144,
    description: 'largest message payload, bytes',
  }),
  maxTopicBytes: option({ read: integer(16, 65_535), default: 128, description: 'longest topic of a device, bytes' }),
  maxTopicSlashes: option({ read: integer(1, 255), default: 7, description: 'most slashes in a topic of a device' }),
  maxSessions: option({
    read: integer(1, 10_000_000),
    default: 1_000_000,
    description: 'MQTT sessions that outlive their connections, in all',
  }),
  sessionExpirySeconds: option({
    read: integer(0, 4_294_967_295),
    default: 604_800,
    description: 'how long sessions of MQTT 3.1 and 3.1.1 clients without Clean Session outlive their connections, s',
  }),
  maxSessionExpirySeconds: option({
    read: integer(0, 4_294_967_295),
    default: 2_592_000,
    description: 'longest session expiry interval that is granted, s; 4294967295 = no limit',
  }),
  journalLimit: option({
    read: integer(1000, 100_000_000),
    default: 100_000,
    description: 'entries the journal keeps; the oldest go first',
  }),
  storeTimeoutMs: option({
    read: integer(100, 60_000),
    default: 5000,
    description: 'longest wait for the database before a device is told to retry, ms',
  }),
  offlineLoginSeconds: option({
    read: integer(0, 86_400),
    default: 600,
    description:
      'how long clients that are remembered can log in while the database is away, s; 0 = for the 30 s that lookups are kept anyway',
  }),
  gatewayLeaseMs: option({
    read: integer(500, 600_000),
    default: 20_000,
    description:
      'with PostgreSQL: so long after the death of a gateway its devices begin to go off line, the same for all gateways, ms',
  }),
  drainDelayMs: option({
    read: integer(0, 300_000),
    default: 0,
    description: 'how long SIGTERM leaves the ports open while /readyz already answers 503, ms',
  }),
  drainTimeoutMs: option({
    read: integer(100, 60_000),
    default: 8000,
    description: 'longest wait for open answers on SIGTERM, ms',
  }),
  logLevel: option({
    read: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    description: 'least level that is logged',
  }),
} as const

export type OptionName = keyof typeof OPTIONS
type ValueOf<O> = O extends { read: ValueReader<infer Value>; default: infer Default }
  ? Value | (Default extends null ? null : never)
  : never

/** The whole configuration, checked. Units are in the names. */
export type Config = { readonly [Name in OptionName]: ValueOf<(typeof OPTIONS)[Name]> }

const words = (name: string): string[] => name.split(/(?=[A-Z])/)
export const environmentName = (name: OptionName): string => `HATCHWAY_${words(name).join('_').toUpperCase()}`
export const flagName = (name: OptionName): string => `--${words(name).join('-').toLowerCase()}`

/** For help texts and the settings page, in the order of the table. */
export const configOptions = (Object.keys(OPTIONS) as OptionName[]).map(name => ({
  name,
  env: environmentName(name),
  flag: flagName(name),
  description: OPTIONS[name].description,
  default: OPTIONS[name].default,
}))
