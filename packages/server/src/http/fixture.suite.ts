import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newClientId, newDeviceSecret, newKeyId, newKeySecret } from '@hatchway/protocol'
import { expect } from 'vitest'
import type { BrokerStats, Identity, Message, PassingMessage, Presence } from '../broker/port.ts'
import { createOnboarding } from '../onboarding/admit.ts'
import { createActivity } from '../platform/activity.ts'
import type { RrpcAnswer, RrpcRequest } from '../platform/rrpc.ts'
import { type Accounts, createAccounts, type Users } from '../registry/accounts/index.ts'
import { createAdministration } from '../registry/administration.ts'
import type { Actor } from '../registry/audit/index.ts'
import { createRegistry } from '../registry/create-registry.ts'
import { hashSecret } from '../registry/hash.ts'
import { DEFAULT_PRODUCT_SETTINGS } from '../registry/product-settings.ts'
import type { Registry } from '../registry/registry.ts'
import { createSqliteStore } from '../registry/sqlite/sqlite-store.ts'
import type { ActivationRequest } from '../registry/store.ts'
import type { KeyRole, NewJournalEntry, ProductSettings, UserRole } from '../registry/types.ts'
import { type DocumentedPaths, replyChecker } from './documented-reply.suite.ts'
import type { GatewayFigures, HttpParts, HttpSettings, Readiness, SystemReport } from './parts.ts'
import { createHttpServer, type HttpServer } from './server.ts'

export const ADMIN_SECRET = 'the-admin-secret-of-the-tests'
export const CA_PEM = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'

export const TESTER: Actor = { kind: 'server', id: 'test', name: 'test', address: null, via: 'api' }

/** What the console's pages send with every request, and their browser adds. */
export const FROM_CONSOLE = {
  'x-hatchway-request': '1',
  'sec-fetch-site': 'same-origin',
  host: 'localhost:8080',
} as const
/** Of every user that tests make. */
export const USER_PASSWORD = 'correct horse battery'

export interface RequestOptions {
  method?: string
  url: string
  /** Secret of the key; the admin's without it, none for null. */
  key?: string | null
  headers?: Record<string, string>
  /** Of a session, sent as the console does instead of a key. */
  cookie?: string
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  text?: string
  /** Peer address; 127.0.0.1 without it. */
  remoteAddress?: string
}

export interface Reply {
  status: number
  headers: Record<string, unknown>
  text: string
  /** The JSON, undefined where the reply has none. */
  body: unknown
}

/** Everything that is replaced or set by single tests. */
export interface FixtureOptions {
  settings?: Partial<HttpSettings>
  parts?: Partial<Pick<HttpParts, 'onboarding' | 'broker' | 'tls' | 'consoleFiles' | 'singleSignOn'>>
}

/** The HTTP server over the real registry on SQLite and the real onboarding; broker and gateway are figures that a test sets. */
export interface HttpFixture {
  server: HttpServer
  registry: Registry
  accounts: Accounts
  users: Users
  published: Message[]
  logged: unknown[]
  gateway: GatewayFigures
  readiness: Readiness
  broker: BrokerStats
  system: SystemReport
  connected: Map<string, Identity>
  answerRrpc: (request: RrpcRequest) => Promise<RrpcAnswer>
  /** Sends the request, and checks the reply against the OpenAPI document. */
  request(options: RequestOptions): Promise<Reply>
  nowIso(): string
  advance(ms: number): void
  createProduct(productKey: string, settings?: Partial<ProductSettings>): Promise<void>
  /** A product with a key of its own, so that tests can share a server. */
  newProduct(settings?: Partial<ProductSettings>): Promise<string>
  createDevice(productKey: string, deviceName: string): Promise<void>
  /** The new secret. */
  createKey(key: { role: KeyRole; products?: readonly string[] }): Promise<string>
  createKeyPair(key: { role: KeyRole; products?: readonly string[] }): Promise<{ id: string; secret: string }>
  /** A new user who has signed in; the cookie. */
  signIn(user: { role: UserRole; name?: string }): Promise<string>
  /** Registers in the mode `register`; the DeviceSecret. */
  registerDevice(productKey: string, deviceName: string): Promise<string>
  /** Registers in the mode `regnwl`; the ClientID. */
  registerUnit(productKey: string, deviceName: string): Promise<string>
  activate(productKey: string, deviceName: string, credential: ActivationRequest['credential']): Promise<void>
  /** Registers, logs in, and is there. */
  setOnline(productKey: string, deviceName: string): Promise<void>
  /** Journals a refusal. */
  refuse(productKey: string | null, deviceName: string | null, entry?: Partial<NewJournalEntry>): void
  tellPresence(presence: Presence): void
  /** A message of a session passes by. */
  pass(sessionId: string, message: PassingMessage): void
  /** How many watch a session. */
  watchers(): number
  close(): Promise<void>
}

const START_MS = Date.UTC(2026, 0, 31, 12)

export async function startHttp(options: FixtureOptions = {}): Promise<HttpFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'hatchway-http-'))
  let now = START_MS
  const clock = (): number => now
  const store = await createSqliteStore({
    file: join(directory, 'registry.db'),
    masterKey: randomBytes(32),
    rulesModule: new URL('../onboarding/rules.ts', import.meta.url),
    clock,
    groupCommitWindowMs: 0,
  })
  const registry = createRegistry({ store, clock })
  const presenceListeners = new Set<(presence: Presence) => void>()
  const published: Message[] = []
  const logged: unknown[] = []
  const figures = {
    gateway: IDLE_GATEWAY,
    readiness: { ready: true, problems: [] } as Readiness,
    broker: IDLE_BROKER,
    system: SYSTEM,
    connected: new Map<string, Identity>(),
    answerRrpc: async (_request: RrpcRequest): Promise<RrpcAnswer> => ({ ok: false, reason: 'device-offline' }),
  }
  const watches = new Set<{ sessionId: string; handler: (message: PassingMessage) => void }>()
  const log = (entry: unknown): void => void logged.push(entry)
  const onPresence: HttpParts['broker']['onPresence'] = listener => {
    presenceListeners.add(listener)
    return () => presenceListeners.delete(listener)
  }
  const activity = createActivity({ broker: { onPresence }, registry, clock, onError: log })
  const accounts = createAccounts({
    registry,
    clock,
    times: { idleMs: 3_600_000, maxMs: 24 * 3_600_000 },
    setupSecret: randomBytes(32),
    passwordCost: { ln: 4, r: 8, p: 1 },
    onError: log,
  })
  const users = accounts.users.by(TESTER)
  const server = createHttpServer({
    registry,
    accounts,
    tls: null,
    singleSignOn: null,
    administration: createAdministration({ registry, clock, random: randomBytes }),
    onboarding: createOnboarding({
      registry,
      clock,
      random: randomBytes,
      settings: { instanceId: null, connectsPerMinute: 0 },
    }),
    broker: {
      publish: async message => {
        published.push(message)
        return { subscribers: 1 }
      },
      stats: () => figures.broker,
      onPresence,
      connected: sessionId => figures.connected.get(sessionId),
      watch(sessionId, handler) {
        const watch = { sessionId, handler }
        watches.add(watch)
        return () => watches.delete(watch)
      },
    },
    rrpc: { call: request => figures.answerRrpc(request) },
    activity,
    caPem: () => CA_PEM,
    consoleFiles: null,
    gatewayStats: () => figures.gateway,
    readiness: async () => figures.readiness,
    system: async () => figures.system,
    version: '0.0.0-test',
    clock,
    log: { error: log, warn: log, info: log },
    ...options.parts,
    settings: { host: '127.0.0.1', port: 0, ...options.settings },
  })
  const makeKey = keyMaker(registry, clock)
  await makeKey({ role: 'admin' }, ADMIN_SECRET)
  const document = await inject(server, { url: '/api/v1/openapi.json' })
  const checkReply = replyChecker(document.body as DocumentedPaths)

  return Object.assign(figures, {
    server,
    registry,
    accounts,
    users,
    published,
    logged,
    async request(request: RequestOptions): Promise<Reply> {
      const reply = await inject(server, request)
      checkReply(request, reply)
      return reply
    },
    nowIso: () => new Date(now).toISOString(),
    advance(ms: number) {
      now += ms
    },
    ...registryActs(registry, clock),
    async signIn({ role, name = role }: { role: UserRole; name?: string }) {
      await users.create({ name, role, password: USER_PASSWORD })
      const body = { name, password: USER_PASSWORD }
      const reply = await inject(server, { method: 'POST', url: '/api/v1/session', cookie: '', body })
      return cookieOf(reply)
    },
    createKey: async (key: Parameters<typeof makeKey>[0]) => (await makeKey(key)).secret,
    createKeyPair: (key: Parameters<typeof makeKey>[0]) => makeKey(key),
    tellPresence(presence: Presence) {
      for (const listener of presenceListeners) listener(presence)
    },
    watchers: () => watches.size,
    pass(sessionId: string, message: PassingMessage) {
      for (const watch of watches) if (watch.sessionId === sessionId) watch.handler(message)
    },
    async close() {
      await server.close()
      expect(watches.size, 'watches that are left').toBe(0)
      await activity.close()
      expect(presenceListeners.size, 'presence listeners that are left').toBe(0)
      await registry.close()
      await rm(directory, { recursive: true, force: true })
    },
  })
}

async function inject(
  { api }: HttpServer,
  { method = 'GET', url, cookie, key = cookie === undefined ? ADMIN_SECRET : null, headers, ...rest }: RequestOptions,
) {
  const { body, text, remoteAddress } = rest
  const reply = await api.inject({
    method: method as 'GET',
    url,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(cookie === undefined ? {} : { ...FROM_CONSOLE, cookie }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: body as object }),
    ...(text === undefined ? {} : { payload: text }),
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  })
  const isJson = /[/+]json\b/.test(String(reply.headers['content-type']))
  return {
    status: reply.statusCode,
    headers: { ...reply.headers },
    text: reply.body,
    body: isJson ? (JSON.parse(reply.body) as unknown) : undefined,
  }
}

/** What a browser would send back. */
export const cookieOf = ({ headers }: Reply): string => String(headers['set-cookie']).split(';')[0] ?? ''

function keyMaker(registry: Registry, clock: () => number) {
  return async ({ role, products }: { role: KeyRole; products?: readonly string[] }, given?: string) => {
    const secret = given ?? newKeySecret(randomBytes)
    const id = newKeyId(randomBytes)
    const secretHash = hashSecret(secret)
    const key = { id, name: role, role, products: products ?? null, secretHash, createdAt: clock(), revokedAt: null }
    await registry.store.createApiKey(key)
    return { id, secret }
  }
}

const ENTRY = {
  outcome: 'refused',
  reason: 'device-unknown',
  mode: 'register',
  address: '192.0.2.7',
  transport: 'tls',
  tlsVersion: 'TLSv1.2',
  tlsCipher: 'AES256-SHA256',
  mqttVersion: '3.1.1',
  connackCode: 4,
  detail: null,
} as const satisfies Partial<NewJournalEntry>

function registryActs(registry: Registry, clock: () => number) {
  const register = async (productKey: string, deviceName: string, how: RegistrationPart): Promise<void> => {
    const entry = { ...ENTRY, outcome: 'registered', reason: 'registered', connackCode: 0 } as const
    const journal = { ...entry, time: clock(), mode: how.mode, productKey, deviceName }
    const outcome = await registry.register({ ...how, productKey, deviceName, now: clock(), journal })
    expect(outcome).toMatchObject({ ok: true })
  }
  const activate = async (
    productKey: string,
    deviceName: string,
    credential: ActivationRequest['credential'],
  ): Promise<void> => {
    const outcome = await registry.activate({ productKey, deviceName, now: clock(), credential })
    expect(outcome).toEqual({ ok: true })
  }
  const createProduct = async (productKey: string, settings: Partial<ProductSettings> = {}): Promise<void> => {
    const at = { createdAt: clock(), updatedAt: clock() }
    const all = { ...DEFAULT_PRODUCT_SETTINGS, dynamicRegistration: true, ...settings }
    await registry.store.createProduct({ productKey, productSecret: 'psecret', name: productKey, ...all, ...at })
  }
  let products = 0
  return {
    createProduct,
    async newProduct(settings: Partial<ProductSettings> = {}) {
      const productKey = `made${++products}`
      await createProduct(productKey, settings)
      return productKey
    },
    async createDevice(productKey: string, deviceName: string) {
      await registry.store.createDevices([{ productKey, deviceName, deviceSecret: null, createdAt: clock() }])
    },
    async registerDevice(productKey: string, deviceName: string) {
      const deviceSecret = newDeviceSecret(randomBytes)
      await register(productKey, deviceName, { mode: 'register', fresh: { deviceSecret } })
      return deviceSecret
    },
    async registerUnit(productKey: string, deviceName: string) {
      const clientId = newClientId(randomBytes)
      await register(productKey, deviceName, { mode: 'regnwl', fresh: { clientId, tokenHash: hashSecret(clientId) } })
      return clientId
    },
    activate,
    async setOnline(productKey: string, deviceName: string) {
      const deviceSecret = newDeviceSecret(randomBytes)
      await register(productKey, deviceName, { mode: 'register', fresh: { deviceSecret } })
      await activate(productKey, deviceName, { deviceSecret })
      await registry.store.notePresence([{ productKey, deviceName, online: true, at: clock(), address: '192.0.2.7' }])
    },
    refuse(productKey: string | null, deviceName: string | null, entry: Partial<NewJournalEntry> = {}) {
      registry.journal.record({ ...ENTRY, time: clock(), productKey, deviceName, ...entry })
    },
  }
}
type RegistrationPart =
  | { mode: 'register'; fresh: { deviceSecret: string } }
  | { mode: 'regnwl'; fresh: { clientId: string; tokenHash: string } }

const SYSTEM: SystemReport = {
  instanceId: null,
  publicHosts: [],
  endpoints: [],
  certificates: [],
  storage: { kind: 'sqlite', detail: 'hatchway.db', ok: true, sizeBytes: 4096, problem: null },
  gateways: [],
  limits: [],
}
const IDLE_GATEWAY: GatewayFigures = { connections: {}, accepted: 0, rejected: {} }
const IDLE_BROKER: BrokerStats = {
  connections: 0,
  sessions: 0,
  subscriptions: 0,
  messagesIn: { 0: 0, 1: 0, 2: 0 },
  messagesOut: { 0: 0, 1: 0, 2: 0 },
  bytesIn: 0,
  bytesOut: 0,
  dropped: {},
  queuedBytes: 0,
  connectionsByVersion: { '3.1': 0, '3.1.1': 0, '5.0': 0 },
  retained: { messages: 0, bytes: 0 },
  sharedGroups: 0,
  upstream: null,
}
