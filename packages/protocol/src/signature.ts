import { createHmac, timingSafeEqual } from 'node:crypto'

export const SIGN_METHODS = ['hmacmd5', 'hmacsha1', 'hmacsha256'] as const

export type SignMethod = (typeof SIGN_METHODS)[number]

/** The hash below each sign method, as the runtime names it. */
export const HASH_OF = { hmacmd5: 'md5', hmacsha1: 'sha1', hmacsha256: 'sha256' } as const satisfies Record<
  SignMethod,
  string
>

/** The sign method that a text names, in any case; undefined for any other text. */
export const parseSignMethod = (text: string): SignMethod | undefined => {
  const lower = text.toLowerCase()
  return SIGN_METHODS.find(method => method === lower)
}

/** What a registration signs with the ProductSecret: the three pairs sorted by key, without separators. */
export const registrationText = (of: { deviceName: string; productKey: string; random: string }): string =>
  `deviceName${of.deviceName}productKey${of.productKey}random${of.random}`

/** What a login signs with the DeviceSecret; `id` is the part of the clientId before the first `|`. */
export const loginText = (of: {
  id: string
  deviceName: string
  productKey: string
  timestamp?: string | undefined
}): string => {
  const text = `clientId${of.id}deviceName${of.deviceName}productKey${of.productKey}`
  return of.timestamp === undefined ? text : `${text}timestamp${of.timestamp}`
}

/** The signature in lower-case hex: 32, 40 or 64 digits. */
export const sign = (method: SignMethod, key: string, text: string): string =>
  createHmac(HASH_OF[method], key).update(text).digest('hex')

/** Whether `hexSignature`, in upper or lower case, is the signature of `text`. Compares in constant time. */
export const verify = (method: SignMethod, key: string, text: string, hexSignature: string): boolean => {
  const expected = createHmac(HASH_OF[method], key).update(text).digest()
  const actual = Buffer.from(hexSignature, 'hex') // ends at the first character that is no hex digit
  return (
    hexSignature.length === 2 * expected.length &&
    actual.length === expected.length &&
    timingSafeEqual(actual, expected)
  )
}
