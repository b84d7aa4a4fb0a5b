import type { TokenClaim } from '@hatchway/protocol'
import { type Attempt, type Desk, refuse, type Verdict } from './attempt.ts'
import { admitDevice } from './device-login.ts'
import { sentences } from './sentences.ts'
import { hasHash } from './verify.ts'

/** A unit shows its ClientID and its DeviceToken, over TLS or not. Only the token's SHA-256 is known here. */
export const tokenLogin = async (claim: TokenClaim, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  const { productKey, deviceName, clientId } = claim
  const product = await desk.product(productKey)
  const device = product === undefined ? undefined : await desk.device(productKey, deviceName)
  const issued = device?.clientIds.find(one => one.clientId === clientId)
  const isGood = hasHash(claim.token, issued?.tokenHash)
  if (product === undefined) return refuse('product', 'product-unknown')
  attempt.trace?.passed('product', sentences.productFound(productKey))
  if (device === undefined) return refuse('device', 'device-unknown', { clientId })
  attempt.trace?.passed('device', sentences.deviceFound(deviceName))
  if (issued === undefined) return refuse('credential', 'client-id-unknown', { clientId })
  if (!isGood) return refuse('credential', 'token-mismatch', { clientId })
  if (issued.forbiddenAt !== null) return refuse('credential', 'client-id-forbidden', { clientId })
  attempt.trace?.passed('credential', sentences.tokenMatches(clientId))
  const activates = issued.usedAt === null ? { clientId, tokenHash: issued.tokenHash } : null
  return admitDevice({ product, device, clientId, activates, serverSubscribe: claim.serverSubscribe }, attempt, desk)
}
