import { timingSafeEqual } from 'node:crypto'

/**
 * What a process says first when it comes in at the door:
 *
 *     length:uint32 version:byte secret:32 kind:byte payload
 */
export interface Hello {
  kind: number
  payload: Buffer
}

export const secretSizeBytes = 32
/** A server's processes are of one version; this catches what still runs when the files were replaced. */
const helloVersion = 1
const headSizeBytes = 1 + secretSizeBytes + 1

export function encodeHello(secret: Uint8Array, { kind, payload }: { kind: number; payload: Uint8Array }): Buffer {
  return Buffer.concat([Buffer.of(helloVersion), secret, Buffer.of(kind), payload])
}

/** undefined for whoever doesn't know the secret, or speaks another version. */
export function readHello(frame: Buffer, secret: Uint8Array): Hello | undefined {
  if (frame.length < headSizeBytes || frame[0] !== helloVersion) return undefined
  if (!timingSafeEqual(frame.subarray(1, 1 + secretSizeBytes), secret)) return undefined
  return { kind: frame[headSizeBytes - 1] ?? 0, payload: frame.subarray(headSizeBytes) }
}
