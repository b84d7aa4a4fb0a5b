import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4096

/**
 * Cryptographically strong bytes, drawn from the system in larger pieces: a draw for each credential costs more than the credential.
 * Bytes are given out once and wiped from the pool.
 */
export function createRandomPool(): (sizeBytes: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return sizeBytes => {
    if (sizeBytes > POOL_BYTES) return randomFillSync(new Uint8Array(sizeBytes))
    if (used + sizeBytes > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const bytes = pool.slice(used, used + sizeBytes)
    pool.fill(0, used, used + sizeBytes)
    used += sizeBytes
    return bytes
  }
}
