import { availableParallelism } from 'node:os'
import type { Broker } from '../broker/port.ts'
import { type Certificates, createGateway, defaultGatewaySettings, type Gateway } from '../gateway/index.ts'
import type { Onboarding, OnboardingSettings } from '../onboarding/admission.ts'
import type { AnnouncingRegistry } from '../registry/index.ts'
import type { Log } from './log.ts'
import type { Config } from './options.ts'
import { createWorkerPool, type WorkerPool } from './workers/pool.ts'

export interface FrontParts {
  config: Config
  log: Log
  onboarding: Onboarding
  onboardingSettings: OnboardingSettings
  broker: Broker
  registry: AnnouncingRegistry
  certificates: Certificates
  ticketSecret: Uint8Array
}

/** What takes devices' connections: a gateway in this process, or worker processes that have one each. */
export interface Front {
  gateway: Omit<Gateway, 'addresses'>
  /** undefined where this process does it. */
  workers: WorkerPool | undefined
}

export function openFront({ config, onboardingSettings, ...parts }: FrontParts): Front {
  const settings = gatewaySettings(config)
  const { registry, log, broker, certificates, ticketSecret } = parts
  if (config.workers === 0) {
    const clock = { now: () => Date.now() }
    return { gateway: createGateway({ ...parts, settings, journal: registry.journal, clock }), workers: undefined }
  }
  const { workers: count, storeTimeoutMs, offlineLoginSeconds, logLevel } = config
  // They share one queue of new connections and fill up alike; a limit for each of them holds for all without asking.
  const cores = availableParallelism()
  if (count > cores) {
    log.warn(
      { workers: count, cores },
      'there are more worker processes than cores: they take turns, and cost more than they give',
    )
  }
  const maxConnections = Math.ceil(settings.maxConnections / count)
  const gateway = { ...settings, maxConnections, coreShare: Math.min(1, cores / count) }
  const store = { storeTimeoutMs, rememberMs: 1000 * offlineLoginSeconds }
  const worker = { gateway, onboarding: onboardingSettings, certificates, ticketSecret, ...store, logLevel }
  const workers = createWorkerPool({ count, settings: worker, broker, registry, log })
  return { gateway: workers, workers }
}

function gatewaySettings(config: Config) {
  return {
    ...defaultGatewaySettings,
    host: config.mqttHost,
    ports: config.mqttPort,
    proxyProtocolPorts: config.proxyProtocolPorts ?? [],
    proxyProtocolTrusted: config.proxyProtocolTrusted ?? [],
    legacyCiphers: config.tlsLegacyCiphers,
    connectTimeoutMs: config.connectTimeoutMs,
    registrationTimeoutMs: config.registrationTimeoutMs,
    maxConnections: config.maxConnections,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress,
  }
}
