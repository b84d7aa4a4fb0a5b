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
  /** Where several gateways share the store: told of each change that was written, and whether it counts there. */
  shared?: { onNoted: (change: PresenceChange, counts: boolean) => void }
}

/**
 * Collects who came and went during a turn of the event loop and writes it in one batch. Per device only the last coming and
 * the last going are kept. If the store fails, the batch waits for the next try unless something newer has taken its place.
 * In a shared store a device that has left meanwhile is then no longer said to have come: it may have come elsewhere by now.
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
  readonly #shared: PresenceNotesParts['shared']
  #isFailing = false
  #overflowed = false
  #closed = false

  constructor({ store, onError, retryDelayMs = 1000, maxWaiting = maxWaitingChanges, shared }: PresenceNotesParts) {
    this.#store = store
    this.#onError = onError
    this.#retryDelayMs = retryDelayMs
    this.#maxWaiting = maxWaiting
    this.#shared = shared
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
    const key = keyOf(change)
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

  #tryAgain(): void {
    if (this.#shared !== undefined) this.#forgetVisits()
    this.#start()
  }

  #forgetVisits(): void {
    const come = new Set<string>()
    for (const [key, change] of this.#waiting) {
      const coming = keyOf({ ...change, online: true })
      if (change.online) come.add(key)
      else if (come.has(coming)) this.#waiting.delete(coming)
    }
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      if (await this.#write(this.#takeBatch())) continue
      if (!this.#closed) this.#retry = setTimeout(() => this.#tryAgain(), this.#retryDelayMs)
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
      const counts = await this.#store.notePresence(batch)
      this.#overflowed = false
      this.#isFailing = false
      for (const [at, change] of batch.entries()) this.#shared?.onNoted(change, counts[at] === true)
      return true
    } catch (error) {
      if (!this.#isFailing) this.#onError(error) // once for all the tries of an outage
      this.#isFailing = true
      const newer = this.#waiting
      this.#waiting = new Map()
      for (const change of [...batch, ...newer.values()]) this.#keep(change)
      return false
    }
  }
}

const keyOf = ({ productKey, deviceName, online }: PresenceChange): string => `${productKey}/${deviceName}/${online}`
