/** Above this, copying costs more than the kernel's gathering write. */
const copyLimitBytes = 32 * 1024
const nothing: readonly Uint8Array[] = []

/** Bytes that wait to be written, in order. */
export class GatheredBytes {
  #chunks: Uint8Array[] = []
  sizeBytes = 0

  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
    this.sizeBytes += bytes.length
  }

  /** Everything, as few buffers as is cheap: small chunks are copied into one. Empties the list. */
  take(): readonly Uint8Array[] {
    const chunks = this.#chunks
    if (chunks.length === 0) return nothing
    const { sizeBytes } = this
    this.clear()
    return chunks.length === 1 || sizeBytes > copyLimitBytes ? chunks : [Buffer.concat(chunks, sizeBytes)]
  }

  clear(): void {
    this.#chunks = []
    this.sizeBytes = 0
  }
}
