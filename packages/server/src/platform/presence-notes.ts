import type { PresenceChange, Store } from '../registry/store.ts'

/** Changes that may wait while the store is away, two per device at most; beyond it the oldest is lost. */
export const maxWaitingChanges = 200_000
/** Changes that go to the store at once. */
export const maxBatch = 1000

export interface PresenceNotesParts {
  store: Pick<Store, 'notePresence'>
  onError: (error: unknown) => void
  /** Wait before another try when the store has failed. */
  retryDelayMs?: number
  maxWaiting?: number
}

/**
 * Collects who came and went during a turn of the event loop and writes it in one batch. Per device only the last coming and
 * the last going are kept. If the store fails, the batch waits for the next try unless something newer has taken its place.
 */
export class PresenceNotes {
  readonly #store: PresenceNotesParts['store']
  readonly #onError: (error: unknown) => void
  readonly #retryDelayMs: number
  readonly #maxWaiting: number
  /** By device and direction, in the order of the last change. */
  #waiting = new Map<string, PresenceChange>()
  #scheduled: NodeJS.Immediate | undefined
  #retry: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #overflowed = false
  #closed = false

  constructor({ store, onError, retryDelayMs = 1000, maxWaiting = maxWaitingChanges }: PresenceNotesParts) {
    this.#store = store
    this.#onError = onError
    this.#retryDelayMs = retryDelayMs
    this.#maxWaiting = maxWaiting
  }

  note(change: PresenceChange): void {
    this.#keep(change)
    const isUnderWay = this.#scheduled !== undefined || this.#retry !== undefined || this.#writing !== undefined
    if (!this.#closed && !isUnderWay) this.#scheduled = setImmediate(() => this.#start())
  }

  /** Writes what is left, without another try; bounded by the store's own time limit. */
  async close(): Promise<void> {
    this.#closed = true
    clearImmediate(this.#scheduled)
    clearTimeout(this.#retry)
    // A write under way goes on until nothing waits, or until the store fails it; one that has failed already does neither.
    const underWay = this.#retry === undefined ? this.#writing : undefined
    await (underWay ?? this.#writeAll())
  }

  #keep(change: PresenceChange): void {
    const key = `${change.productKey}/${change.deviceName}/${change.online}`
    this.#waiting.delete(key)
    this.#waiting.set(key, change)
    if (this.#waiting.size <= this.#maxWaiting) return
    for (const oldest of this.#waiting.keys()) {
      this.#waiting.delete(oldest)
      break
    }
    if (this.#overflowed) return
    this.#overflowed = true
    this.#onError(new Error(`presence: more than ${this.#maxWaiting} changes wait for the store; the oldest are lost`))
  }

  #start(): void {
    this.#scheduled = undefined
    this.#retry = undefined
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      if (await this.#write(this.#takeBatch())) continue
      if (!this.#closed) this.#retry = setTimeout(() => this.#start(), this.#retryDelayMs)
      return
    }
  }

  #takeBatch(): PresenceChange[] {
    const batch: PresenceChange[] = []
    for (const [key, change] of this.#waiting) {
      if (batch.length === maxBatch) break
      batch.push(change)
      this.#waiting.delete(key)
    }
    return batch
  }

  async #write(batch: readonly PresenceChange[]): Promise<boolean> {
    try {
      await this.#store.notePresence(batch)
      this.#overflowed = false
      return true
    } catch (error) {
      this.#onError(error)
      const newer = this.#waiting
      this.#waiting = new Map()
      for (const change of [...batch, ...newer.values()]) this.#keep(change)
      return false
    }
  }
}
