import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  type CertificateSource,
  type Certificates,
  httpsOptions,
  loadCertificates,
  watchCertificates,
} from '../gateway/index.ts'
import { loadConsole } from '../http/console-files.ts'
import type { ServedEndpoint } from '../http/parts.ts'
import { createHttpServer } from '../http/server.ts'
import { createSingleSignOn, type SingleSignOn } from '../http/sign-in/single-sign-on.ts'
import { setupUrl } from '../http/sign-in/users.ts'
import { createOnboarding } from '../onboarding/admit.ts'
import { rules } from '../onboarding/rules.ts'
import { createActivity } from '../platform/activity.ts'
import { createPlatform } from '../platform/platform.ts'
import { createRrpc } from '../platform/rrpc.ts'
import { answerSubDevices } from '../platform/sub-devices.ts'
import { type Accounts, createAccounts } from '../registry/accounts/index.ts'
import { THE_SERVER } from '../registry/audit/index.ts'
import type { AnnouncingRegistry } from '../registry/create-registry.ts'
import {
  type Administration,
  createAdministration,
  createPostgresStore,
  createRegistry,
  createSqliteStore,
  deriveKey,
  loadOrCreateMasterKey,
} from '../registry/index.ts'
import type { OutageState } from '../registry/registry.ts'
import { createSealer } from '../registry/seal.ts'
import type { LeaseEvent } from '../registry/store.ts'
import { CUT_TIMEOUT_MS, openBroker } from './broker.ts'
import { type DataFolder, DataFolderError, openDataFolder } from './data-folder.ts'
import { openFront } from './front.ts'
import { errorsTo, type Log } from './log.ts'
import { openFilesLimit, withinOpenFiles } from './open-files.ts'
import type { Config } from './options.ts'
import { createRandomPool } from './random-pool.ts'
import { reachableHost } from './reachable-host.ts'
import { createReadiness } from './readiness.ts'
import { createSystemReport } from './system-report.ts'
import { version } from './version.ts'

export interface MqttEndpoint {
  host: string
  port: number
  /** `mqtt://host:port`; the same port takes mqtts, ws and wss. */
  url: string
}

export interface RunningServer {
  mqtt: readonly MqttEndpoint[]
  /** Base URL of the API, without a slash at its end. */
  http: string
  /** The file that devices pin. */
  caFile: string
  /** Only when it was made in this start; it is in `<data folder>/admin-token` too. */
  adminToken: string | null
  /** Sets the first password; only as long as there is no user. */
  setupLink: string | null
  /** Things that work but will hurt, one sentence each. */
  warnings: readonly string[]
  /** Says that it is unready, for the drain delay; then takes nothing new, finishes what was begun (bounded by the drain time-out), closes everything. */
  stop(): Promise<void>
}

export const MASTER_KEY_FILE = 'master.key'
const ADMIN_TOKEN_FILE = 'admin-token'
const TICKET_PURPOSE = 'TLS session tickets'
const SIGN_ON_PURPOSE = 'single sign-on'
const SETUP_PURPOSE = 'links that set the first password'
export const DATABASE_FILE = 'hatchway.db'
const RULES_MODULE = new URL(
  import.meta.url.endsWith('.ts') ? '../onboarding/rules.ts' : '../onboarding/rules.js',
  import.meta.url,
)
const CONSOLE_FOLDER = fileURLToPath(new URL('../../../console/dist', import.meta.url))
const clock = (): number => Date.now()

/**
 * Builds the rooms from the bottom up and opens the doors last. Rejects with one clear sentence, and nothing left open, when the data
 * folder, the database, a certificate or a port can't be used.
 */
export async function startServer(config: Config, { log }: { log: Log }): Promise<RunningServer> {
  // Closed from the last to the first: a room ends before those that it stands on.
  const rooms = new AsyncDisposableStack()
  try {
    return await build(config, log, rooms)
  } catch (error) {
    await rooms.disposeAsync()
    throw error
  }
}

async function build(wanted: Config, log: Log, rooms: AsyncDisposableStack): Promise<RunningServer> {
  const { config, warnings: fileWarnings } = withinOpenFiles(wanted, openFilesLimit())
  const onError = errorsTo(log)
  const folder = openDataFolder(config.dataDir)
  rooms.defer(() => folder.release())
  const masterKey = await openMasterKey(config, folder)
  const registry = await openRegistry(config, { folder, masterKey, log })
  rooms.defer(() => registry.close())
  const random = createRandomPool()
  const administration = createAdministration({ registry, clock, random })
  const adminToken = await giveAdminKey(administration.by(THE_SERVER), config, folder)
  const accounts = openAccounts(config, { registry, masterKey, onError })
  const { instanceId, connectsPerMinute, brokerAuthClientIds: brokerClientIds } = config
  const onboardingSettings = { instanceId, connectsPerMinute, brokerClientIds }
  const onboarding = createOnboarding({ registry, clock, random, settings: onboardingSettings, onError })
  const { broker, warnings } = await openBroker(config, { folder, log, rooms, clock, onError })
  const platform = createPlatform({ broker, registry, clock, onError })
  rooms.defer(() => platform.close())
  const rrpc = createRrpc({ broker })
  rooms.defer(() => rrpc.close())
  const subDevices = answerSubDevices({ broker, onboarding, onError })
  rooms.defer(() => subDevices.close())
  const activity = createActivity({ broker, registry, clock, onError })
  rooms.defer(() => activity.close())
  const source = certificateSource(config, folder)
  const certificates = await loadCertificates(source)
  const ticketSecret = deriveKey(masterKey, TICKET_PURPOSE)
  const frontParts = { config, log, onboarding, onboardingSettings, broker, registry, certificates, ticketSecret }
  const { gateway, workers } = openFront(frontParts)
  rooms.defer(() => gateway.close(CUT_TIMEOUT_MS))
  rooms.defer(() => broker.close(CUT_TIMEOUT_MS))
  const readiness = createReadiness({
    check: () => registry.store.check(),
    outage: () => registry.outage,
    clock,
    problems: () => [broker.problem() ?? [], workers?.problems() ?? []].flat(),
  })
  const parts = { registry, administration, accounts, onboarding, broker, rrpc, activity, version, clock, log }
  const databaseFile = folder.file(DATABASE_FILE)
  const endpoints: ServedEndpoint[] = []
  const reload = (changed: Certificates): void => {
    gateway.reloadCertificates(changed)
    if (config.httpTls) http.reloadCertificates(tlsOf(changed, config))
  }
  const current = keepCertificates({ source, certificates, reload, log, rooms })
  const http = createHttpServer({
    ...parts,
    singleSignOn: singleSignOnOf(config, masterKey),
    tls: config.httpTls ? tlsOf(certificates, config) : null,
    caPem: () => caPemOf(current()),
    gatewayStats: () => gateway.stats(),
    workers: workers && (() => workers.figures()),
    readiness: () => readiness.ask(),
    system: createSystemReport({ config, databaseFile, registry, broker, gateway, certificates: current, endpoints }),
    consoleFiles: await loadConsole(CONSOLE_FOLDER),
    settings: httpSettings(config),
  })
  rooms.defer(() => http.close())
  const addresses = await gateway.listen()
  const mqtt = addresses.map(({ host, port }) => ({ host, port, url: `mqtt://${reachableHost(host)}:${port}` }))
  const httpUrl = await http.listen()
  endpoints.push(...mqtt.map(({ url }) => ({ kind: 'mqtt' as const, url })), { kind: 'http', url: httpUrl })
  return {
    mqtt,
    http: httpUrl,
    caFile: certificates.caFile ?? config.tlsCert?.[0] ?? '',
    adminToken,
    setupLink: await setupLink(accounts, { registry, httpUrl }),
    warnings: [
      ...certificates.warnings,
      ...weakTokenWarning(config),
      ...plainHttpWarning(config),
      ...unusedDatabaseWarning(config, folder),
      ...fileWarnings,
      ...warnings,
    ],
    stop: once(async () => {
      readiness.drain()
      if (config.drainDelayMs > 0) await setTimeout(config.drainDelayMs)
      gateway.drain()
      await gateway.settled(config.drainTimeoutMs)
      onboarding.drain()
      await rooms.disposeAsync()
      log.info('stopped')
    }),
  }
}

const tlsOf = ({ pairs }: Certificates, { tlsLegacyCiphers }: Config) =>
  httpsOptions(pairs, { legacyCiphers: tlsLegacyCiphers })

function certificateSource({ tlsCert, tlsKey, publicHost }: Config, folder: DataFolder): CertificateSource {
  return tlsCert === null || tlsKey === null
    ? { dataDir: folder.path, publicHosts: publicHost ?? [] }
    : { certFiles: tlsCert, keyFiles: tlsKey }
}

interface CertificateNeeds {
  source: CertificateSource
  certificates: Certificates
  /** Throws if OpenSSL refuses them. */
  reload: (changed: Certificates) => void
  log: Log
  rooms: AsyncDisposableStack
}

/** Follows the certificate files; returns those in use. */
function keepCertificates({ source, certificates, reload, log, rooms }: CertificateNeeds): () => Certificates {
  let current = certificates
  const watch = watchCertificates({
    source,
    current,
    clock: { now: clock },
    onError: error => log.error({ err: error }, 'the new certificates are not used'),
    onChange(changed) {
      reload(changed)
      current = changed
      log.info({ fingerprints: changed.fingerprints }, 'certificates reloaded')
    },
  })
  rooms.defer(() => watch.close())
  return () => current
}

const caPemOf = ({ caPem, pairs }: Certificates): string => caPem ?? pairs.map(({ cert }) => cert).join('\n')

interface AccountNeeds {
  registry: AnnouncingRegistry
  masterKey: Uint8Array
  onError: (error: unknown) => void
}

function openAccounts(config: Config, { registry, masterKey, onError }: AccountNeeds): Accounts {
  const times = { idleMs: config.signInIdleMinutes * 60_000, maxMs: config.signInMaxHours * 3_600_000 }
  return createAccounts({ registry, clock, times, setupSecret: deriveKey(masterKey, SETUP_PURPOSE), onError })
}

function singleSignOnOf(config: Config, masterKey: Uint8Array): SingleSignOn | null {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcRoles: roles } = config
  if (issuer === null || clientId === null || roles === null) return null
  const { oidcClientSecret: clientSecret, oidcName: name, oidcScope: scope } = config
  const claims = { nameClaim: config.oidcNameClaim, roleClaim: config.oidcRoleClaim }
  const sealer = createSealer(deriveKey(masterKey, SIGN_ON_PURPOSE))
  return createSingleSignOn({ issuer, clientId, clientSecret, name, scope, roles, ...claims }, sealer)
}

async function setupLink(
  accounts: Accounts,
  { registry, httpUrl }: { registry: AnnouncingRegistry; httpUrl: string },
): Promise<string | null> {
  const users = await registry.store.listUsers()
  return users.length > 0 ? null : setupUrl(httpUrl, (await accounts.setupToken(THE_SERVER)).token)
}

function httpSettings(config: Config) {
  const { httpHost, httpPort, httpTrustedProxies, httpPlainSignIn, publicHost } = config
  const { brokerAuthAddresses, brokerAuthClientIds } = config
  const { maxPayloadBytes, maxTopicBytes, maxTopicSlashes } = config
  const limits = { maxPayloadBytes, maxTopicBytes, maxTopicSlashes }
  const brokerAuth = { brokerAuthAddresses, brokerClientIds: brokerAuthClientIds }
  const signIn = { plainSignIn: httpPlainSignIn, publicHosts: [...(publicHost ?? []), httpHost] }
  const listening = { host: httpHost, port: httpPort, trustedProxies: httpTrustedProxies ?? [] }
  return { ...listening, ...signIn, ...brokerAuth, ...limits }
}

async function openMasterKey({ masterKeyFile, databaseUrl }: Config, folder: DataFolder): Promise<Buffer> {
  const keyFile = masterKeyFile ?? folder.file(MASTER_KEY_FILE)
  if (databaseUrl === null && existsSync(folder.file(DATABASE_FILE)) && !existsSync(keyFile)) {
    throw new DataFolderError(
      `the master key ${keyFile} is missing, and the secrets in ${folder.file(DATABASE_FILE)} can't be read without it; bring it back from the backup.`,
    )
  }
  return loadOrCreateMasterKey(keyFile)
}

interface RegistryNeeds {
  folder: DataFolder
  masterKey: Uint8Array
  log: Log
}

async function openRegistry(config: Config, { folder, masterKey, log }: RegistryNeeds) {
  const { databaseUrl, storeTimeoutMs: callTimeoutMs, journalLimit, gatewayLeaseMs } = config
  const onOutage = (outage: OutageState | null): void => {
    if (outage === null) log.info('the database can be read again')
    else log.error({ problem: outage.problem }, 'the database is away: clients that are remembered can log in')
  }
  const onWriteTrouble = (problem: string | null): void => {
    if (problem === null) log.info('the database can be written again')
    else log.error({ problem }, 'the database can not be written: registrations and changes are refused')
  }
  const settings = { clock, rememberMs: 1000 * config.offlineLoginSeconds, onOutage, onWriteTrouble }
  if (databaseUrl !== null) {
    const onError = (error: Error): void => log.warn({ err: error }, 'trouble with the database')
    const limits = { callTimeoutMs, journalLimit, gatewayLeaseMs }
    const options = { url: databaseUrl, masterKey, rules, ...limits, clock, onError }
    const store = await createPostgresStore(options)
    store.onLeaseEvent?.(event => logLease(event, log))
    return createRegistry({ store, ...settings })
  }
  const store = await createSqliteStore({
    file: folder.file(DATABASE_FILE),
    masterKey,
    rulesModule: RULES_MODULE,
    callTimeoutMs,
    journalLimit,
  })
  return createRegistry({ store, ...settings })
}

function logLease(event: LeaseEvent, log: Log): void {
  if (event.kind === 'lost') {
    log.warn('the lease of this gateway ran out, so others may have taken it for dead; its devices are noted again')
  } else {
    log.warn({ devices: event.devices.length }, 'a gateway is gone without a word; devices of it are off line')
  }
}

/** An admin key that was made here is kept where the command line client on this machine finds it. */
async function giveAdminKey(
  administration: Administration,
  config: Config,
  folder: DataFolder,
): Promise<string | null> {
  const { secret } = await administration.ensureAdminKey(config.adminToken ?? undefined)
  if (secret === null) return null
  writeFileSync(folder.file(ADMIN_TOKEN_FILE), `${secret}\n`, { mode: 0o600 })
  return secret
}

/** Enough that nobody guesses it over the network. */
const STRONG_TOKEN_LENGTH = 16

function weakTokenWarning({ adminToken }: Config): string[] {
  if (adminToken === null || adminToken.length >= STRONG_TOKEN_LENGTH) return []
  const advice = `use ${STRONG_TOKEN_LENGTH} characters or more where anyone but you reaches the API`
  return [`HATCHWAY_ADMIN_TOKEN has ${adminToken.length} characters and may be guessed; ${advice}.`]
}

function plainHttpWarning({ httpHost, httpTls, httpTrustedProxies, httpPlainSignIn }: Config): string[] {
  if (httpTls || httpTrustedProxies !== null || /^(localhost|127\..*|::1)$/.test(httpHost)) return []
  const passwords = httpPlainSignIn ? 'API keys and passwords' : 'API keys'
  return [`${passwords} that are sent to ${httpHost} can be read on the way; set HATCHWAY_HTTP_TLS=true.`]
}

function unusedDatabaseWarning({ databaseUrl }: Config, folder: DataFolder): string[] {
  const file = folder.file(DATABASE_FILE)
  if (databaseUrl === null || !existsSync(file)) return []
  return [
    `HATCHWAY_DATABASE_URL is set, so the registry in ${file} is not used; hatchway migrate-store moves it to PostgreSQL, and once that is done the file can be taken away.`,
  ]
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= run()
    return running
  }
}
