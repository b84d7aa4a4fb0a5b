/** What the operator can do something about, in words; everything else as OpenSSL says it. */
const knownProblems: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "unknown ca alert from the device: it doesn't trust this CA",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'bad certificate alert from the device: it refuses the server certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    'certificate unknown alert from the device: it refuses the server certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    'certificate expired alert from the device: the certificate has run out, or the clock of the device is wrong',
  ERR_SSL_NO_SHARED_CIPHER: 'no shared cipher: the device offers no suite that this server has',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'unsupported protocol: the device offers no TLS version from 1.2 on',
  ECONNRESET: 'peer hung up',
  EPIPE: 'peer hung up',
}

export const peerHungUp = 'peer hung up'
const longestProblem = 160

/** Why a TLS handshake failed, in a few words for the journal. */
export function tlsProblem(error: Error & { code?: string; reason?: string }): string {
  const known = error.code === undefined ? undefined : knownProblems[error.code]
  return (known ?? error.reason ?? error.message).slice(0, longestProblem)
}
