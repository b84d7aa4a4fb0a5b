import { MalformedPacket, type MalformedReasonCode } from './errors.ts'
import { type Frame, type PacketType, packetTypeOf } from './frame.ts'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }) // a BOM is text too [MQTT-1.5.4-3]

/**
 * Reads MQTT's data types from the body of one frame, front to back. No read ever looks behind `end`: what is missing
 * throws MalformedPacket that names the field. `end` can be narrowed for a nested block (properties).
 */
export class Reader {
  readonly buffer: Buffer
  offset: number
  end: number
  readonly packetType: PacketType
  /** The level the packet is read at; CONNECT sets it when it has seen the level byte. */
  protocolLevel: number | undefined

  constructor(frame: Frame, protocolLevel: number | undefined) {
    this.buffer = frame.buffer
    this.offset = frame.bodyStart
    this.end = frame.end
    this.packetType = packetTypeOf(frame.firstByte)
    this.protocolLevel = protocolLevel
  }

  get remaining(): number {
    return this.end - this.offset
  }

  byte(field: string): number {
    const at = this.#advance(1, field)
    return this.buffer[at]! // in bounds: advanced over it
  }

  uint16(field: string): number {
    const at = this.#advance(2, field)
    return (this.buffer[at]! << 8) | this.buffer[at + 1]! // in bounds: advanced over both
  }

  uint32(field: string): number {
    return this.buffer.readUInt32BE(this.#advance(4, field))
  }

  /** 1 to 4 bytes, seven bits each, least significant first; the shortest form only. [MQTT-1.5.5-1] */
  variableByteInteger(field: string): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte(field)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw this.malformed(`the ${field} is not in its shortest form`)
        return value
      }
    }
    throw this.malformed(`the ${field} takes more than four bytes`)
  }

  string(field: string): string {
    const length = this.uint16(field)
    const start = this.#advance(length, field)
    const text = decodeUtf8(this.buffer, start, start + length)
    if (text === undefined) throw this.malformed(`the ${field} is not good UTF-8 or holds U+0000`) // [MQTT-1.5.4-1]
    return text
  }

  /** A view of the frame's memory, not a copy. */
  binary(field: string): Buffer {
    const length = this.uint16(field)
    const start = this.#advance(length, field)
    return this.buffer.subarray(start, start + length)
  }

  /** All that is left, as a view of the frame's memory. */
  rest(): Buffer {
    const start = this.offset
    this.offset = this.end
    return this.buffer.subarray(start, this.end)
  }

  packetId(): number {
    const packetId = this.uint16('packet identifier')
    if (packetId === 0) throw this.protocolError('the packet identifier is 0') // [MQTT-2.2.1-3]
    return packetId
  }

  finish(): void {
    if (this.offset !== this.end) throw this.malformed(`${this.end - this.offset} bytes too many at its end`)
  }

  malformed(problem: string): MalformedPacket {
    return this.fail(0x81, problem)
  }

  protocolError(problem: string): MalformedPacket {
    return this.fail(0x82, problem)
  }

  fail(reasonCode: MalformedReasonCode, problem: string): MalformedPacket {
    return new MalformedPacket(this.packetType, reasonCode, problem, this.protocolLevel)
  }

  #advance(count: number, field: string): number {
    const at = this.offset
    if (at + count > this.end) throw this.malformed(`it breaks off in the ${field}`)
    this.offset = at + count
    return at
  }
}

/** Checks the lower four bits of the first byte. MQTT 3.1 gave them no fixed value, so level 3 passes. [MQTT-2.1.3-1] */
export function checkFlags(reader: Reader, firstByte: number, expected: number): void {
  const flags = firstByte & 0x0f
  if (flags === expected || reader.protocolLevel === 3) return
  throw reader.malformed(`the flags of its first byte are ${flags}, they must be ${expected}`)
}

/** The text, or undefined when the bytes are not UTF-8 (surrogates included) or hold U+0000. [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
function decodeUtf8(buffer: Buffer, start: number, end: number): string | undefined {
  const text = buffer.toString('utf8', start, end)
  if (text.includes('\0')) return undefined
  // Bad bytes turn into U+FFFD, and that is a good character too: only then look again, strictly.
  if (!text.includes('\ufffd')) return text
  try {
    return strictUtf8.decode(buffer.subarray(start, end))
  } catch {
    return undefined // the caller names the field
  }
}
