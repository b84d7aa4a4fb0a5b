import type { Link } from '../port.ts'

/** Where the bytes go: the client, or whoever its bytes are relayed to. */
export type Sink = Pick<Link, 'write' | 'pendingBytes'>

const smallestSlabBytes = 256
const largestSlabBytes = 64 * 1024
/** A larger piece goes to the link as it is; copying it would cost more than one more segment. */
const copiedBytes = 8 * 1024

/** One PUBLISH as bytes `start` to `end` of a buffer. The first byte and the packet identifier are the sender's to set. */
export interface PublishBytes {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  /** Where the packet identifier stands, counted from `start`; 0 = there is none (QoS 0). */
  readonly packetIdOffset: number
}

/**
 * Gathers what one connection is sent within a turn, and hands it to the link in one go (`flush`). Neighbouring bytes of
 * one buffer stay one range, so that messages passed on unchanged are not even copied.
 */
export class Outbox {
  readonly #link: Sink
  #slab: Buffer | undefined
  #used = 0
  /** A range that is not copied yet: bytes behind `#slab`'s. */
  #range: Buffer | undefined
  #rangeStart = 0
  #rangeEnd = 0
  #gathered = 0
  /** What the link had unsent when it was last asked: once a turn, since asking a socket costs. */
  #linkPending = 0
  /** Bytes of the turn before: the next slab's size. */
  #expected = smallestSlabBytes
  readonly #meter: { bytesOut: number }

  constructor(link: Sink, meter: { bytesOut: number }) {
    this.#link = link
    this.#meter = meter
  }

  /** Bytes that the next flush will hand over. */
  get gatheredBytes(): number {
    return this.#gathered
  }

  /** Bytes on their way that the kernel has not taken. */
  get unsentBytes(): number {
    return this.#gathered + this.#linkPending
  }

  /** A PUBLISH with this first byte and packet identifier. */
  publish(message: PublishBytes, firstByte: number, packetId: number): void {
    const { buffer, start, end, packetIdOffset } = message
    if (packetIdOffset === 0 && buffer[start] === firstByte) {
      this.append(buffer, start, end)
      return
    }
    const size = end - start
    const slab = this.#room(size)
    const at = this.#used
    buffer.copy(slab, at, start, end)
    slab[at] = firstByte
    if (packetIdOffset > 0) {
      slab[at + packetIdOffset] = packetId >> 8
      slab[at + packetIdOffset + 1] = packetId
    }
    this.#used = at + size
    this.#gathered += size
  }

  /** A packet of four bytes: the acknowledgements, at every level. */
  acknowledge(firstByte: number, packetId: number): void {
    const slab = this.#room(4)
    const at = this.#used
    slab[at] = firstByte
    slab[at + 1] = 2
    slab[at + 2] = packetId >> 8
    slab[at + 3] = packetId
    this.#used = at + 4
    this.#gathered += 4
  }

  packet(bytes: Buffer): void {
    this.append(bytes, 0, bytes.length)
  }

  /** Hands everything to the link. */
  flush(): void {
    if (this.#gathered === 0) return
    const gathered = this.#gathered
    this.#settleRange(true)
    this.#writeSlab()
    this.#meter.bytesOut += gathered
    this.#expected = gathered
    this.#gathered = 0
    this.#linkPending = this.#link.pendingBytes
  }

  /** Asks the link again how much it has not sent. */
  refresh(): void {
    this.#linkPending = this.#link.pendingBytes
  }

  /** Bytes of a larger buffer, as they are; neighbours of what came before stay one range with it. */
  append(buffer: Buffer, start: number, end: number): void {
    this.#gathered += end - start
    if (this.#range === buffer && this.#rangeEnd === start) {
      this.#rangeEnd = end
      return
    }
    this.#settleRange(false)
    this.#range = buffer
    this.#rangeStart = start
    this.#rangeEnd = end
  }

  /**
   * Puts the range where it stays: small ones into the slab, so that a few bytes don't keep a whole chunk in memory while
   * a slow link waits; large ones to the link as they are.
   */
  #settleRange(isLast: boolean): void {
    const range = this.#range
    if (range === undefined) return
    const start = this.#rangeStart
    const end = this.#rangeEnd
    const size = end - start
    this.#range = undefined
    const isMostOfIt = size * 2 >= range.buffer.byteLength
    if (size > copiedBytes || (isLast && this.#used === 0 && isMostOfIt)) {
      this.#writeSlab()
      this.#link.write(range.subarray(start, end))
      return
    }
    const slab = this.#room(size)
    range.copy(slab, this.#used, start, end)
    this.#used += size
  }

  #room(size: number): Buffer {
    if (this.#range !== undefined) this.#settleRange(false)
    const slab = this.#slab
    if (slab !== undefined && this.#used + size <= slab.length) return slab
    this.#writeSlab()
    const expected = Math.min(Math.max(this.#expected, smallestSlabBytes), largestSlabBytes)
    this.#slab = Buffer.allocUnsafe(Math.max(size, expected))
    return this.#slab
  }

  /** The link owns the slab's bytes from here on: the next ones need a new slab. */
  #writeSlab(): void {
    if (this.#slab !== undefined && this.#used > 0) this.#link.write(this.#slab.subarray(0, this.#used))
    this.#slab = undefined
    this.#used = 0
  }
}
