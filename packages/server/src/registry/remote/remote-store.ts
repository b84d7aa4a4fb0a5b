import type { ForeignChange } from '../changes.ts'
import { Listeners } from '../listeners.ts'
import { type Store, StoreUnavailable } from '../store.ts'
import {
  errorOf,
  REMOTE_CALLS,
  type RemoteCall,
  type StoreCall,
  type StoreChange,
  type StoreReply,
} from './messages.ts'

export interface RemoteStoreOptions {
  send(call: StoreCall): void
  /** A little longer than the store's own limit, which has the better sentence. */
  callTimeoutMs: number
  maxWaitingCalls?: number
}

interface Waiting {
  dueAt: number
  resolve(value: unknown): void
  reject(error: Error): void
}

const DEFAULT_MAX_WAITING_CALLS = 20_000

/** The store of another process of this server; `serveStore` is its other end. */
export class RemoteStore {
  readonly #options: RemoteStoreOptions
  readonly #changes = new Listeners<ForeignChange>()
  /** In the order of their due times, for all have the same limit. */
  readonly #waiting = new Map<number, Waiting>()
  readonly store: Store
  #lastId = 0
  #timer: NodeJS.Timeout | undefined
  /** Why nothing can be asked any more. */
  #problem: string | undefined
  #onIdle: (() => void) | undefined

  constructor(options: RemoteStoreOptions) {
    this.#options = options
    const calls = REMOTE_CALLS.map(call => [call, (...args: unknown[]) => this.#call(call, args)])
    this.store = {
      ...(Object.fromEntries(calls) as Pick<Store, RemoteCall>), // each name has the call of that name
      onForeignChange: listener => this.#changes.add(listener),
      close: () => this.#close(),
    }
  }

  message(message: StoreReply | StoreChange): void {
    if (message.kind === 'store-change') {
      this.#changes.tell(message.change)
      return
    }
    const waiting = this.#waiting.get(message.id)
    if (waiting === undefined) return // its time was up
    this.#waiting.delete(message.id)
    if ('failure' in message) waiting.reject(errorOf(message.failure))
    else waiting.resolve(message.value)
    this.#tellIfIdle()
  }

  /** The other process is gone. */
  lost(): void {
    this.#problem ??= 'the process that has the database is gone'
    this.#rejectAll(new StoreUnavailable(this.#problem))
  }

  #call(call: RemoteCall, args: readonly unknown[]): Promise<unknown> {
    const { maxWaitingCalls = DEFAULT_MAX_WAITING_CALLS, callTimeoutMs, send } = this.#options
    if (this.#problem !== undefined) return Promise.reject(new StoreUnavailable(this.#problem))
    if (this.#waiting.size >= maxWaitingCalls) {
      return Promise.reject(new StoreUnavailable(`${maxWaitingCalls} calls wait for the store already`, 'store-slow'))
    }
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { dueAt: performance.now() + callTimeoutMs, resolve, reject })
      this.#timer ??= setTimeout(() => this.#expire(), callTimeoutMs)
      send({ kind: 'store-call', id, call, args })
    })
  }

  /** Waits for what was asked, bounded by the calls' time limit. */
  async #close(): Promise<void> {
    this.#problem ??= 'the store is closing'
    if (this.#waiting.size > 0) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }
    clearTimeout(this.#timer)
  }

  #expire(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const [id, { dueAt, reject }] of this.#waiting) {
      if (dueAt > now) {
        this.#timer = setTimeout(() => this.#expire(), Math.max(1, dueAt - now))
        break
      }
      this.#waiting.delete(id)
      reject(new StoreUnavailable(`the store did not answer within ${this.#options.callTimeoutMs} ms`, 'store-slow'))
    }
    this.#tellIfIdle()
  }

  #rejectAll(error: StoreUnavailable): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
    this.#tellIfIdle()
  }

  #tellIfIdle(): void {
    if (this.#waiting.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#onIdle?.()
  }
}
