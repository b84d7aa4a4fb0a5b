import {
  type DeviceIdentity,
  isDeviceName,
  isProductKey,
  newDeviceSecret,
  pushMessage,
  type ReasonCode,
  reason,
  type SubDeviceCode,
} from '@hatchway/protocol'
import type { AskingGateway, GatewayAnswer } from './admission.ts'
import { type Attempt, type Desk, type Refusal, refuse, type Verdict } from './attempt.ts'
import type { ConnectRate } from './connect-rate.ts'
import { askStore, countConnect, refusedByRules, requireTls } from './registration.ts'

const codes: Partial<Record<ReasonCode, SubDeviceCode>> = {
  'switch-off': 6288,
  'registration-by-gateways-off': 6288,
  'sub-device-itself': 6402,
}

/** The code for a refusal: 500 where the gateway may try again, 460 where the protocol has none of its own. */
export const subDeviceCode = (code: ReasonCode): SubDeviceCode => codes[code] ?? (reason(code).retryable ? 500 : 460)

interface Asking {
  gateway: AskingGateway
  /** Counts the sub-devices that are asked for, by gateway. */
  rate: ConnectRate
}

/**
 * `thing.sub.register`: a device that is known here gets its own DeviceSecret, by the rules of `authType=register`. Its
 * gateway has proved who it is by its login, and nothing about the device: so the product must allow it. The secret goes
 * back over the gateway's connection, which has to be encrypted.
 */
export async function registerSubDevice(
  subDevice: DeviceIdentity,
  { gateway, rate }: Asking,
  attempt: Attempt,
  desk: Desk,
): Promise<Verdict> {
  const { productKey, deviceName } = subDevice
  if (!isProductKey(productKey)) return refuse('parse', 'product-key-malformed', { field: 'productKey' })
  if (!isDeviceName(deviceName)) return refuse('parse', 'device-name-malformed', { field: 'deviceName' })
  const isItself = productKey === gateway.productKey && deviceName === gateway.deviceName
  if (isItself) return refuse('rules', 'sub-device-itself')
  const refused = requireTls(attempt) ?? countAsked(gateway, rate, attempt) ?? countConnect(subDevice, attempt, desk)
  if (refused !== undefined) return refused
  const push = { mode: 'register', productKey, deviceName, deviceSecret: newDeviceSecret(desk.random) } as const
  const { deviceSecret } = push
  const outcome = await askStore({ mode: 'register', ...subDevice, byGateway: true }, { deviceSecret }, attempt, desk)
  return outcome.ok ? { kind: 'registered', push, message: pushMessage(push) } : refusedByRules(outcome)
}

const countAsked = (gateway: DeviceIdentity, rate: ConnectRate, { now }: Attempt): Refusal | undefined =>
  rate.take(gateway.productKey, gateway.deviceName, now) ? undefined : refuse('rules', 'rate-limited')

/** One code for all: 200 if any was registered, else that of the first. */
export function gatewayAnswerOf(verdicts: readonly Verdict[]): GatewayAnswer {
  const registered = verdicts.flatMap(verdict =>
    verdict.kind === 'registered' && verdict.push.mode === 'register' ? [verdict.push] : [],
  )
  const [first] = verdicts
  if (registered.length > 0 || first?.kind !== 'refused') return { code: 200, registered }
  return { code: subDeviceCode(first.reason), registered }
}
