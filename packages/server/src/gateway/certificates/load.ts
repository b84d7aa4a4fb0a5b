import { join } from 'node:path'
import type { Certificates } from './certificate-pair.ts'
import { caFileName, loadLocalCertificates } from './local.ts'
import { loadOwnCertificates } from './own.ts'

/** Where the certificates come from: made in the data folder for the public names, or files of the operator's own. */
export type CertificateSource =
  | { dataDir: string; publicHosts: readonly string[] }
  | { certFiles: readonly string[]; keyFiles: readonly string[] }

/** Throws CertificateError with one sentence for the operator. */
export function loadCertificates(source: CertificateSource, now: Date = new Date()): Promise<Certificates> {
  return 'dataDir' in source
    ? loadLocalCertificates(source.dataDir, source.publicHosts, now)
    : loadOwnCertificates(source.certFiles, source.keyFiles, now)
}

/** The files whose change calls for a reload. */
export function filesOf(source: CertificateSource): string[] {
  if (!('dataDir' in source)) return [...source.certFiles, ...source.keyFiles]
  return [caFileName, 'server-rsa.pem', 'server-rsa-key.pem', 'server-ec.pem', 'server-ec-key.pem'].map(name =>
    join(source.dataDir, name),
  )
}
