import type { NewJournalEntry, TimeMs } from './types.ts'

export interface FoldingLimits {
  /** So many alike entries a window are kept as they are; further ones become one entry with `detail.count`. */
  maxAlike: number
  windowMs: number
  /** Different entries that are told apart within one window; further ones pass as they are. */
  maxKinds: number
}

export type Folding = 'passes' | 'first-folded' | 'folded'

/** Finds floods: entries that tell the same of the same peer and device, many within one second. */
export class JournalFolding {
  readonly #limits: FoldingLimits
  readonly #alike = new Map<string, { seen: number; folded: NewJournalEntry | undefined }>()
  #windowEndsAt: TimeMs = 0

  constructor(limits: FoldingLimits) {
    this.#limits = limits
  }

  /** What to do with the entry: keep it, or leave it to the folded one that `close` gives. Successes always pass. */
  take(entry: NewJournalEntry, now: TimeMs): Folding {
    if (this.#alike.size === 0) this.#windowEndsAt = now + this.#limits.windowMs
    if (entry.outcome === 'registered') return 'passes'
    const { reason, address, transport, mqttVersion, productKey, deviceName, mode } = entry
    const key = JSON.stringify([reason, address, transport, mqttVersion, productKey, deviceName, mode])
    const alike = this.#alike.get(key)
    if (!alike) {
      if (this.#alike.size < this.#limits.maxKinds) this.#alike.set(key, { seen: 1, folded: undefined })
      return 'passes'
    }
    alike.seen += 1
    if (alike.seen <= this.#limits.maxAlike) return 'passes'
    const first = alike.folded === undefined
    const count = (alike.folded?.detail?.count ?? 0) + 1
    alike.folded = { ...entry, detail: { ...entry.detail, count } } // the newest speaks for all
    return first ? 'first-folded' : 'folded'
  }

  /** Whether a window is open: whoever holds this must come back to close it. */
  get isEmpty(): boolean {
    return this.#alike.size === 0
  }

  /** Whether the window is over, so that `close` is due. A clock that was set back ends it too. */
  isOver(now: TimeMs): boolean {
    return this.#alike.size > 0 && (now >= this.#windowEndsAt || now < this.#windowEndsAt - this.#limits.windowMs)
  }

  /** The folded entries of the window; a new one begins. */
  close(): NewJournalEntry[] {
    const folded = [...this.#alike.values()].flatMap(({ folded }) => folded ?? [])
    this.#alike.clear()
    return folded
  }
}
