import { timingSafeEqual } from 'node:crypto'
import { type SignMethod, verify } from '@hatchway/protocol'
import { hashSecret } from '../registry/hash.ts'

// For names that don't exist: the same digest is made for them, so that the time of a refusal tells little.
const nobodysSecret = '0123456789abcdef0123456789abcdef'
const nobodysHash = '0'.repeat(64)

export interface Signed {
  text: string
  method: SignMethod
  /** Hex in either case, as sent. */
  signature: string
}

/** Whether the signature was made with this secret; false without one, after as much work. Constant time. */
export const isSignedWith = (secret: string | null | undefined, { text, method, signature }: Signed): boolean => {
  const isGood = verify(method, secret ?? nobodysSecret, text, signature)
  return isGood && secret !== null && secret !== undefined
}

/** Whether a token or key secret has this SHA-256; false without one, after as much work. Constant time. */
export const hasHash = (secret: string, secretHash: string | undefined): boolean => {
  const actual = Buffer.from(hashSecret(secret), 'latin1')
  const expected = Buffer.from(secretHash ?? nobodysHash, 'latin1')
  return actual.length === expected.length && timingSafeEqual(actual, expected) && secretHash !== undefined
}
