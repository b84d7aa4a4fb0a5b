import { type RegistrationClaim, registrationText } from '@hatchway/protocol'
import type { RegistrationOutcome, RegistrationRequest } from '../registry/store.ts'
import { type Attempt, type Desk, isSecure, type Refusal, refuse } from './attempt.ts'
import { signatureMismatch, unknownProduct } from './diagnosis.ts'
import { registeredEntry } from './journal-entry.ts'
import { sentences } from './sentences.ts'
import { isSignedWith } from './verify.ts'

/** The push carries a credential, so it goes over TLS only. What securemode says is not looked at: it is unsigned. */
export const requireTls = (attempt: Attempt): Refusal | undefined => {
  const { transport } = attempt.origin
  if (!isSecure(transport)) return refuse('transport', 'tls-required')
  attempt.trace?.passed('transport', sentences.transportFits(transport))
  return undefined
}

/** By HTTP the reply carries the credential: encrypted, or not leaving this machine. A TLS proxy in front must be a trusted one. */
export const requireHttps = ({ origin }: Attempt): Refusal | undefined =>
  origin.transport === 'https' || isLoopback(origin.address) ? undefined : refuse('transport', 'tls-required')

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.')

/** An instanceId counts only where this instance has one too. */
export const checkInstance = (claim: Pick<RegistrationClaim, 'instanceId'>, desk: Desk): Refusal | undefined =>
  claim.instanceId === undefined || desk.instanceId === null || claim.instanceId === desk.instanceId
    ? undefined
    : refuse('parse', 'instance-mismatch', { field: 'instanceId' })

/** Before the store's transaction, so that a forged registration costs none. */
export const verifyRegistration = async (
  claim: RegistrationClaim,
  attempt: Attempt,
  desk: Desk,
): Promise<Refusal | undefined> => {
  const product = await desk.product(claim.productKey)
  const signed = { text: registrationText(claim), method: claim.signMethod, signature: claim.signature }
  const isGood = isSignedWith(product?.productSecret, signed)
  const signedText = signed.text
  if (product === undefined) return unknownProduct({ claim, signedText }, attempt, desk)
  attempt.trace?.passed('product', sentences.productFound(product.productKey))
  if (!isGood) return signatureMismatch({ claim, signedText, product }, attempt, desk)
  attempt.trace?.passed('signature', sentences.signatureMatches(signedText, signed.method))
  return undefined
}

/** Verified CONNECTs only come this far (docs/decisions/0010-only-verified-connects-are-rated.md). */
export const countConnect = (
  claim: { productKey: string; deviceName: string },
  attempt: Attempt,
  desk: Desk,
): Refusal | undefined =>
  desk.takeConnect(claim.productKey, claim.deviceName, attempt.now) ? undefined : refuse('rules', 'rate-limited')

/** Lets the store decide and issue. Resolves after the fresh credential and its journal entry are durable. */
export const askStore = (
  claim: Pick<RegistrationRequest, 'mode' | 'productKey' | 'deviceName' | 'byGateway'>,
  fresh: RegistrationRequest['fresh'],
  attempt: Attempt,
  desk: Desk,
): Promise<RegistrationOutcome> => {
  const { mode, productKey, deviceName, byGateway } = claim
  return desk.register({
    mode,
    productKey,
    deviceName,
    ...(byGateway === undefined ? {} : { byGateway }),
    now: attempt.now,
    fresh,
    journal: registeredEntry(attempt.origin, { mode, productKey, deviceName }, attempt.now),
  })
}

export const refusedByRules = (outcome: Extract<RegistrationOutcome, { ok: false }>): Refusal =>
  refuse('rules', outcome.reason, outcome.problem === undefined ? null : { problem: outcome.problem })
