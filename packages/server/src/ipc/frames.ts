const lengthSizeBytes = 4

/** `length:uint32 payload`. */
export function frameHeader(sizeBytes: number): Buffer {
  const header = Buffer.allocUnsafe(lengthSizeBytes)
  header.writeUInt32BE(sizeBytes)
  return header
}

/** A frame is larger than its reader takes. */
export class FrameTooLarge extends Error {
  override readonly name = 'FrameTooLarge'
}

/** Puts frames together from bytes that were cut anywhere. */
export class FrameReader {
  readonly #maxSizeBytes: number
  #chunks: Buffer[] = []
  #heldBytes = 0

  constructor(maxSizeBytes: number) {
    this.#maxSizeBytes = maxSizeBytes
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#heldBytes += chunk.length
  }

  /**
   * The next whole frame, without its length.
   *
   * @throws FrameTooLarge
   */
  next(): Buffer | undefined {
    if (this.#heldBytes < lengthSizeBytes) return undefined
    const sizeBytes = this.#at(lengthSizeBytes).readUInt32BE()
    if (sizeBytes > this.#maxSizeBytes) {
      throw new FrameTooLarge(`a frame has ${sizeBytes} bytes, the limit is ${this.#maxSizeBytes}`)
    }
    const end = lengthSizeBytes + sizeBytes
    if (this.#heldBytes < end) return undefined
    const held = this.#at(end)
    this.#heldBytes -= end
    this.#chunks[0] = held.subarray(end)
    if (this.#heldBytes === 0) this.#chunks = []
    return held.subarray(lengthSizeBytes, end)
  }

  /** What came after the last frame. */
  takeRest(): Buffer {
    const rest = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#heldBytes = 0
    return rest
  }

  /** The first piece, joined with what follows until it has that many bytes. */
  #at(sizeBytes: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= sizeBytes) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }
}
