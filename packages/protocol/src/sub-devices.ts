import { parseJsonObject } from './json-object.ts'
import type { DeviceIdentity } from './names.ts'
import { MAX_REQUEST_BYTES } from './platform-messages.ts'

/** LinkKit protocol: a gateway names so many devices at once. */
export const MAX_SUB_DEVICES = 30

/** What a gateway asks for: credentials of devices that reach the platform through it. The names are unchecked. */
export interface SubDeviceRegistration {
  /** Comes back as it was; empty where there was none. */
  id: string | number
  /** Each once, in the order of the request. */
  subDevices: readonly DeviceIdentity[]
}

export type SubDeviceRegistrationResult =
  | ({ ok: true } & SubDeviceRegistration)
  | { ok: false; id: string | number; problem: string }

/** Codes of the answer. 500: the same request may succeed later. */
export type SubDeviceCode = 200 | 460 | 500 | 6288 | 6402

export interface RegisteredSubDevice extends DeviceIdentity {
  deviceSecret: string
}

/**
 * Reads `{"id","version","params":[{"deviceName","productKey"}],"method":"thing.sub.register"}`. Version, method and
 * `sys.ack`, which can ask for no answer, are not looked at: without its answer the request would have no use.
 */
export const parseSubDeviceRegistration = (payload: Uint8Array): SubDeviceRegistrationResult => {
  const request = payload.length > MAX_REQUEST_BYTES ? undefined : parseJsonObject(payload)
  if (request === undefined) return { ok: false, id: '', problem: 'the message is not a JSON object' }
  const { id: given, params } = request
  const id = typeof given === 'string' || typeof given === 'number' ? given : ''
  const bad = (problem: string): SubDeviceRegistrationResult => ({ ok: false, id, problem })
  if (!Array.isArray(params) || params.length === 0) return bad('params is not a list of devices')
  if (params.length > MAX_SUB_DEVICES)
    return bad(`params has ${params.length} devices, ${MAX_SUB_DEVICES} is the limit`)
  const subDevices = new Map<string, DeviceIdentity>()
  for (const [index, entry] of params.entries()) {
    const { productKey, deviceName } = (entry ?? {}) as Record<string, unknown>
    if (typeof productKey !== 'string' || typeof deviceName !== 'string') {
      return bad(`entry ${index + 1} of params lacks productKey or deviceName`)
    }
    subDevices.set(`${productKey}/${deviceName}`, { productKey, deviceName })
  }
  return { ok: true, id, subDevices: [...subDevices.values()] }
}

const MESSAGES: Readonly<Record<SubDeviceCode, string>> = {
  200: 'success',
  460: 'request parameter error',
  500: 'system exception',
  6288: 'dynamic registration is not allowed',
  6402: 'a device cannot be its own sub-device',
}

/** The answer; `data` holds the devices that were registered, none unless the code is 200. */
export const subDeviceRegistrationReply = (
  id: string | number,
  code: SubDeviceCode,
  registered: readonly RegisteredSubDevice[],
): string =>
  JSON.stringify({
    id,
    code,
    data: registered.map(({ productKey, deviceName, deviceSecret }) => {
      // Gateways keep it and show it; nothing is asked for by it.
      return { iotId: `${productKey}.${deviceName}`, productKey, deviceName, deviceSecret }
    }),
    message: MESSAGES[code],
    method: 'thing.sub.register',
    version: '1.0',
  })
