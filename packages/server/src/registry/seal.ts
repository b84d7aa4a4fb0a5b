import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'

// sealed = version (1) | nonce (12) | tag (16) | ciphertext
const VERSION = 1
const NONCE_SIZE_BYTES = 12
const TAG_SIZE_BYTES = 16
const HEAD_SIZE_BYTES = 1 + NONCE_SIZE_BYTES + TAG_SIZE_BYTES
const NONCES_PER_DRAW = 256

export const MASTER_KEY_SIZE_BYTES = 32

/** A sealed value was made with another key or for another place, or it was altered. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}

/**
 * Encrypts secrets at rest with AES-256-GCM. `place` (`devices/{productKey}/{deviceName}`) ties a value to its row:
 * it opens nowhere else.
 */
export interface Sealer {
  seal(secret: string, place: string): Uint8Array
  /** @throws SealBroken */
  open(sealed: Uint8Array, place: string): string
}

export function createSealer(masterKey: Uint8Array): Sealer {
  if (masterKey.length !== MASTER_KEY_SIZE_BYTES) {
    throw new RangeError(`the master key has ${masterKey.length} bytes; it must have ${MASTER_KEY_SIZE_BYTES}`)
  }
  const key = Buffer.from(masterKey)
  const nextNonce = nonceSource()
  return {
    seal(secret, place) {
      const sealed = Buffer.allocUnsafe(HEAD_SIZE_BYTES + Buffer.byteLength(secret))
      sealed[0] = VERSION
      sealed.set(nextNonce(), 1)
      const cipher = createCipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_SIZE_BYTES))
      cipher.setAAD(Buffer.from(place))
      sealed.set(cipher.update(secret, 'utf8'), HEAD_SIZE_BYTES)
      cipher.final() // GCM is a stream: nothing is left over
      sealed.set(cipher.getAuthTag(), 1 + NONCE_SIZE_BYTES)
      return sealed
    },
    open: (sealed, place) => openSealed(key, sealed, place),
  }
}

function openSealed(key: Buffer, sealed: Uint8Array, place: string): string {
  if (sealed.length < HEAD_SIZE_BYTES || sealed[0] !== VERSION) {
    throw new SealBroken(`the sealed secret of ${place} has an unknown form`)
  }
  const nonce = sealed.subarray(1, 1 + NONCE_SIZE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_SIZE_BYTES })
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(sealed.subarray(1 + NONCE_SIZE_BYTES, HEAD_SIZE_BYTES))
  try {
    return decipher.update(sealed.subarray(HEAD_SIZE_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw new SealBroken(`the sealed secret of ${place} does not open with this master key`, { cause })
  }
}

// One draw for many nonces: a call to the random source costs as much as the encryption.
function nonceSource(): () => Uint8Array {
  const pool = Buffer.alloc(NONCE_SIZE_BYTES * NONCES_PER_DRAW)
  let at = pool.length
  return () => {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    at += NONCE_SIZE_BYTES
    return pool.subarray(at - NONCE_SIZE_BYTES, at)
  }
}
