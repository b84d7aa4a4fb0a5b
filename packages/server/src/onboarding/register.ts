import { newDeviceSecret, pushMessage, type RegistrationClaim } from '@hatchway/protocol'
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

/** `authType=register`: a device that was added before gets its own DeviceSecret. */
export const register = async (claim: RegistrationClaim, attempt: Attempt, desk: Desk): Promise<Verdict> =>
  requireTls(attempt) ?? checkInstance(claim, desk) ?? issueDeviceSecret(claim, attempt, desk)

/** What registrations over MQTT and HTTP have in common. */
export const issueDeviceSecret = async (claim: RegistrationClaim, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  const refused = (await verifyRegistration(claim, attempt, desk)) ?? countConnect(claim, attempt, desk)
  if (refused !== undefined) return refused
  const { productKey, deviceName } = claim
  const deviceSecret = newDeviceSecret(desk.random)
  const push = { mode: 'register', productKey, deviceName, deviceSecret } as const
  // Before the store is asked: what can't be sent must not be issued.
  const message = pushMessage(push)
  const outcome = await askStore(claim, { deviceSecret }, attempt, desk)
  if (!outcome.ok) return refusedByRules(outcome)
  attempt.trace?.passed('rules', sentences.secretWouldBeIssued())
  return { kind: 'registered', push, message }
}
