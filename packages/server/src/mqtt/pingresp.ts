import { type Frame, firstByteOf, type ProtocolLevel } from './frame.ts'
import { checkFlags, Reader } from './primitives.ts'
import { Writer } from './writer.ts'

export interface Pingresp {
  readonly type: 'pingresp'
}

/** PINGRESP = 0xd0 0x00 */
export function decodePingresp(frame: Frame, level: ProtocolLevel): Pingresp {
  const reader = new Reader(frame, level)
  checkFlags(reader, frame.firstByte, 0)
  reader.finish()
  return { type: 'pingresp' }
}

export function encodePingresp(): Buffer {
  return new Writer(firstByteOf('pingresp'), 0).finish()
}
