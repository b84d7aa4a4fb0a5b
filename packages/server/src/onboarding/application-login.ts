import { type ApplicationClaim, newClientId } from '@hatchway/protocol'
import { type Attempt, type Desk, refuse, type Verdict } from './attempt.ts'
import { requireTls } from './registration.ts'
import { sentences } from './sentences.ts'
import { hasHash } from './verify.ts'

/** A business system logs in with an API key. Its secret crosses the wire as it is, so TLS is required. */
export const applicationLogin = async (claim: ApplicationClaim, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  const { keyId } = claim
  const insecure = requireTls(attempt)
  if (insecure !== undefined) return { ...insecure, detail: { problem: 'an application’s login' } }
  const key = await desk.apiKey(keyId)
  const isGood = hasHash(claim.secret, key?.secretHash)
  if (key === undefined) return refuse('credential', 'application-key-unknown')
  if (!isGood) return refuse('credential', 'application-key-mismatch')
  if (key.revokedAt !== null) return refuse('credential', 'application-key-revoked')
  attempt.trace?.passed('credential', sentences.keyMatches(keyId))
  if (key.role !== 'application') return refuse('rules', 'application-role-required')
  // A session that outlives its connection needs a name that the client knows. [MQTT-3.1.3-8] of MQTT 3.1.1
  if (claim.clientId === '' && !attempt.mayBeNamed) return refuse('parse', 'client-id-missing', { field: 'clientId' })
  attempt.trace?.passed('rules', sentences.applicationAllowed())
  return {
    kind: 'admitted',
    identity: {
      kind: 'application',
      sessionId: `@${keyId}/${claim.clientId === '' ? newClientId(desk.random) : claim.clientId}`,
      keyId,
      products: key.products === null ? 'all' : new Set(key.products),
    },
    keepAliveSeconds: attempt.keepAliveSeconds,
    keepAliveChanged: false,
    serverSubscriptions: [],
  }
}
