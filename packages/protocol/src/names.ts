/** The two names that identify a device. */
export interface DeviceIdentity {
  readonly productKey: string
  readonly deviceName: string
}

/** Random bytes from outside, so that nothing here depends on a source of randomness. */
export type RandomBytes = (sizeBytes: number) => Uint8Array

const DIGITS_AND_LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const MAX_RANDOM_DRAWS = 64

// First levels of platform topics: a product with such a key would own topics of every other product.
const RESERVED_PRODUCT_KEYS: ReadonlySet<string> = new Set(['sys', 'ext', 'ota', 'shadow', 'broadcast', 'as'])

const isDigitOrLetter = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)

// _ @ . : -
const isDeviceNameCharacter = (code: number): boolean =>
  isDigitOrLetter(code) || code === 0x5f || code === 0x40 || code === 0x2e || code === 0x3a || code === 0x2d

const isPrintable = (code: number): boolean => code > 0x20 && code < 0x7f

const consistsOf = (
  text: string,
  minLength: number,
  maxLength: number,
  allowed: (code: number) => boolean,
): boolean => {
  if (text.length < minLength || text.length > maxLength) return false
  for (let at = 0; at < text.length; at++) if (!allowed(text.charCodeAt(at))) return false
  return true
}

/** 1-20 letters and digits, and not the first level of a platform topic (`sys`, `ext`, …). */
export const isProductKey = (text: string): boolean =>
  consistsOf(text, 1, 20, isDigitOrLetter) && !RESERVED_PRODUCT_KEYS.has(text)

/** 1-64 printable ASCII characters without spaces; ours are 16 letters and digits. */
export const isProductSecret = (text: string): boolean => consistsOf(text, 1, 64, isPrintable)

/** 4-32 characters out of letters, digits and `_ @ . : -`. */
export const isDeviceName = (text: string): boolean => consistsOf(text, 4, 32, isDeviceNameCharacter)

/** 1-64 printable ASCII characters without spaces; ours are 32 lower-case hex digits. */
export const isDeviceSecret = (text: string): boolean => consistsOf(text, 1, 64, isPrintable)

/** A ClientID as this platform issues it: 1-64 letters and digits. */
export const isIssuedClientId = (text: string): boolean => consistsOf(text, 1, 64, isDigitOrLetter)

/** 1-63 letters and digits: C SDKs silently drop longer ones. */
export const isDeviceToken = (text: string): boolean => consistsOf(text, 1, 63, isDigitOrLetter)

/** The free part of a clientId, before the first `|`: 1-64 characters of any kind. */
export const isFreeId = (text: string): boolean => text.length >= 1 && text.length <= 64 && !text.includes('|')

/** A registration's random: 1-64 characters, neither numeric nor unique in the field. */
export const isRandom = (text: string): boolean => text.length >= 1 && text.length <= 64

// Bytes of 248 and above are drawn again: 256 is no multiple of 62, and a plain modulus would favour the first digits.
const UNBIASED_BELOW = 256 - (256 % DIGITS_AND_LETTERS.length)

const randomText = (randomBytes: RandomBytes, length: number): string => {
  let text = ''
  for (let draw = 0; draw < MAX_RANDOM_DRAWS; draw++) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < UNBIASED_BELOW) text += DIGITS_AND_LETTERS.charAt(byte % DIGITS_AND_LETTERS.length)
      if (text.length === length) return text
    }
  }
  throw new Error(`the source of randomness gave no ${length} usable bytes in ${MAX_RANDOM_DRAWS} draws`)
}

const randomHex = (randomBytes: RandomBytes, sizeBytes: number): string => {
  const bytes = randomBytes(sizeBytes)
  if (bytes.length !== sizeBytes)
    throw new Error(`the source of randomness gave ${bytes.length} bytes for ${sizeBytes}`)
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

/** 11 letters and digits. Uniqueness is the store's to check. */
export const newProductKey = (randomBytes: RandomBytes): string => randomText(randomBytes, 11)

/** 16 letters and digits, 95 bits. */
export const newProductSecret = (randomBytes: RandomBytes): string => randomText(randomBytes, 16)

/** 32 lower-case hex digits, 128 bits. */
export const newDeviceSecret = (randomBytes: RandomBytes): string => randomHex(randomBytes, 16)

/** 24 letters and digits: C SDKs take at most 69. */
export const newClientId = (randomBytes: RandomBytes): string => randomText(randomBytes, 24)

/** 32 letters and digits, 190 bits: C SDKs take at most 63 characters. */
export const newDeviceToken = (randomBytes: RandomBytes): string => randomText(randomBytes, 32)

/** An API key's id, which is an application's MQTT userName too: `hk` and 14 letters and digits, never a `&`. */
export const newKeyId = (randomBytes: RandomBytes): string => `hk${randomText(randomBytes, 14)}`

/** An API key's secret: 40 letters and digits, 238 bits. */
export const newKeySecret = (randomBytes: RandomBytes): string => randomText(randomBytes, 40)
