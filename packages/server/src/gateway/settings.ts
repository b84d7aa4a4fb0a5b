/** Settings of the gateway; times in ms, sizes in bytes. */
export interface GatewaySettings {
  /** Address that the ports listen on. */
  host: string
  /** Each takes TLS, plain TCP, ws and wss; 0 = a free one. */
  ports: readonly number[]
  /** Those of `ports` on which each connection begins with a PROXY protocol header. */
  proxyProtocolPorts: readonly number[]
  /** Who may connect to them: addresses, and networks as address/bits. */
  proxyProtocolTrusted: readonly string[]
  /** Offer the static-RSA suites, which older C SDKs need. */
  legacyCiphers: boolean
  /** From accepting a connection to its whole CONNECT, TLS handshake and the wait for it included. */
  connectTimeoutMs: number
  /** How long a registered device may take to hang up. */
  registrationTimeoutMs: number
  /** How long onboarding may take over one CONNECT; a net under its own time limits. */
  admissionTimeoutMs: number
  /** From our end of a connection to the peer's. */
  closeTimeoutMs: number
  maxConnections: number
  maxConnectionsPerAddress: number
  maxWaitingHandshakes: number
  /** What of a core this process may count on, at most 1: several may share one. */
  coreShare: number
  /** One WebSocket message, which may hold several packets. */
  maxWebSocketMessageBytes: number
}

export const defaultGatewaySettings: GatewaySettings = {
  host: '0.0.0.0',
  ports: [1883],
  proxyProtocolPorts: [],
  proxyProtocolTrusted: [],
  legacyCiphers: true,
  connectTimeoutMs: 10_000,
  registrationTimeoutMs: 15_000,
  admissionTimeoutMs: 30_000,
  closeTimeoutMs: 2000,
  maxConnections: 100_000,
  maxConnectionsPerAddress: 4096,
  maxWaitingHandshakes: 4096,
  coreShare: 1,
  maxWebSocketMessageBytes: 1_048_576,
}
