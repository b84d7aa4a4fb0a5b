import { createHash, createHmac } from 'node:crypto'
import type { RegistrationClaim, SecretClaim } from './claim.ts'
import { namesAsKeys, type SigningKey, spoiltKeys } from './mistakes/keys.ts'
import { MISTAKES, type MistakeCode } from './mistakes/table.ts'
import { rightText, unswappedText, wrongTexts } from './mistakes/texts.ts'
import { HASH_OF, SIGN_METHODS, type SignMethod } from './signature.ts'

export type { MistakeCode, MistakeText } from './mistakes/table.ts'
export { MISTAKES } from './mistakes/table.ts'

/** One mistake that the device made; several together explain one signature. */
export interface Mistake {
  readonly code: MistakeCode
}

export interface FindMistakesInput {
  readonly claim: RegistrationClaim | SecretClaim
  /** The whole clientId as it was sent. */
  readonly clientId?: string | undefined
  readonly productSecret?: string | undefined
  readonly deviceSecret?: string | undefined
  /** Secrets of the product and device that exist if the two names of the userName are swapped back. */
  readonly swapped?: { readonly productSecret?: string | undefined; readonly deviceSecret?: string | undefined }
  /** ProductSecrets of other products; the first 8 are tried. */
  readonly otherProductSecrets?: readonly string[]
}

/** Most digests that one search makes: 2 to 3 ms of CPU. Refused devices trigger it, so callers limit its rate. */
export const MAX_MISTAKE_DIGESTS = 400

const MAX_OTHER_SECRETS = 8
// Base64 of the hex of SHA-256 with separators stays below; anything longer is no signature.
const MAX_SIGNATURE_LENGTH = 256
const MIN_CUT_LENGTH = 16

interface Attempt {
  readonly codes: readonly MistakeCode[]
  /** Makes one digest. */
  digest(): Buffer
}

/** Whether a text from outside is one of the codes. */
export const isMistakeCode = (text: string): text is MistakeCode => Object.hasOwn(MISTAKES, text)

/** Digests, in hex, that the sent signature may stand for, and what is wrong with the way it shows each. */
const readingsOf = (sent: string): ReadonlyMap<string, readonly MistakeCode[]> => {
  const lower = sent.toLowerCase()
  const fromBase64 = Buffer.from(sent, 'base64')
  const readings: [hex: string, codes: readonly MistakeCode[]][] = [
    [lower.replaceAll('0x', '').replace(/[^0-9a-f]/g, ''), ['signature-decorated']],
    [Buffer.from(lower, 'hex').toString('latin1').toLowerCase(), ['hex-of-hex']],
    [fromBase64.toString('latin1').toLowerCase(), ['base64-not-hex']],
    [fromBase64.toString('hex'), ['base64-not-hex']],
    [lower, []],
  ]
  return new Map(readings)
}

const hmac = (
  method: SignMethod,
  key: string | Uint8Array,
  text: string,
  announced: SignMethod,
  codes: readonly MistakeCode[],
): Attempt => ({
  codes: method === announced ? codes : [...codes, 'hash-other'],
  digest: () => createHmac(HASH_OF[method], key).update(text).digest(),
})

function* plainHashes(secret: string, text: string): Generator<Attempt> {
  for (const hash of Object.values(HASH_OF)) {
    for (const hashed of [text + secret, secret + text, secret + text + secret, text]) {
      yield { codes: ['hash-without-hmac'], digest: () => createHash(hash).update(hashed).digest() }
    }
  }
}

const otherKeys = (input: FindMistakesInput, secret: string | undefined, exchanged: string | undefined) => {
  const { claim } = input
  const keys: SigningKey[] = []
  if (exchanged !== undefined) {
    keys.push({ code: claim.mode === 'secret' ? 'product-secret-used' : 'device-secret-used', key: exchanged })
  }
  if (secret !== undefined) keys.push(...spoiltKeys(secret))
  keys.push(...namesAsKeys(claim))
  for (const key of (input.otherProductSecrets ?? []).slice(0, MAX_OTHER_SECRETS)) {
    keys.push({ code: 'other-product-secret-used', key })
  }
  return keys.filter(({ key }) => key !== secret)
}

/** Single mistakes first, then two at once, the likelier ones before the others. */
function* attemptsOf(input: FindMistakesInput): Generator<Attempt> {
  const { claim, swapped } = input
  const isLogin = claim.mode === 'secret'
  const announced = claim.signMethod
  const methods = [announced, ...SIGN_METHODS.filter(method => method !== announced)]
  const [secret, exchanged, swappedSecret] = isLogin
    ? [input.deviceSecret, input.productSecret, swapped?.deviceSecret]
    : [input.productSecret, input.deviceSecret, swapped?.productSecret]
  const text = rightText(claim)
  const texts = wrongTexts(claim, input.clientId ?? claim.id)
  if (secret !== undefined) for (const method of methods) yield hmac(method, secret, text, announced, [])
  if (swappedSecret !== undefined) {
    for (const method of methods) {
      yield hmac(method, swappedSecret, unswappedText(claim), announced, ['names-swapped-in-user-name'])
    }
  }
  const keys = otherKeys(input, secret, exchanged)
  for (const { code, key } of keys) yield hmac(announced, key, text, announced, [code])
  if (secret !== undefined) {
    for (const wrong of texts) yield hmac(announced, secret, wrong.text, announced, [wrong.code])
    yield* plainHashes(secret, text)
    for (const method of methods) yield hmac(method, text, secret, announced, ['key-and-text-swapped'])
  }
  for (const method of methods.slice(1)) {
    for (const { code, key } of keys) yield hmac(method, key, text, announced, [code])
    if (secret !== undefined) for (const wrong of texts) yield hmac(method, secret, wrong.text, announced, [wrong.code])
  }
  const exchangedKey = keys.find(({ key }) => key === exchanged)
  if (exchangedKey !== undefined) {
    for (const wrong of texts) {
      yield hmac(announced, exchangedKey.key, wrong.text, announced, [exchangedKey.code, wrong.code])
    }
  }
}

/**
 * The known mistakes that explain the signature which was sent: the first explanation found, as a list of mistakes,
 * and an empty list if there is none or nothing is wrong. Never throws; makes at most MAX_MISTAKE_DIGESTS digests.
 * It compares in plain: the answer goes to the operator, never to the device, and holds no secret.
 */
export const findMistakes = (input: FindMistakesInput): Mistake[] => {
  const sent = input.claim.signature
  if (sent.length > MAX_SIGNATURE_LENGTH) return []
  const trimmed = sent.trim()
  if (trimmed !== '' && (trimmed === input.productSecret || trimmed === input.deviceSecret)) {
    return [{ code: 'secret-sent' }]
  }
  const readings = readingsOf(sent)
  const start = sent.length >= MIN_CUT_LENGTH ? sent.toLowerCase() : undefined
  let digests = 0
  for (const attempt of attemptsOf(input)) {
    if (++digests > MAX_MISTAKE_DIGESTS) return []
    const hex = attempt.digest().toString('hex')
    const reading: readonly MistakeCode[] | undefined =
      readings.get(hex) ?? (start !== undefined && hex.startsWith(start) ? ['signature-cut'] : undefined)
    if (reading !== undefined) return [...attempt.codes, ...reading].map(code => ({ code }))
  }
  return []
}
