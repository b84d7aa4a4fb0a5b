import { MalformedPacket } from './errors.ts'
import { type Frame, packetTypeOf } from './frame.ts'

const nothing = Buffer.alloc(0)
const smallestGatherBytes = 256

/**
 * Cuts a byte stream into whole control packets.
 *
 * `push` chunks in, then call `next` until it says false: each time it says true, the framer *is* the frame of the next
 * packet (`buffer`, `firstByte`, `start`, `bodyStart`, `end`), valid until the next call. Packets that lie whole in a
 * chunk are framed in place, without copy or allocation; one that is split over chunks is gathered in memory of its own,
 * which grows with the bytes received and never with the length announced. `maxPacketSizeBytes` (the fixed header
 * included) is checked as soon as the header is known, and may be changed between packets.
 *
 * Chunks pushed while packets are unread wait in line: whoever reads late must pause the source.
 * `next` throws MalformedPacket (0x81 for a Remaining Length of more than four bytes, 0x95 for a packet too large);
 * the stream is lost then.
 */
export class Framer implements Frame {
  buffer: Buffer = nothing
  firstByte = 0
  start = 0
  bodyStart = 0
  end = 0
  maxPacketSizeBytes: number

  #chunk: Buffer = nothing
  #offset = 0
  /** Chunks behind `#chunk`; made when first needed, so that an idle connection holds no array. */
  #waiting: Buffer[] | undefined
  /** The beginning of a packet that broke off at the end of a chunk: `#gatheredBytes` bytes of it. */
  #gathered: Buffer = nothing
  #gatheredBytes = 0

  constructor(options: { maxPacketSizeBytes: number }) {
    this.maxPacketSizeBytes = options.maxPacketSizeBytes
  }

  /** Keeps the chunk itself until it is read: its memory must not be reused. */
  push(chunk: Buffer): void {
    if (this.#offset === this.#chunk.length && !this.#waiting?.length) {
      this.#chunk = chunk
      this.#offset = 0
    } else {
      this.#waiting ??= []
      this.#waiting.push(chunk)
    }
  }

  /** Moves on to the next whole packet; false when more bytes are needed. */
  next(): boolean {
    for (;;) {
      if (this.#gatheredBytes === 0 ? this.#frameInPlace() : this.#frameGathered()) return true
      const following = this.#waiting?.shift()
      if (following === undefined) return false
      this.#chunk = following
      this.#offset = 0
    }
  }

  /** Nothing waits here: the next byte begins a packet. */
  get isEmpty(): boolean {
    return this.#gatheredBytes === 0 && this.#offset === this.#chunk.length && !this.#waiting?.length
  }

  /** Bytes of memory that wait here: an unfinished packet and whatever was pushed and not read. */
  get heldBytes(): number {
    const unread = this.#chunk.length - this.#offset
    return this.#gathered.length + unread + (this.#waiting ?? []).reduce((sum, chunk) => sum + chunk.length, 0)
  }

  /** Everything after the last packet, for another owner of the connection; the framer is empty afterwards. */
  takeRest(): Buffer {
    const gathered = this.#gathered.subarray(0, this.#gatheredBytes)
    const parts = [gathered, this.#chunk.subarray(this.#offset), ...(this.#waiting ?? [])]
    this.#dropGathered()
    this.#dropChunk()
    this.#waiting = undefined
    return Buffer.concat(parts)
  }

  #frameInPlace(): boolean {
    const chunk = this.#chunk
    const start = this.#offset
    const headerIsWhole = this.#readHeader(chunk, start, chunk.length)
    if (headerIsWhole && this.end <= chunk.length) {
      this.#offset = this.end
      this.buffer = chunk
      return true
    }
    if (start < chunk.length) {
      const packetBytes = headerIsWhole ? this.end - start : Number.POSITIVE_INFINITY
      this.#gather(chunk.length - start, packetBytes)
    }
    this.#dropChunk()
    return false
  }

  /** Adds to the gathered bytes what their packet still lacks, and no byte of the one behind it. */
  #frameGathered(): boolean {
    while (!this.#readHeader(this.#gathered, 0, this.#gatheredBytes)) {
      if (this.#offset === this.#chunk.length) return false
      this.#gather(1, Number.POSITIVE_INFINITY)
    }
    const missing = this.end - this.#gatheredBytes
    this.#gather(Math.min(missing, this.#chunk.length - this.#offset), this.end)
    if (this.#gatheredBytes < this.end) {
      this.#dropChunk()
      return false
    }
    this.buffer = this.#gathered
    this.#dropGathered()
    return true
  }

  /** Moves `count` bytes from the chunk to the gathered ones. Their memory doubles, up to the size of the packet. */
  #gather(count: number, packetBytes: number): void {
    const needed = this.#gatheredBytes + count
    if (needed > this.#gathered.length) {
      const doubled = Math.max(needed, 2 * this.#gathered.length, smallestGatherBytes)
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(doubled, packetBytes)))
      this.#gathered.copy(larger, 0, 0, this.#gatheredBytes)
      this.#gathered = larger
    }
    this.#chunk.copy(this.#gathered, this.#gatheredBytes, this.#offset, this.#offset + count)
    this.#gatheredBytes = needed
    this.#offset += count
  }

  /**
   * FixedHeader = FirstByte RemainingLength:variable-byte-integer
   *
   * True when the header is whole: sets `firstByte`, `start`, `bodyStart`, and `end`, which may lie behind `limit`.
   */
  #readHeader(buffer: Buffer, start: number, limit: number): boolean {
    let remainingLength = 0
    let shift = 0
    for (let at = start + 1; at < limit; at++) {
      const byte = buffer[at]! // in bounds: at < limit
      remainingLength |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.firstByte = buffer[start]! // in bounds: start < at
        this.start = start
        this.bodyStart = at + 1
        this.end = at + 1 + remainingLength
        if (this.end - start > this.maxPacketSizeBytes) throw this.#tooLarge()
        return true
      }
      shift += 7
      if (shift === 28) {
        const type = packetTypeOf(buffer[start]!) // in bounds: start < at
        throw new MalformedPacket(type, 0x81, 'the remaining length takes more than four bytes')
      }
    }
    return false
  }

  #tooLarge(): MalformedPacket {
    const problem = `it takes ${this.end - this.start} bytes, the limit is ${this.maxPacketSizeBytes}`
    return new MalformedPacket(packetTypeOf(this.firstByte), 0x95, problem) // [MQTT-3.1.2-24]
  }

  #dropGathered(): void {
    this.#gathered = nothing
    this.#gatheredBytes = 0
  }

  /** Lets go of the chunk's memory: an idle connection keeps none. */
  #dropChunk(): void {
    this.#chunk = nothing
    this.#offset = 0
    this.buffer = nothing
  }
}
