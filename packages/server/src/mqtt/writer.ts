import { maxVariableByteInteger, variableByteIntegerSize } from './frame.ts'

const maxFieldBytes = 0xffff

/**
 * Fills one packet. The sizes come first (`stringSize` and the like), so that the buffer is allocated exactly once.
 * Throws RangeError when a value does not fit MQTT's wire format: our own fault, never the peer's.
 */
export class Writer {
  readonly buffer: Buffer
  offset: number

  constructor(firstByte: number, remainingLength: number) {
    if (remainingLength > maxVariableByteInteger) {
      throw new RangeError(`the packet takes ${remainingLength} bytes, MQTT carries ${maxVariableByteInteger} at most`)
    }
    this.buffer = Buffer.allocUnsafe(1 + variableByteIntegerSize(remainingLength) + remainingLength)
    this.buffer[0] = firstByte
    this.offset = 1
    this.variableByteInteger(remainingLength)
  }

  byte(value: number): void {
    this.buffer[this.offset++] = value
  }

  uint16(value: number): void {
    this.offset = this.buffer.writeUInt16BE(value, this.offset)
  }

  uint32(value: number): void {
    this.offset = this.buffer.writeUInt32BE(value, this.offset)
  }

  variableByteInteger(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.buffer[this.offset++] = (rest & 0x7f) | 0x80
      rest >>= 7
    }
    this.buffer[this.offset++] = rest
  }

  string(value: string): void {
    const length = this.buffer.write(value, this.offset + 2)
    this.uint16(length)
    this.offset += length
  }

  binary(value: Buffer): void {
    this.uint16(value.length)
    this.bytes(value)
  }

  bytes(value: Buffer): void {
    this.offset += value.copy(this.buffer, this.offset)
  }

  /** The packet. A size that was reckoned wrong must not leave as uninitialised memory. */
  finish(): Buffer {
    if (this.offset !== this.buffer.length) throw new Error('the packet does not have the size that was reckoned')
    return this.buffer
  }
}

/** Bytes of a UTF-8 string with its length; RangeError names `field` when it is too long. */
export function stringSize(value: string, field: string): number {
  const length = Buffer.byteLength(value)
  if (length > maxFieldBytes) throw tooLong(field, length)
  return 2 + length
}

export function binarySize(value: Buffer, field: string): number {
  if (value.length > maxFieldBytes) throw tooLong(field, value.length)
  return 2 + value.length
}

function tooLong(field: string, length: number): RangeError {
  return new RangeError(`${field} takes ${length} bytes, MQTT carries ${maxFieldBytes} at most: shorten it`)
}
