import { parseJsonObject } from './json-object.ts'

/** The credential that the server pushes right after CONNACK 0 of a registration. */
export type Push =
  | {
      readonly mode: 'register'
      readonly productKey: string
      readonly deviceName: string
      readonly deviceSecret: string
    }
  | {
      readonly mode: 'regnwl'
      readonly productKey: string
      readonly deviceName: string
      readonly clientId: string
      readonly deviceToken: string
    }

export type PushResult = { readonly ok: true; readonly push: Push } | { readonly ok: false; readonly detail: string }

export const PUSH_TOPICS = { register: '/ext/register', regnwl: '/ext/regnwl' } as const

/** C SDKs copy the payload into a buffer of this size. */
export const MAX_PUSH_BYTES = 999

// C SDKs cut the values out by hand: what JSON would escape, and what is not one byte a character, breaks them.
const plainValue = /^[ !#-[\]-~]+$/
const plainPayload = /^[ -[\]-~]+$/

/**
 * Topic and payload of the push: compact JSON, string values only, no escapes, less than 1000 bytes.
 * Throws RangeError, naming the field and no value, if that can't be had.
 */
export const pushMessage = (push: Push): { topic: string; payload: string } => {
  const { productKey, deviceName } = push
  const values =
    push.mode === 'register'
      ? { productKey, deviceName, deviceSecret: push.deviceSecret }
      : { productKey, deviceName, clientId: push.clientId, deviceToken: push.deviceToken }
  const payload = JSON.stringify(values)
  // One look at the whole: JSON has put a backslash before all that needs one.
  if (!plainPayload.test(payload) || payload.includes('""')) {
    const [field] = Object.entries(values).find(([, value]) => !plainValue.test(value)) ?? ['a field']
    throw new RangeError(`push: ${field} must be printable ASCII without " and \\`)
  }
  if (payload.length > MAX_PUSH_BYTES) throw new RangeError(`push: ${payload.length} bytes, ${MAX_PUSH_BYTES} allowed`)
  return { topic: PUSH_TOPICS[push.mode], payload }
}

const PUSH_FIELDS = { register: ['deviceSecret'], regnwl: ['clientId', 'deviceToken'] } as const

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** What a device got. Fields that are not known pass, so that a newer server may add some. Never throws. */
export const parsePush = (topic: string, payload: Uint8Array | string): PushResult => {
  const bad = (detail: string): PushResult => ({ ok: false, detail })
  const mode = topic === PUSH_TOPICS.register ? 'register' : topic === PUSH_TOPICS.regnwl ? 'regnwl' : undefined
  if (mode === undefined) return bad('the topic is neither /ext/register nor /ext/regnwl')
  if (payload.length > MAX_PUSH_BYTES) return bad(`the payload is longer than ${MAX_PUSH_BYTES} bytes`)
  const fields = parseJsonObject(payload)
  if (fields === undefined) return bad('the payload is not a JSON object')
  const missing = (['productKey', 'deviceName', ...PUSH_FIELDS[mode]] as const).find(name => !isText(fields[name]))
  if (missing !== undefined) return bad(`${missing} is missing or not a text`)
  const text = (name: string): string => String(fields[name])
  const names = { productKey: text('productKey'), deviceName: text('deviceName') }
  const push: Push =
    mode === 'register'
      ? { mode, ...names, deviceSecret: text('deviceSecret') }
      : { mode, ...names, clientId: text('clientId'), deviceToken: text('deviceToken') }
  return { ok: true, push }
}
