import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { Writer } from './writer.ts'

export interface Pingreq {
  readonly type: 'pingreq'
}

/** PINGREQ = 0xc0 0x00 */
export function decodePingreq(frame: Frame, level: ProtocolLevel): Pingreq {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, 0)
  reader.finish()
  return { type: 'pingreq' }
}

export function encodePingreq(): Buffer {
  return new Writer(firstByteOf('pingreq'), 0).finish()
}
