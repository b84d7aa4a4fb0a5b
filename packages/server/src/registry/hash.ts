import { createHash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of a DeviceToken or an API key's secret as 64 lower-case hex: what the registry keeps in their place. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret, 'utf8').digest('hex')

/**
 * Compares two secrets, or two hashes of them, in a time that depends on neither their content nor where they differ.
 */
export function sameSecret(left: string, right: string): boolean {
  // Hashing first makes the lengths equal, which timingSafeEqual demands, and hides them.
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()
  return timingSafeEqual(digest(left), digest(right))
}
