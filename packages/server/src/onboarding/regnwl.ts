import { newClientId, newDeviceToken, pushMessage, type RegistrationClaim } from '@hatchway/protocol'
import { hashSecret } from '../registry/hash.ts'
import type { Attempt, Desk, Verdict } from './attempt.ts'
import {
  askStore,
  checkInstance,
  countConnect,
  refusedByRules,
  requireTls,
  verifyRegistration,
} from './registration.ts'
import { sentences } from './sentences.ts'

/** `authType=regnwl`: each unit, known before or not, gets a ClientID and a DeviceToken of its own. */
export const regnwl = async (claim: RegistrationClaim, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  const refused =
    requireTls(attempt) ??
    checkInstance(claim, desk) ??
    (await verifyRegistration(claim, attempt, desk)) ??
    countConnect(claim, attempt, desk)
  if (refused !== undefined) return refused
  const { productKey, deviceName } = claim
  const clientId = newClientId(desk.random)
  const deviceToken = newDeviceToken(desk.random)
  const push = { mode: 'regnwl', productKey, deviceName, clientId, deviceToken } as const
  // Before the store is asked: what can't be sent must not be issued.
  const message = pushMessage(push)
  const outcome = await askStore(claim, { clientId, tokenHash: hashSecret(deviceToken) }, attempt, desk)
  if (!outcome.ok) return refusedByRules(outcome)
  attempt.trace?.passed('rules', sentences.tokenWouldBeIssued(outcome.created))
  return { kind: 'registered', push, message }
}
