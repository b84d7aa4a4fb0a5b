import type { KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
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
import { readText } from './file-access.ts'

/** Certificates of the operator's own. The order of the two lists is free: each certificate finds its key by the public key. */
export async function loadOwnCertificates(
  certFiles: readonly string[],
  keyFiles: readonly string[],
  now: Date,
): Promise<Certificates> {
  if (certFiles.length === 0 || certFiles.length !== keyFiles.length) {
    throw new CertificateError(
      `There are ${certFiles.length} certificate files and ${keyFiles.length} key files; give one key for each certificate.`,
    )
  }
  const keys = await Promise.all(
    keyFiles.map(async file => {
      const pem = await readText(file)
      return { file, pem, key: parsePrivateKey(pem, file) }
    }),
  )
  const pairs: CertificatePair[] = []
  const warnings: string[] = []
  for (const file of certFiles) {
    const cert = await readText(file)
    const certificate = parseCertificate(cert, file)
    const match = keys.find(candidate => certificate.checkPrivateKey(candidate.key))
    if (match === undefined) {
      throw new CertificateError(
        `None of ${keyFiles.join(', ')} is the private key of ${file}; give the key that it was made with.`,
      )
    }
    checkDates(certificate, file, now, warnings)
    const pair = pairOf(cert, match.pem, certificate, file)
    checkUsable(pair, match.key, file)
    if (pairs.some(other => other.kind === pair.kind)) {
      throw new CertificateError(
        `${file} is a second ${pair.kind.toUpperCase()} certificate; give at most one RSA and one EC.`,
      )
    }
    pairs.push(pair)
  }
  if (!pairs.some(pair => pair.kind === 'rsa')) {
    warnings.push('There is no RSA certificate: devices that offer only RSA suites can not connect; add one.')
  }
  return bundle(pairs, null, warnings)
}

function checkDates(certificate: X509Certificate, file: string, now: Date, warnings: string[]): void {
  const left = certificate.validToDate.getTime() - now.getTime()
  if (left <= 0) {
    throw new CertificateError(`${file} expired on ${certificate.validTo}; give a certificate that is still valid.`)
  }
  if (left < renewBeforeMs) warnings.push(`${file} runs out on ${certificate.validTo}; renew it before then.`)
  if (certificate.validFromDate.getTime() > now.getTime()) {
    warnings.push(`${file} is valid only from ${certificate.validFrom}; devices refuse it until then.`)
  }
}

/** OpenSSL has its own minimum (key sizes, digests): better found at the start than at each handshake. */
function checkUsable(pair: CertificatePair, key: KeyObject, file: string): void {
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (bits !== undefined && bits < 2048) {
    throw new CertificateError(`${file} has an RSA key of ${bits} bits; give one of 2048 bits or more.`)
  }
  try {
    createSecureContext({ cert: pair.cert, key: pair.key })
  } catch (cause) {
    throw new CertificateError(`${file} can't be used for TLS (${(cause as Error).message}); give another one.`, {
      cause,
    })
  }
}
