import { X509Certificate } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { defaultBrokerSettings } from '../broker/embedded/index.ts'
import type { Broker } from '../broker/port.ts'
import type { Certificates, Gateway } from '../gateway/index.ts'
import type { Limit, ServedCertificate, ServedEndpoint, StorageState, SystemReport } from '../http/parts.ts'
import { StoreUnavailable } from '../registry/index.ts'
import type { Registry } from '../registry/registry.ts'
import type { Config } from './options.ts'
import { environmentName } from './options.ts'

export interface SystemParts {
  config: Config
  /** The SQLite file; not used where the registry is in PostgreSQL. */
  databaseFile: string
  registry: Pick<Registry, 'store'>
  broker: Pick<Broker, 'stats'>
  gateway: Pick<Gateway, 'stats'>
  certificates: () => Certificates
  /** Filled when the ports are open. */
  endpoints: readonly ServedEndpoint[]
}

/** What an operator wants to see of this server on one page. */
export function createSystemReport(parts: SystemParts): () => Promise<SystemReport> {
  const { config, certificates, endpoints } = parts
  return async () => {
    const { storage, gateways, journalEntries } = await storageOf(parts)
    return {
      instanceId: config.instanceId,
      publicHosts: config.publicHost ?? [],
      endpoints,
      certificates: certificatesOf(certificates()),
      storage,
      gateways,
      limits: limitsOf(parts, journalEntries),
    }
  }
}

type StorageReport = Pick<SystemReport, 'storage' | 'gateways'> & { journalEntries: number | null }

async function storageOf({ config, databaseFile, registry }: SystemParts): Promise<StorageReport> {
  const { databaseUrl } = config
  const kind = databaseUrl === null ? ('sqlite' as const) : ('postgres' as const)
  const detail = databaseUrl === null ? databaseFile : withoutSecrets(databaseUrl)
  try {
    const [{ sizeBytes, gateways }, { journalEntries }] = await Promise.all([
      registry.store.status(),
      registry.store.counts(),
    ])
    const storage: StorageState = { kind, detail, ok: true, sizeBytes, problem: null }
    return { storage, gateways, journalEntries }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    const storage: StorageState = { kind, detail, ok: false, sizeBytes: null, problem: error.message }
    return { storage, gateways: [], journalEntries: null }
  }
}

/** Host, port and name; neither user nor password nor parameters. */
function withoutSecrets(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}

function certificatesOf({ caPem, pairs }: Certificates): ServedCertificate[] {
  const ca = caPem === null ? [] : [certificateOf('ca', caPem)]
  return [...ca, ...pairs.map(({ kind, cert }) => certificateOf(kind, cert))]
}

function certificateOf(kind: ServedCertificate['kind'], pem: string): ServedCertificate {
  const { subject, subjectAltName, validFromDate, validToDate, fingerprint256 } = new X509Certificate(pem)
  return {
    kind,
    subject: subject.split('\n').join(', '),
    names: namesIn(subjectAltName),
    notBefore: validFromDate.getTime(),
    notAfter: validToDate.getTime(),
    sha256: fingerprint256,
  }
}

/** `DNS:a.example, IP Address:192.0.2.1, IP Address:0:0:0:0:0:0:0:1` */
export const namesIn = (subjectAltName: string | undefined): string[] =>
  (subjectAltName ?? '').split(', ').flatMap(name => {
    const [, kind, value = ''] = /^(DNS|IP Address):(.+)$/.exec(name) ?? []
    if (kind === undefined) return []
    return kind === 'DNS' || !isIPv6(value) ? value : new URL(`http://[${value}]`).hostname.slice(1, -1)
  })

function limitsOf({ config, broker, gateway }: SystemParts, journalEntries: number | null): Limit[] {
  const { maxConnections, journalLimit } = config
  const { queuedBytes, retained } = broker.stats()
  const connections = Object.values(gateway.stats().connections).reduce((sum, open) => sum + open, 0)
  const { queuedBytesTotal, retainedMessages, retainedBytes } = defaultBrokerSettings
  return [
    { name: 'connections', used: connections, limit: maxConnections, setting: environmentName('maxConnections') },
    ...(journalEntries === null
      ? []
      : [
          {
            name: 'journal-entries',
            used: journalEntries,
            limit: journalLimit,
            setting: environmentName('journalLimit'),
          },
        ]),
    // What an MQTT cluster holds has the cluster's limits.
    ...(retained === null
      ? []
      : [
          { name: 'queued-bytes', used: queuedBytes, limit: queuedBytesTotal, setting: null },
          { name: 'retained-messages', used: retained.messages, limit: retainedMessages, setting: null },
          { name: 'retained-bytes', used: retained.bytes, limit: retainedBytes, setting: null },
        ]),
  ]
}
