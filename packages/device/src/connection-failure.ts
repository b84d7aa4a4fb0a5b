import { ConnectionFailed } from './errors.ts'

interface Cause {
  sentence: string
  retryable: boolean
}

const UNTRUSTED: Cause = {
  sentence: "the server's certificate is not signed by a trusted CA; give the server's ca.pem as the ca",
  retryable: false,
}
const TLS_BROKEN: Cause = {
  sentence: 'the TLS handshake failed; is this port a TLS one, and are TLS versions and ciphers shared?',
  retryable: false,
}

/** By `code` of the error that the socket gave. */
const CAUSES: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: { sentence: 'nothing listens there; check host and port, and that the server runs', retryable: true },
  ENOTFOUND: { sentence: 'the host name is unknown; check it and the DNS', retryable: true },
  EAI_AGAIN: { sentence: 'the DNS does not answer; check the network', retryable: true },
  ETIMEDOUT: { sentence: 'the host does not answer; check the address and the firewalls between', retryable: true },
  EHOSTUNREACH: { sentence: 'no way leads to the host; check the network', retryable: true },
  ENETUNREACH: { sentence: 'no way leads to the network of the host; check the network', retryable: true },
  ECONNRESET: { sentence: 'the peer cut the connection before it answered', retryable: true },
  EPIPE: { sentence: 'the peer cut the connection before it answered', retryable: true },
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_HAS_EXPIRED: {
    sentence: "the server's certificate has expired, or this clock is ahead; renew it or set the clock",
    retryable: false,
  },
  // A device that boots without a battery-backed clock starts in the past: it mends itself once the clock is set.
  CERT_NOT_YET_VALID: {
    sentence: "the server's certificate is not valid yet: this clock is behind; set it and try again",
    retryable: true,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    sentence:
      "the server's certificate does not name this host; use a name that it holds, " +
      "or have the operator add this one (the server's public host setting)",
    retryable: false,
  },
  EPROTO: TLS_BROKEN,
}

/** The clear sentence of whatever kept CONNECT from being answered. `url` is shown without anything but host and port. */
export function connectionFailure(url: string, error: unknown): ConnectionFailed {
  const code = errorCode(error)
  const cause = CAUSES[code] ?? (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') ? TLS_BROKEN : undefined)
  const sentence = cause?.sentence ?? (error instanceof Error ? error.message : String(error))
  const suffix = cause === undefined || code === '' ? '' : ` (${code})`
  return new ConnectionFailed(`can't connect to ${place(url)}: ${sentence}${suffix}`, {
    retryable: cause?.retryable ?? true,
    cause: error,
  })
}

/** Scheme, host and port of a URL: nothing that may be a secret. */
export function place(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? 'the server' : `${parsed.protocol}//${parsed.host}`
}

function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  // A host with several addresses fails with one error per address; they are alike, and the first will do.
  if (error instanceof AggregateError) return errorCode(error.errors[0])
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? code : ''
}
