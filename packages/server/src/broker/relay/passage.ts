import type { Frame } from '../../mqtt/index.ts'

/** What is done with a stream of packets from the cluster. */
export interface PassageHandler {
  /** Whether a packet is to be seen as a whole; the others pass as they come. */
  wants(firstByte: number, sizeBytes: number): boolean
  /** A packet that passes has begun. */
  begins(firstByte: number): void
  /** Bytes of packets that pass. */
  pass(buffer: Buffer, start: number, end: number): void
  /** A whole packet that was wanted. Throws MalformedPacket. */
  packet(frame: Frame): void
}

const noBytes = Buffer.alloc(0)
const largestHeaderBytes = 5

/**
 * Cuts the stream that comes from the cluster at its packets' ends. Packets that only pass are not gathered, whatever
 * their size: their bytes go on as they come, in place.
 */
export class Passage {
  readonly #handler: PassageHandler
  /** Bytes still to come of the packet that passes. */
  #left = 0
  /** The beginning of a packet: of one that is wanted, or of a header that broke off. */
  #gathered: Buffer = noBytes
  #gatheredBytes = 0

  constructor(handler: PassageHandler) {
    this.#handler = handler
  }

  /** Packets of our own may be put in here. */
  get isBetween(): boolean {
    return this.#left === 0
  }

  /** False if the stream is none of packets. Throws MalformedPacket, and what the handler throws. */
  push(chunk: Buffer): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) at = this.#passOn(chunk, at)
      else if (this.#gatheredBytes > 0) at = this.#gather(chunk, at)
      else at = this.#begin(chunk, at)
      if (at === -1) return false
    }
    return true
  }

  #passOn(chunk: Buffer, start: number): number {
    const end = Math.min(start + this.#left, chunk.length)
    this.#left -= end - start
    this.#handler.pass(chunk, start, end)
    return end
  }

  /** A packet begins in the chunk. */
  #begin(chunk: Buffer, start: number): number {
    const header = headerAt(chunk, start, chunk.length)
    if (header === 'wrong') return -1
    if (header === undefined) return this.#keep(chunk, start, largestHeaderBytes)
    const { firstByte, end } = header
    if (!this.#handler.wants(firstByte, end - start)) {
      this.#handler.begins(firstByte)
      this.#left = end - start
      return this.#passOn(chunk, start)
    }
    if (end > chunk.length) return this.#keep(chunk, start, end - start)
    this.#handler.packet(header)
    return end
  }

  #keep(chunk: Buffer, start: number, sizeBytes: number): number {
    this.#gathered = Buffer.allocUnsafe(sizeBytes)
    this.#gatheredBytes = chunk.copy(this.#gathered, 0, start)
    return chunk.length
  }

  /** Adds to a packet whose beginning is gathered. */
  #gather(chunk: Buffer, start: number): number {
    const header = headerAt(this.#gathered, 0, this.#gatheredBytes)
    if (header === 'wrong') return -1
    if (header === undefined) {
      // Byte by byte: what follows the header must not get into its memory.
      this.#gathered[this.#gatheredBytes++] = chunk[start] ?? 0
      return this.#decide(start + 1)
    }
    const end = Math.min(start + header.end - this.#gatheredBytes, chunk.length)
    this.#gatheredBytes += chunk.copy(this.#gathered, this.#gatheredBytes, start, end)
    return this.#decide(end)
  }

  /** Goes on with what is gathered when its header is whole, or all of it. */
  #decide(next: number): number {
    const gathered = this.#gathered
    const header = headerAt(gathered, 0, this.#gatheredBytes)
    if (header === 'wrong') return -1
    if (header === undefined) return next
    const { firstByte, end } = header
    if (!this.#handler.wants(firstByte, end)) {
      this.#handler.begins(firstByte)
      this.#left = end - this.#gatheredBytes
      const size = this.#gatheredBytes
      this.#forget()
      this.#handler.pass(gathered, 0, size)
      return next
    }
    if (this.#gatheredBytes < end) {
      if (gathered.length < end) {
        this.#gathered = Buffer.allocUnsafe(end)
        gathered.copy(this.#gathered, 0, 0, this.#gatheredBytes)
      }
      return next
    }
    this.#forget()
    this.#handler.packet(header)
    return next
  }

  #forget(): void {
    this.#gathered = noBytes
    this.#gatheredBytes = 0
  }
}

/** FixedHeader = FirstByte RemainingLength:variable-byte-integer. Undefined = it is not whole. */
function headerAt(buffer: Buffer, start: number, limit: number): Frame | 'wrong' | undefined {
  let remaining = 0
  for (let at = start + 1, shift = 0; at < limit; at++, shift += 7) {
    const byte = buffer[at] ?? 0
    remaining |= (byte & 0x7f) << shift
    if (byte < 0x80) return { buffer, firstByte: buffer[start] ?? 0, start, bodyStart: at + 1, end: at + 1 + remaining }
    if (shift === 21) return 'wrong'
  }
  return undefined
}
