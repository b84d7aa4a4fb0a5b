import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

/** One server certificate with its private key, both PEM; `cert` may go on with intermediate certificates. */
export interface CertificatePair {
  cert: string
  key: string
  kind: 'rsa' | 'ec'
  notAfter: Date
  /** SHA-256 of the certificate, upper-case hex with colons. */
  fingerprint: string
}

/** What the listeners present, and what devices pin. */
export interface Certificates {
  /** RSA first: which one a client gets goes by the suites that it offers. */
  pairs: readonly CertificatePair[]
  /** The local CA; null with certificates of the operator's own. */
  caPem: string | null
  caFile: string | null
  fingerprints: { ca: string | null; rsa: string | null; ec: string | null }
  /** When the first of the server certificates runs out. */
  notAfter: Date
  /** Things that work but will hurt, a sentence each. */
  warnings: readonly string[]
}

/** Certificates that can't be used; the message is one sentence for the operator: which file, what is wrong, what to do. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError'
}

export const dayMs = 86_400_000
/** A certificate with less than this left is remade, or warned about if it is the operator's own. */
export const renewBeforeMs = 30 * dayMs

/** The first certificate in a PEM text. */
export function parseCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new CertificateError(`${file} holds no PEM certificate; give a file that begins with a CERTIFICATE block.`, {
      cause,
    })
  }
}

export function parsePrivateKey(pem: string, file: string): KeyObject {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    throw new CertificateError(`${file} is an encrypted key; give the key without a pass phrase, readable only by us.`)
  }
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new CertificateError(`${file} holds no PEM private key; give a file with a PRIVATE KEY block.`, { cause })
  }
}

/** Devices know two kinds of certificate; anything else (Ed25519, RSA-PSS) would reach none of them. */
export function kindOf(certificate: X509Certificate, file: string): 'rsa' | 'ec' {
  const type = certificate.publicKey.asymmetricKeyType
  if (type === 'rsa' || type === 'ec') return type
  throw new CertificateError(`${file} is a certificate for a key of type ${type}; devices need RSA or EC (P-256).`)
}

export function pairOf(cert: string, key: string, certificate: X509Certificate, file: string): CertificatePair {
  const kind = kindOf(certificate, file)
  return { cert, key, kind, notAfter: certificate.validToDate, fingerprint: certificate.fingerprint256 }
}

export function bundle(
  pairs: readonly CertificatePair[],
  ca: { pem: string; file: string } | null,
  warnings: readonly string[],
): Certificates {
  const fingerprintOf = (kind: 'rsa' | 'ec'): string | null => pairs.find(p => p.kind === kind)?.fingerprint ?? null
  return {
    pairs: pairs.toSorted((a, b) => (a.kind === b.kind ? 0 : a.kind === 'rsa' ? -1 : 1)),
    caPem: ca?.pem ?? null,
    caFile: ca?.file ?? null,
    fingerprints: {
      ca: ca === null ? null : new X509Certificate(ca.pem).fingerprint256,
      rsa: fingerprintOf('rsa'),
      ec: fingerprintOf('ec'),
    },
    notAfter: new Date(Math.min(...pairs.map(pair => pair.notAfter.getTime()))),
    warnings,
  }
}
