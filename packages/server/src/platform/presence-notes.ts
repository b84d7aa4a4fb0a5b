import type { PresenceChange, Store } from '../registry/store.ts'

/** Changes that may wait while the store is away, two per device at most; beyond it the oldest is lost. */
export const maxWaitingChanges = 200_000
/** Changes that go to the store at once. */
export const maxBatch = 1000

export interface PresenceNotes {
  note(change: PresenceChange): void
  /** Writes what is left, once; bounded by the store's own time limit. */
  close(): Promise<void>
}

interface Parts {
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
export function createPresenceNotes(parts: Parts): PresenceNotes {
  const { store, onError, retryDelayMs = 1000, maxWaiting = maxWaitingChanges } = parts
  let waiting = new Map<string, PresenceChange>()
  let scheduled: NodeJS.Immediate | undefined
  let retry: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let overflowed = false
  let closed = false

  const keep = (change: PresenceChange): void => {
    const key = `${change.productKey}/${change.deviceName}/${change.online}`
    waiting.delete(key)
    waiting.set(key, change)
    if (waiting.size <= maxWaiting) return
    for (const oldest of waiting.keys()) {
      waiting.delete(oldest)
      break
    }
    if (!overflowed)
      onError(new Error(`presence: more than ${maxWaiting} changes wait for the store; the oldest are lost`))
    overflowed = true
  }

  const takeBatch = (): PresenceChange[] => {
    const batch: PresenceChange[] = []
    for (const [key, change] of waiting) {
      if (batch.length === maxBatch) break
      batch.push(change)
      waiting.delete(key)
    }
    return batch
  }

  const write = async (): Promise<boolean> => {
    const batch = takeBatch()
    try {
      await store.notePresence(batch)
      overflowed = false
      return true
    } catch (error) {
      onError(error)
      const newer = waiting
      waiting = new Map()
      for (const change of [...batch, ...newer.values()]) keep(change)
      return false
    }
  }

  const writeAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      if (await write()) continue
      if (!closed) retry = setTimeout(start, retryDelayMs)
      return
    }
  }

  const start = (): void => {
    scheduled = undefined
    retry = undefined
    writing = writeAll().finally(() => {
      writing = undefined
    })
  }

  return {
    note(change) {
      keep(change)
      if (closed || scheduled !== undefined || retry !== undefined || writing !== undefined) return
      scheduled = setImmediate(start)
    },
    async close() {
      closed = true
      clearImmediate(scheduled)
      clearTimeout(retry)
      // A write under way goes on until nothing waits, or until the store fails it.
      await (writing ?? writeAll())
    },
  }
}
