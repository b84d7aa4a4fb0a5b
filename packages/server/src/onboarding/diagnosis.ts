import { findMistakes, isProductKey, type RegistrationClaim, type SecretClaim } from '@hatchway/protocol'
import type { JournalDetail, Product, TimeMs } from '../registry/types.ts'
import { type Attempt, type Desk, type Refusal, refuse } from './attempt.ts'

type SignedClaim = RegistrationClaim | SecretClaim

/** Searches for the mistake behind a bad signature, per second. One takes about a millisecond of CPU at most. */
export const maxDiagnosesPerSecond = 20

/** Says yes at most so often a second, so that a flood of bad signatures can't burn the CPU; the rest go undiagnosed. */
export const createDiagnosisBudget = (perSecond = maxDiagnosesPerSecond): ((now: TimeMs) => boolean) => {
  let second = 0
  let used = 0
  return now => {
    const current = Math.floor(now / 1000)
    if (current !== second) {
      second = current
      used = 0
    }
    used += 1
    return used <= perSecond
  }
}

const whatWasSigned = (claim: SignedClaim, signedText: string): JournalDetail => ({
  signedText,
  signMethod: claim.signMethod,
})

/** Refuses a wrong signature, and tells the operator what was signed here and which known mistake gives the one sent. */
export const signatureMismatch = async (
  found: { claim: SignedClaim; signedText: string; product: Product },
  attempt: Attempt,
  desk: Desk,
): Promise<Refusal> => {
  const { claim, product } = found
  const detail = whatWasSigned(claim, found.signedText)
  if (!desk.mayDiagnose(attempt.now)) return refuse('signature', 'signature-mismatch', detail)
  const device = await desk.device(claim.productKey, claim.deviceName)
  const mistakes = findMistakes({
    claim,
    clientId: attempt.clientId,
    productSecret: product.productSecret,
    deviceSecret: device?.deviceSecret ?? undefined,
  })
  return refuse('signature', 'signature-mismatch', { ...detail, mistakes: mistakes.map(({ code }) => code) })
}

/** Refuses an unknown product, unless the two names in the user name were swapped: then the journal says so. */
export const unknownProduct = async (
  found: { claim: SignedClaim; signedText: string },
  attempt: Attempt,
  desk: Desk,
): Promise<Refusal> => {
  const { claim, signedText } = found
  const detail = whatWasSigned(claim, signedText)
  const plain = refuse('product', 'product-unknown', detail)
  if (!isProductKey(claim.deviceName) || !desk.mayDiagnose(attempt.now)) return plain
  const product = await desk.product(claim.deviceName)
  if (product === undefined) return plain
  const device = await desk.device(claim.deviceName, claim.productKey)
  const swapped = { productSecret: product.productSecret, deviceSecret: device?.deviceSecret ?? undefined }
  const mistakes = findMistakes({ claim, clientId: attempt.clientId, swapped })
  return refuse('product', 'product-unknown', { ...detail, mistakes: mistakes.map(({ code }) => code) })
}
