/** Above this, copying costs more than the kernel's gathering write. */
const copyLimitBytes = 32 * 1024
const nothing: readonly Uint8Array[] = []

/** Bytes that wait to be written, in order. The usual case is one piece, which needs no list. */
export class GatheredBytes {
  #first: Uint8Array | undefined
  #more: Uint8Array[] | undefined
  sizeBytes = 0

  push(bytes: Uint8Array): void {
    this.sizeBytes += bytes.length
    if (this.#first === undefined) {
      this.#first = bytes
      return
    }
    this.#more ??= []
    this.#more.push(bytes)
  }

  /** Everything, as few buffers as is cheap: small chunks are copied into one. Empties the list. */
  take(): readonly Uint8Array[] {
    const first = this.#first
    if (first === undefined) return nothing
    const { sizeBytes } = this
    const chunks = this.#more === undefined ? [first] : [first, ...this.#more]
    this.clear()
    return chunks.length === 1 || sizeBytes > copyLimitBytes ? chunks : [Buffer.concat(chunks, sizeBytes)]
  }

  clear(): void {
    this.#first = undefined
    this.#more = undefined
    this.sizeBytes = 0
  }
}
