import { setTimeout as delay } from 'node:timers/promises'
import type { Journal, JournalListener } from './registry.ts'
import { type Store, StoreUnavailable } from './store.ts'

export interface FollowedJournal {
  store: Pick<Store, 'listJournal'>
  journal: Pick<Journal, 'onEntry'>
  /** How often the journal is looked at for entries of others. */
  intervalMs?: number
}

const PAGE_ENTRIES = 200
/** At least so much between two looks: own entries come in floods. */
const MIN_PAUSE_MS = 50

/**
 * Follows a journal that several servers write to, until the returned function is called. Ids have no gaps and become
 * visible in their order, so reading on from the last one misses nothing: own entries at once, others' with the next look.
 *
 * @throws StoreUnavailable
 */
export async function followJournal(followed: FollowedJournal, listener: JournalListener): Promise<() => void> {
  const { items } = await followed.store.listJournal({ limit: 1 })
  const ending = new AbortController()
  void keepReading(followed, listener, { lastId: items[0]?.id ?? 0, ended: ending.signal }) // it rejects with nothing
  return () => ending.abort()
}

interface Place {
  lastId: number
  readonly ended: AbortSignal
}

async function keepReading(followed: FollowedJournal, listener: JournalListener, place: Place): Promise<void> {
  const { journal, intervalMs = 500 } = followed
  const { ended } = place
  let wake = new AbortController()
  const stop = journal.onEntry(() => wake.abort())
  while (!ended.aborted) {
    await pause(intervalMs, AbortSignal.any([ended, wake.signal]))
    wake = new AbortController()
    try {
      await readOn(followed, listener, place)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) listener.failed(error) // the next look tries again
    }
    await pause(MIN_PAUSE_MS, ended)
  }
  stop()
}

async function readOn({ store }: FollowedJournal, listener: JournalListener, place: Place): Promise<void> {
  for (let isFull = true; isFull && !place.ended.aborted; ) {
    const { items } = await store.listJournal({ afterId: place.lastId, limit: PAGE_ENTRIES })
    isFull = items.length === PAGE_ENTRIES
    for (const entry of items) {
      if (place.ended.aborted) return
      place.lastId = entry.id
      listener.entry(entry)
    }
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal, ref: false }).catch(() => undefined) // it is over early
