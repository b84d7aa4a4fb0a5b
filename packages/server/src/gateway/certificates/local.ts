import { type KeyObject, X509Certificate } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { domainToASCII } from 'node:url'
import {
  bundle,
  CertificateError,
  type CertificatePair,
  type Certificates,
  pairOf,
  parseCertificate,
  parsePrivateKey,
  renewBeforeMs,
} from './certificate-pair.ts'
import { makeFolder, readIfThere, writeAtomically } from './file-access.ts'
import type { IssuedPair } from './issue.ts'

export const caFileName = 'ca.pem'
const caKeyFileName = 'ca-key.pem'
const secret = 0o600
const open = 0o644

/**
 * The local CA and its two server certificates, from the data folder or made there: the CA once, for good, because
 * devices pin it; server certificates anew when they are about to run out or the names have changed.
 */
export async function loadLocalCertificates(
  dataDir: string,
  publicHosts: readonly string[],
  now: Date,
): Promise<Certificates> {
  await makeFolder(dataDir)
  const authority = await loadAuthority(dataDir, now)
  const names = certificateNames(publicHosts)
  const pairs = [
    await loadServer('rsa', { dataDir, names, authority, now }),
    await loadServer('ec', { dataDir, names, authority, now }),
  ]
  const left = authority.certificate.validToDate.getTime() - now.getTime()
  const warnings =
    left < 365 * 86_400_000
      ? [`${authority.file} runs out on ${authority.certificate.validTo}; plan how devices get the next CA.`]
      : []
  return bundle(pairs, { pem: authority.cert, file: authority.file }, warnings)
}

/** This machine's names and the public ones, without doubles. */
export function certificateNames(publicHosts: readonly string[]): string[] {
  const hosts = ['localhost', '127.0.0.1', '::1', hostname(), ...publicHosts]
  const names = hosts.map(host => (isIP(host) === 0 ? domainToASCII(host) : host)).filter(name => name !== '')
  return [...new Set(names)]
}

interface Authority {
  cert: string
  certificate: X509Certificate
  /** Null where the operator keeps it elsewhere: then nothing can be made anew. */
  key: string | null
  file: string
}

async function loadAuthority(dataDir: string, now: Date): Promise<Authority> {
  const file = join(dataDir, caFileName)
  const keyFile = join(dataDir, caKeyFileName)
  const [cert, key] = await Promise.all([readIfThere(file), readIfThere(keyFile)])
  if (cert !== undefined) {
    const certificate = parseCertificate(cert, file)
    if (key !== undefined && !certificate.checkPrivateKey(parsePrivateKey(key, keyFile))) {
      throw new CertificateError(
        `${keyFile} is not the key of ${file}; put back the pair that belongs together, devices trust this CA.`,
      )
    }
    return { cert, certificate, key: key ?? null, file }
  }
  const { issueAuthority } = await import('./issue.ts')
  const made = await issueAuthority(now, key)
  // The key first: a certificate without its key would be a CA that can sign nothing.
  if (key === undefined) await writeAtomically(keyFile, made.key, secret)
  await writeAtomically(file, made.cert, open)
  return { cert: made.cert, certificate: new X509Certificate(made.cert), key: made.key, file }
}

interface ServerRequest {
  dataDir: string
  names: readonly string[]
  authority: Authority
  now: Date
}

async function loadServer(kind: 'rsa' | 'ec', request: ServerRequest): Promise<CertificatePair> {
  const { dataDir, names, authority, now } = request
  const file = join(dataDir, `server-${kind}.pem`)
  const keyFile = join(dataDir, `server-${kind}-key.pem`)
  const [cert, key] = await Promise.all([readIfThere(file), readIfThere(keyFile)])
  if (cert !== undefined && key !== undefined) {
    const certificate = parseCertificate(cert, file)
    if (stillGood(certificate, parsePrivateKey(key, keyFile), request)) {
      await chmod(keyFile, secret)
      return pairOf(cert, key, certificate, file)
    }
  }
  if (authority.key === null) {
    throw new CertificateError(
      `${file} is missing, about to run out or has other names, and ${join(dataDir, caKeyFileName)} is not there to make it anew; put the CA key back for this start.`,
    )
  }
  const { issueServer } = await import('./issue.ts')
  const signer: IssuedPair = { cert: authority.cert, key: authority.key }
  const made = await issueServer(kind, names, signer, now)
  // A crash between the two leaves a key that doesn't match: then the next start makes both anew.
  await writeAtomically(keyFile, made.key, secret)
  await writeAtomically(file, made.cert, open)
  return pairOf(made.cert, made.key, new X509Certificate(made.cert), file)
}

function stillGood(certificate: X509Certificate, key: KeyObject, { names, authority, now }: ServerRequest): boolean {
  return (
    certificate.checkPrivateKey(key) &&
    certificate.verify(authority.certificate.publicKey) &&
    certificate.validToDate.getTime() - now.getTime() >= renewBeforeMs &&
    certificate.validFromDate.getTime() <= now.getTime() &&
    certificate.subjectAltName?.split(', ').length === names.length &&
    names.every(name => covers(certificate, name))
  )
}

function covers(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined
}
