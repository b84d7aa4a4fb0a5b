import type { ReasonCode } from '@hatchway/protocol'
import { type FoldingLimits, JournalFolding } from './journal-folding.ts'
import { Listeners } from './listeners.ts'
import type { Journal } from './registry.ts'
import { type Store, StoreUnavailable } from './store.ts'
import type { JournalEntry, NewJournalEntry, TimeMs } from './types.ts'

export interface JournalOptions {
  store: Pick<Store, 'appendJournal'>
  clock: () => TimeMs
  /** Entries that wait for the store at most; beyond it the oldest are dropped and counted. */
  maxWaitingEntries?: number
  /** Entries a write; so many waiting ones are written at once. */
  batchEntries?: number
  flushAfterMs?: number
  /** Pause after a write that failed. */
  retryAfterMs?: number
  folding?: FoldingLimits
}

const DEFAULT_FOLDING: FoldingLimits = { maxAlike: 20, windowMs: 1000, maxKinds: 10_000 }

export function createJournal(options: JournalOptions): BufferedJournal {
  return new BufferedJournal(options)
}

/** The journal's buffer in front of the store. */
export class BufferedJournal implements Journal {
  readonly #store: Pick<Store, 'appendJournal'>
  readonly #clock: () => TimeMs
  readonly #maxWaitingEntries: number
  readonly #batchEntries: number
  readonly #flushAfterMs: number
  readonly #retryAfterMs: number
  readonly #folding: JournalFolding
  readonly #listeners = new Listeners<JournalEntry>()
  readonly #dropped = new Map<ReasonCode, number>()
  #waiting: NewJournalEntry[] = []
  #writing: Promise<boolean> | undefined
  #timer: NodeJS.Timeout | undefined
  #timerIsRetry = false
  #closed = false

  constructor(options: JournalOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#maxWaitingEntries = options.maxWaitingEntries ?? 10_000
    this.#batchEntries = options.batchEntries ?? 500
    this.#flushAfterMs = options.flushAfterMs ?? 100
    this.#retryAfterMs = options.retryAfterMs ?? 1000
    this.#folding = new JournalFolding(options.folding ?? DEFAULT_FOLDING)
  }

  get dropped(): ReadonlyMap<ReasonCode, number> {
    return this.#dropped
  }

  /** Entries that wait for the store. */
  get waitingEntries(): number {
    return this.#waiting.length
  }

  record(entry: NewJournalEntry): void {
    if (this.#closed) {
      this.#drop(entry)
      return
    }
    const now = this.#clock()
    if (this.#folding.isOver(now)) this.#add(...this.#folding.close())
    const folding = this.#folding.take(entry, now)
    if (folding === 'passes') this.#add(entry)
    else if (folding === 'folded') this.#drop(entry)
    if (this.#waiting.length >= this.#batchEntries && !this.#writing && !this.#timerIsRetry) void this.#write()
    else this.#arm(this.#flushAfterMs)
  }

  /** An entry that is durable already, written with the registration that it tells of. */
  announce(entry: JournalEntry): void {
    this.#listeners.tell(entry)
  }

  /** Of another process of this server. */
  countDropped(reason: ReasonCode, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count)
  }

  onEntry(listener: (entry: JournalEntry) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Resolves when all that was recorded is written, or a write has failed. Never rejects. */
  async flush(): Promise<void> {
    this.#add(...this.#folding.close())
    // Bounded: nothing is added here while it runs but what others record, and each write takes a batch off.
    for (let rounds = this.#maxWaitingEntries / this.#batchEntries + 2; rounds > 0; rounds--) {
      if (this.#waiting.length === 0 && !this.#writing) return
      if (!(await this.#write())) return
    }
  }

  /** Writes what waits, if the store takes it, and drops what is recorded from now on. */
  async close(): Promise<void> {
    this.#closed = true
    await this.flush()
    this.#disarm()
    for (const entry of this.#waiting) this.#drop(entry)
    this.#waiting = []
  }

  #arm(afterMs: number, isRetry = false): void {
    if (this.#timer !== undefined) return
    this.#timerIsRetry = isRetry
    this.#timer = setTimeout(() => {
      this.#disarm()
      if (this.#folding.isOver(this.#clock())) this.#add(...this.#folding.close())
      void this.#write()
    }, afterMs)
    this.#timer.unref()
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerIsRetry = false
  }

  #add(...entries: NewJournalEntry[]): void {
    this.#waiting.push(...entries)
    const excess = this.#waiting.length - this.#maxWaitingEntries
    if (excess > 0) for (const entry of this.#waiting.splice(0, excess)) this.#drop(entry)
  }

  #drop(entry: NewJournalEntry): void {
    this.countDropped(entry.reason, 1)
  }

  /** Writes one batch; false if that failed. */
  #write(): Promise<boolean> {
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #writeBatch(): Promise<boolean> {
    const batch = this.#waiting.splice(0, this.#batchEntries)
    try {
      const entries = batch.length === 0 ? [] : await this.#store.appendJournal(batch)
      for (const entry of entries) this.#listeners.tell(entry)
    } catch (error) {
      this.#failed(batch, error)
      return false
    }
    if (this.#waiting.length > 0 || !this.#folding.isEmpty) this.#arm(this.#flushAfterMs)
    return true
  }

  #failed(batch: NewJournalEntry[], error: unknown): void {
    if (error instanceof StoreUnavailable) {
      const room = Math.max(0, this.#maxWaitingEntries - this.#waiting.length)
      const kept = room === 0 ? [] : batch.slice(-room)
      for (const entry of batch.slice(0, batch.length - kept.length)) this.#drop(entry)
      this.#waiting.unshift(...kept)
    } else {
      // The store works and does not take these: trying again would hold up all others.
      for (const entry of batch) this.#drop(entry)
    }
    this.#disarm()
    if (!this.#closed) this.#arm(this.#retryAfterMs, true)
  }
}
