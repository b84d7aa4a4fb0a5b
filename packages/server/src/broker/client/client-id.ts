import type { Identity } from '../port.ts'

/** What a client that came without a client identifier is called: that inside an application's session id `@{keyId}/{clientId}`. */
export function clientIdOf(identity: Identity): string {
  if (identity.kind === 'device') return identity.sessionId
  return identity.sessionId.slice(identity.keyId.length + 2)
}
