import {
  isDeviceName,
  isProductKey,
  isRandom,
  parseSignMethod,
  type ReasonCode,
  type RegistrationClaim,
  reason,
} from '@hatchway/protocol'
import type { JournalDetail } from '../registry/types.ts'
import type { HttpRegistration } from './admission.ts'
import { type Refusal, refuse } from './attempt.ts'

/** The body codes of `POST /auth/register/device`. */
export type HttpRegistrationCode = 460 | 6250 | 6288 | 6289 | 6292 | 6600 | 500

const codes: Partial<Record<ReasonCode, HttpRegistrationCode>> = {
  'product-unknown': 6250,
  'switch-off': 6288,
  'already-activated': 6289,
  'parameter-invalid:signmethod': 6292,
  'signature-mismatch': 6600,
}

/**
 * The body code for a refusal. 500 where the device may try again; what the protocol has no code of its own for (an unknown
 * or disabled device among others) is 460, a bad parameter.
 */
export const httpRegistrationCode = (code: ReasonCode): HttpRegistrationCode =>
  codes[code] ?? (reason(code).retryable ? 500 : 460)

const bad = (code: ReasonCode, field: keyof HttpRegistration, problem?: string): Refusal => {
  const detail: JournalDetail = problem === undefined ? { field } : { field, problem }
  return refuse('parse', code, detail)
}

/** Reads the form into the claim that `authType=register` makes over MQTT. */
export const parseHttpRegistration = (form: HttpRegistration): RegistrationClaim | Refusal => {
  const { productKey = '', deviceName = '', random, sign = '', signMethod } = form
  if (!isProductKey(productKey)) return bad('product-key-malformed', 'productKey')
  if (!isDeviceName(deviceName)) return bad('device-name-malformed', 'deviceName')
  if (random === undefined) return bad('parameter-missing:random', 'random')
  if (!isRandom(random)) return bad('parameter-invalid:random', 'random', `${random.length} characters`)
  if (sign === '') return bad('password-missing', 'sign', 'the form has no sign')
  if (signMethod === undefined) return bad('parameter-missing:signmethod', 'signMethod')
  const method = parseSignMethod(signMethod)
  if (method === undefined) return bad('parameter-invalid:signmethod', 'signMethod')
  return {
    mode: 'register',
    id: '',
    productKey,
    deviceName,
    random,
    signMethod: method,
    secureMode: 2,
    signature: sign,
  }
}
