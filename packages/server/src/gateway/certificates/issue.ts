import 'reflect-metadata'
import { createPrivateKey, type KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { dayMs } from './certificate-pair.ts'

const rsaAlgorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}
const ecAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

const caYears = 20
// Below the 825 days that Apple's systems accept.
const serverDays = 730
const caName = 'CN=Hatchway local CA'

export interface IssuedPair {
  cert: string
  key: string
}

/**
 * Validity starts a day early, for peers whose clock is slow or set to local time. A device without any clock is helped
 * by no date that others would accept: its TLS library has to be built without the check of dates, as such devices are.
 */
function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(now.getTime() - dayMs)
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * dayMs) }
}

/**
 * A certificate authority. RSA-2048, because devices with RSA suites only must be able to check the whole chain.
 * An existing key can be given: devices that pinned the old certificate then still accept what the new one signs.
 */
export async function issueAuthority(now: Date, existingKey?: string): Promise<IssuedPair> {
  const keys = existingKey === undefined ? await generateKeys('rsa') : await importKeys(createPrivateKey(existingKey))
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: caName,
      keys,
      ...validity(now, caYears * 365),
      signingAlgorithm: rsaAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto as Crypto),
      ],
    },
    webcrypto as Crypto,
  )
  return { cert: `${certificate.toString('pem')}\n`, key: existingKey ?? (await privatePem(keys)) }
}

/** A server certificate for the names (DNS names and IP addresses), signed by the authority. */
export async function issueServer(
  kind: 'rsa' | 'ec',
  names: readonly string[],
  authority: IssuedPair,
  now: Date,
): Promise<IssuedPair> {
  const keys = await generateKeys(kind)
  const ca = await importKeys(createPrivateKey(authority.key))
  // Static-RSA suites encrypt the key exchange to the certificate's key.
  const rsaUsages = kind === 'rsa' ? KeyUsageFlags.keyEncipherment : 0
  const certificate = await X509CertificateGenerator.create(
    {
      subject: 'CN=Hatchway',
      issuer: caName,
      publicKey: keys.publicKey,
      signingKey: ca.privateKey,
      signingAlgorithm: rsaAlgorithm,
      ...validity(now, serverDays),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature | rsaUsages, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          names.map(name => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }) as const),
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto as Crypto),
        await AuthorityKeyIdentifierExtension.create(ca.publicKey, false, webcrypto as Crypto),
      ],
    },
    webcrypto as Crypto,
  )
  return { cert: `${certificate.toString('pem')}\n`, key: await privatePem(keys) }
}

async function generateKeys(kind: 'rsa' | 'ec'): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = kind === 'rsa' ? rsaAlgorithm : ecAlgorithm
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
}

async function importKeys(key: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const { d, p, q, dp, dq, qi, ...publicJwk } = key.export({ format: 'jwk' })
  const privateJwk = { ...publicJwk, d, p, q, dp, dq, qi } as webcrypto.JsonWebKey
  return {
    privateKey: (await webcrypto.subtle.importKey('jwk', privateJwk, rsaAlgorithm, false, ['sign'])) as CryptoKey,
    publicKey: (await webcrypto.subtle.importKey('jwk', publicJwk as webcrypto.JsonWebKey, rsaAlgorithm, true, [
      'verify',
    ])) as CryptoKey,
  }
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}
