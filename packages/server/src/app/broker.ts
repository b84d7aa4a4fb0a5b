import { readFileSync } from 'node:fs'
import { createEmbeddedBroker, openSqliteSessionStore } from '../broker/embedded/index.ts'
import type { Broker } from '../broker/port.ts'
import { createRelayBroker, type UpstreamAddress } from '../broker/relay/index.ts'
import { ConfigError } from './config.ts'
import type { DataFolder } from './data-folder.ts'
import type { Log } from './log.ts'
import type { Config } from './options.ts'
import { version } from './version.ts'

export interface BrokerNeeds {
  folder: DataFolder
  log: Log
  /** Closes what stands below the broker; the broker itself is the caller's to close. */
  rooms: AsyncDisposableStack
  clock: () => number
  onError: (error: unknown) => void
}

export interface OpenedBroker {
  broker: Broker
  /** One sentence each. */
  warnings: readonly string[]
}

/** For closing what is still open. */
export const CUT_TIMEOUT_MS = 1000
const SESSIONS_FILE = 'broker.db'

/** The broker in this process, or a relay onto the MQTT cluster that is configured. */
export function openBroker(config: Config, needs: BrokerNeeds): Promise<OpenedBroker> {
  return config.upstreamUrl === null ? openEmbedded(config, needs) : openRelay(config, config.upstreamUrl, needs)
}

const limitsOf = ({ maxPayloadBytes, maxTopicBytes, maxTopicSlashes }: Config) => {
  return { payloadBytes: maxPayloadBytes, deviceTopics: { maxBytes: maxTopicBytes, maxSlashes: maxTopicSlashes } }
}

async function openEmbedded(config: Config, { folder, rooms, clock, onError }: BrokerNeeds): Promise<OpenedBroker> {
  const store = await openSqliteSessionStore({
    file: folder.file(SESSIONS_FILE),
    callTimeoutMs: config.storeTimeoutMs,
  })
  rooms.defer(() => store.close())
  const settings = {
    ...limitsOf(config),
    sessions: config.maxSessions,
    sessionExpirySeconds: config.sessionExpirySeconds,
    sessionExpiryMaxSeconds: config.maxSessionExpirySeconds,
  }
  const durable = { store, stored: await store.load() }
  return { broker: createEmbeddedBroker({ settings, version, durable, now: clock, onError }), warnings: [] }
}

/** A cluster that can't be reached does not keep the gateway from starting: it comes back, and devices are told to try again. */
async function openRelay(config: Config, address: UpstreamAddress, needs: BrokerNeeds): Promise<OpenedBroker> {
  const { log, rooms, clock, onError } = needs
  const { upstreamTlsCa, upstreamConnectTimeoutMs: connectTimeoutMs } = config
  const tlsCa = upstreamTlsCa === null ? undefined : authoritiesIn(upstreamTlsCa)
  const limits = limitsOf(config)
  const broker = createRelayBroker({ address, tlsCa, connectTimeoutMs, limits, now: clock, log, onError })
  // For a start that fails further up; once the gateway stands, the broker is closed before it.
  rooms.defer(() => broker.close(CUT_TIMEOUT_MS))
  await broker.start()
  const problem = broker.problem()
  if (problem === undefined) return { broker, warnings: [] }
  return {
    broker,
    warnings: [`${problem}; it is tried again and again, and clients are told to come back until then.`],
  }
}

function authoritiesIn(file: string): string {
  let pem: string
  try {
    pem = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError(`HATCHWAY_UPSTREAM_TLS_CA: ${file} can't be read (${code}); check the path and its rights.`)
  }
  if (/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(pem)) return pem
  throw new ConfigError(`HATCHWAY_UPSTREAM_TLS_CA: ${file} holds no certificate; give a PEM file of the authorities.`)
}
