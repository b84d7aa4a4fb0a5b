import { loginText, type SecretClaim } from '@hatchway/protocol'
import { type Attempt, type Desk, refuse, type Verdict } from './attempt.ts'
import { admitDevice } from './device-login.ts'
import { signatureMismatch, unknownProduct } from './diagnosis.ts'
import { sentences } from './sentences.ts'
import { isSignedWith } from './verify.ts'

/** A device signs with its own DeviceSecret. Neither securemode nor the timestamp proves anything. */
export const secretLogin = async (claim: SecretClaim, attempt: Attempt, desk: Desk): Promise<Verdict> => {
  const { productKey, deviceName } = claim
  const product = await desk.product(productKey)
  const device = product === undefined ? undefined : await desk.device(productKey, deviceName)
  const signed = { text: loginText(claim), method: claim.signMethod, signature: claim.signature }
  const isGood = isSignedWith(device?.deviceSecret, signed)
  const signedText = signed.text
  if (product === undefined) return unknownProduct({ claim, signedText }, attempt, desk)
  attempt.trace?.passed('product', sentences.productFound(productKey))
  if (device === undefined) return refuse('device', 'device-unknown')
  attempt.trace?.passed('device', sentences.deviceFound(deviceName))
  const { deviceSecret } = device
  if (deviceSecret === null) return refuse('credential', 'not-registered')
  if (!isGood) return signatureMismatch({ claim, signedText, product }, attempt, desk)
  attempt.trace?.passed('signature', sentences.signatureMatches(signedText, signed.method))
  const activates = device.secretActivatedAt === null ? { deviceSecret } : null
  const { serverSubscribe } = claim
  return admitDevice({ product, device, clientId: null, activates, serverSubscribe }, attempt, desk)
}
