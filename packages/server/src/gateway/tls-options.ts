import { constants } from 'node:crypto'
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { CertificatePair } from './certificates/index.ts'

/** All that fielded C SDKs offer: TLS 1.2, static-RSA key exchange, CBC. */
export const legacySuites = ['AES256-SHA256', 'AES128-SHA256', 'AES256-SHA', 'AES128-SHA'] as const
/** Their sisters, for small TLS libraries built without elliptic curves but with GCM. */
const staticRsaGcmSuites = ['AES256-GCM-SHA384', 'AES128-GCM-SHA256'] as const

/**
 * Before the runtime's list, which has RSA first: with both kinds of certificate at hand, ECDSA costs the server a
 * third less CPU in each handshake.
 */
const ecdsaSuites = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
] as const

/** TLS 1.3's own, the one that every implementation has before the runtime's order: a handshake hashes a third faster with it. */
const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const

/** A session ticket resumes a session for this long: a fleet that reconnects after an outage spares most of the handshake. */
export const sessionSeconds = 4 * 3600

/** The runtime's list without static RSA (no forward secrecy), which comes back at its end for devices that have nothing else. */
export function cipherList(legacyCiphers: boolean): string {
  const runtimeSuites = DEFAULT_CIPHERS.split(':').filter(suite => !suite.startsWith('TLS_'))
  const modern = [...tls13Suites, ...ecdsaSuites, ...runtimeSuites, '-kRSA']
  return [...modern, ...(legacyCiphers ? [...staticRsaGcmSuites, ...legacySuites] : [])].join(':')
}

export function secureContextOptions(
  pairs: readonly CertificatePair[],
  settings: { legacyCiphers: boolean; ticketKeys: Buffer },
): SecureContextOptions {
  return {
    // Side by side: OpenSSL presents the one that goes with the client's suites and signature algorithms.
    cert: pairs.map(pair => pair.cert),
    key: pairs.map(pair => pair.key),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: cipherList(settings.legacyCiphers),
    honorCipherOrder: true,
    // A client that renegotiates makes the server pay for a handshake each time.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: sessionSeconds,
    sessionIdContext: 'hatchway',
    ticketKeys: settings.ticketKeys,
  }
}

/** For a server of the runtime's own, which makes its ticket keys itself. */
export function httpsOptions(
  pairs: readonly CertificatePair[],
  settings: { legacyCiphers: boolean },
): SecureContextOptions {
  const { ticketKeys: _, ...options } = secureContextOptions(pairs, { ...settings, ticketKeys: Buffer.alloc(48) })
  return options
}

/** `ticketKeys` is the caller's 48 bytes, so that tickets outlive a change of certificates. */
export function secureContextOf(
  pairs: readonly CertificatePair[],
  settings: { legacyCiphers: boolean; ticketKeys: Buffer },
): SecureContext {
  return createSecureContext(secureContextOptions(pairs, settings))
}
