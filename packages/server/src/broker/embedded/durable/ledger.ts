import type { Publication } from '../publication.ts'
import type { Change, EntryRecord, RetainedRecord, SessionRecord, SessionStore } from '../store/session-store.ts'
import type { HeldMessage, Holding, Slot } from './held-message.ts'
import { Receipt } from './receipt.ts'

export interface LedgerOptions {
  /** Without one nothing is kept, and nothing waits. */
  readonly store: SessionStore | undefined
  readonly settings: LedgerSettings
  /** The first message identifier that was never used. */
  readonly firstMessageId: number
  /** Runs something after so long, unless the returned function is called before. */
  readonly after: (delayMs: number, run: () => void) => () => void
  readonly onError: (error: unknown) => void
}

export interface LedgerSettings {
  /** How long changes that someone waits for are gathered for one commit. */
  readonly commitWindowMs: number
  /** The same for those that nobody waits for. */
  readonly lazyCommitMs: number
  /** So many changes are committed without waiting for more. */
  readonly commitChanges: number
  /** So many changes are taken while the store does not answer before sessions are refused. */
  readonly waitingChanges: number
}

interface Stored {
  /** The changes are stored. */
  stored(): void
}

interface Batch {
  readonly number: number
  readonly changes: Map<number, Change>
  /** Where the change of a topic's retained message stands. */
  readonly retained: Map<string, number>
  readonly receipts: Set<Receipt>
  /** Who goes on when the batch is stored. */
  readonly waiting: Stored[]
  /** Stands for the batch as a whole. */
  barrier: Receipt | undefined
}

/** Of what is with the store already. */
export const storedSlot: Slot = { batch: 0, number: 0 }

const firstRetryMs = 100
const longestRetryMs = 5000

/**
 * What has changed in sessions and is not stored yet. Changes are gathered for a moment and go to the store in one
 * commit, one commit at a time. Until then they can be called off: a message that all its sessions have acknowledged
 * within that moment is never written, and whoever sent it need not wait.
 *
 * A commit that failed is tried again, the same one, for ever: nothing is dropped, and what stands for it is not done.
 */
export class Ledger {
  readonly #options: LedgerOptions
  #gathering: Batch = newBatch(1)
  #committing: Batch | undefined
  #lastSlot = 0
  #lastMessageId: number
  #isUrgent = false
  #isFull = false
  #cancelTimer: (() => void) | undefined
  #isClosed = false
  #onIdle: (() => void)[] = []

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#lastMessageId = options.firstMessageId - 1
  }

  /** Changes that are not stored. */
  get waitingChanges(): number {
    return this.#gathering.changes.size + (this.#committing?.changes.size ?? 0)
  }

  /** The store does not keep up, or does not answer. */
  get isOverloaded(): boolean {
    return this.waitingChanges >= this.#options.settings.waitingChanges
  }

  /** The message as the store knows it from its first entry on. `publication` stays as it is. */
  hold(publication: Publication): HeldMessage {
    const { held } = publication
    if (held !== undefined) return held
    const id = ++this.#lastMessageId
    const { buffer, start, end, wire, expiresAtMs } = publication
    const message = { id, packet: buffer.subarray(start, end), level: wire === 1 ? 5 : 4, expiresAtMs } as const
    const slot = this.#put({ do: 'add-message', message })
    const made = { id, slot, receipt: new Receipt(), publication, references: 0 }
    if (this.#options.store === undefined) made.receipt.done()
    else this.#gathering.receipts.add(made.receipt)
    publication.held = made
    return made
  }

  /** A message that an earlier process stored. */
  restored(publication: Publication, id: number): HeldMessage {
    const receipt = new Receipt()
    receipt.done()
    const message = { id, slot: storedSlot, receipt, publication, references: 0 }
    publication.held = message
    return message
  }

  /** A message is on its way to a session; `stored` is told when it would survive a crash. */
  addEntry(entry: EntryRecord, message: HeldMessage, stored: Stored | undefined): Holding {
    message.references++
    message.receipt.opens()
    const slot = this.#put({ do: 'add-entry', entry })
    if (this.#options.store === undefined) stored?.stored()
    else if (stored !== undefined) this.#gathering.waiting.push(stored)
    this.#hurry()
    return { message, slot }
  }

  releaseEntry(sessionKey: number, sequence: number): void {
    this.#put({ do: 'release-entry', sessionKey, sequence })
    this.#hurry()
  }

  /** The session has no more to do with the message. */
  removeEntry(sessionKey: number, sequence: number, { message, slot }: Holding): void {
    if (this.#callOff(slot)) message.receipt.calledOff()
    else this.#put({ do: 'remove-entry', sessionKey, sequence })
    this.#unrefer(message)
  }

  /** The same for all messages of a session that ends; its entries go with it. */
  dropEntry({ message, slot }: Holding): void {
    if (this.#callOff(slot)) message.receipt.calledOff()
    this.#unrefer(message)
  }

  /** The receipt becomes done only after this too. */
  receive(sessionKey: number, packetId: number, receipt: Receipt | undefined): Receipt | undefined {
    this.#put({ do: 'receive', sessionKey, packetId })
    if (receipt === undefined || receipt.isDone) return this.barrier()
    receipt.opens() // never called off
    this.#hurry()
    return receipt
  }

  forget(sessionKey: number, packetId: number): void {
    this.#put({ do: 'forget', sessionKey, packetId })
  }

  /** `earlier` is where the last change of this subscription stands, if that is known: it is replaced if it can be. */
  subscribe(subscription: Omit<Extract<Change, { do: 'subscribe' }>, 'do'>, earlier: Slot | undefined): Slot {
    return this.#replace({ do: 'subscribe', ...subscription }, earlier)
  }

  unsubscribe(sessionKey: number, filter: string): void {
    this.#put({ do: 'unsubscribe', sessionKey, filter })
  }

  /** A topic's retained message from now on, or that it has none: only the last one is written. */
  retain(topic: string, message: RetainedRecord | undefined): void {
    const change: Change = message === undefined ? { do: 'clear-retained', topic } : { do: 'retain', message }
    const { retained, changes } = this.#gathering
    const earlier = retained.get(topic)
    if (earlier === undefined) retained.set(topic, this.#put(change).number)
    else changes.set(earlier, change)
  }

  /** Done when all that is gathered now is stored, and what is added to it. */
  awaited(): Receipt {
    return this.#barrier()
  }

  /** `earlier` is where its last change stands: it is replaced if it can be. */
  putSession(session: SessionRecord, earlier: Slot | undefined): Slot {
    return this.#replace({ do: 'put-session', session }, earlier)
  }

  removeSession(sessionKey: number): void {
    this.#put({ do: 'remove-session', sessionKey })
    this.#hurry()
  }

  /** Done when all that was handed over so far is stored; undefined if it is already. */
  barrier(): Receipt | undefined {
    if (this.#gathering.changes.size > 0) return this.#barrier()
    if (this.#committing === undefined) return undefined
    return barrierOf(this.#committing)
  }

  /** Stores what is left; resolves when that is done. */
  async drain(): Promise<void> {
    this.#flush()
    while (this.waitingChanges > 0 && !this.#isClosed) {
      await new Promise<void>(resolve => this.#onIdle.push(resolve))
    }
  }

  /** Gives up what is not stored. */
  close(): void {
    this.#isClosed = true
    this.#stopTimer()
    this.#tellIdle()
  }

  #put(change: Change): Slot {
    if (this.#options.store === undefined) return storedSlot
    const number = ++this.#lastSlot
    const { changes, number: batch } = this.#gathering
    changes.set(number, change)
    const { commitChanges, lazyCommitMs } = this.#options.settings
    if (this.#committing === undefined) {
      if (changes.size >= commitChanges && !this.#isFull) this.#flushSoon()
      else this.#cancelTimer ??= this.#options.after(lazyCommitMs, () => this.#flush())
    }
    return { batch, number }
  }

  #replace(change: Change, earlier: Slot | undefined): Slot {
    if (earlier === undefined || !this.#gathering.changes.has(earlier.number)) return this.#put(change)
    this.#gathering.changes.set(earlier.number, change)
    return earlier
  }

  /** Someone waits for what was put. */
  #hurry(): void {
    if (this.#isUrgent || this.#options.store === undefined) return
    this.#isUrgent = true
    if (this.#committing !== undefined) return
    this.#stopTimer()
    this.#cancelTimer = this.#options.after(this.#options.settings.commitWindowMs, () => this.#flush())
  }

  /** Not at once: the caller is in the middle of something that belongs into one commit. */
  #flushSoon(): void {
    this.#isFull = true
    this.#isUrgent = true
    this.#stopTimer()
    this.#cancelTimer = this.#options.after(0, () => this.#flush())
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #barrier(): Receipt {
    this.#hurry()
    return barrierOf(this.#gathering)
  }

  /** False if the change is with the store already. */
  #callOff({ batch, number }: Slot): boolean {
    return batch === this.#gathering.number && this.#gathering.changes.delete(number)
  }

  #unrefer(message: HeldMessage): void {
    message.references--
    if (message.references > 0) return
    message.publication.held = undefined
    if (!this.#callOff(message.slot)) this.#put({ do: 'remove-message', messageId: message.id })
  }

  #flush(): void {
    if (this.#committing !== undefined || this.#isClosed) return
    this.#stopTimer()
    const batch = this.#gathering
    this.#isUrgent = false
    this.#isFull = false
    this.#gathering = newBatch(batch.number + 1)
    this.#committing = batch
    this.#commit(batch, firstRetryMs)
  }

  #commit(batch: Batch, retryMs: number): void {
    const { store } = this.#options
    if (store === undefined || batch.changes.size === 0) {
      this.#committed(batch)
      return
    }
    store.commit([...batch.changes.values()]).then(
      () => this.#committed(batch),
      error => this.#failed(batch, retryMs, error),
    )
  }

  #failed(batch: Batch, retryMs: number, error: unknown): void {
    if (this.#isClosed) return
    this.#options.onError(error)
    const again = Math.min(retryMs * 2, longestRetryMs)
    this.#cancelTimer = this.#options.after(retryMs, () => {
      this.#cancelTimer = undefined
      this.#commit(batch, again)
    })
  }

  #committed(batch: Batch): void {
    this.#committing = undefined
    for (const waiting of batch.waiting) this.#tell(() => waiting.stored())
    for (const receipt of batch.receipts) this.#tell(() => receipt.done())
    this.#tell(() => batch.barrier?.done())
    if (this.#isClosed) return
    if (this.#gathering.changes.size === 0) this.#tellIdle()
    else if (this.#isUrgent || this.#onIdle.length > 0)
      this.#flush() // it has gathered while the one before was written
    else this.#cancelTimer ??= this.#options.after(this.#options.settings.lazyCommitMs, () => this.#flush())
  }

  /** One that fails must not keep the others from hearing. */
  #tell(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#options.onError(error)
    }
  }

  #tellIdle(): void {
    const idle = this.#onIdle
    this.#onIdle = []
    for (const resolve of idle) resolve()
  }
}

function newBatch(number: number): Batch {
  return { number, changes: new Map(), retained: new Map(), receipts: new Set(), waiting: [], barrier: undefined }
}

function barrierOf(batch: Batch): Receipt {
  batch.barrier ??= new Receipt()
  return batch.barrier
}
