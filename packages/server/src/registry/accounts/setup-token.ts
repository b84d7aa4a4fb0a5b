import { createHmac, timingSafeEqual } from 'node:crypto'
import type { TimeMs } from '../types.ts'

const VALID_MS = 24 * 3_600_000
const TOKEN = /^([0-9a-z]{1,10})\.([A-Za-z0-9_-]{43})$/

/**
 * The token of a link that sets the first password: its end and a signature of that, so that nothing has to be stored
 * and every gateway of one master key takes it. It ends with the first password, since then nothing is left to set up.
 */
export interface SetupTokens {
  make(now: TimeMs): { token: string; expiresAt: TimeMs }
  isGood(token: string, now: TimeMs): boolean
}

export function createSetupTokens(secret: Uint8Array): SetupTokens {
  const sign = (end: string): Buffer => createHmac('sha256', secret).update(end).digest()
  return {
    make(now) {
      const endSeconds = Math.floor((now + VALID_MS) / 1000)
      const end = endSeconds.toString(36)
      return { token: `${end}.${sign(end).toString('base64url')}`, expiresAt: endSeconds * 1000 }
    },
    isGood(token, now) {
      const [, end, signature] = TOKEN.exec(token) ?? []
      if (end === undefined || signature === undefined) return false
      const isOurs = timingSafeEqual(sign(end), Buffer.from(signature, 'base64url'))
      return isOurs && now < Number.parseInt(end, 36) * 1000
    },
  }
}
