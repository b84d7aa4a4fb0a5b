import { StoreUnavailable } from '../store.ts'

/** Bounds the calls of a store: in number, in time, and by its closing. */
export class CallGuard {
  readonly #timeoutMs: number
  readonly #maxCalls: number
  readonly #open = new Set<Promise<unknown>>()
  #closed = false

  constructor(limits: { timeoutMs: number; maxCalls: number }) {
    this.#timeoutMs = limits.timeoutMs
    this.#maxCalls = limits.maxCalls
  }

  /** Rejects with `store-slow` when the time is up; what was asked may still be done. */
  run<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the store is closing'))
    if (this.#open.size >= this.#maxCalls) {
      const waiting = `${this.#maxCalls} calls wait for the database already`
      return Promise.reject(new StoreUnavailable(waiting, 'store-slow'))
    }
    const answer = call()
    this.#open.add(answer)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new StoreUnavailable(`the database did not answer within ${this.#timeoutMs} ms`, 'store-slow'))
      }, this.#timeoutMs)
      answer.then(resolve, reject).finally(() => {
        clearTimeout(timer)
        this.#open.delete(answer)
      })
    })
  }

  /** Takes nothing more; resolves when all is answered that was asked, within the time limit of calls. */
  async close(): Promise<void> {
    this.#closed = true
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>(resolve => {
      timer = setTimeout(resolve, this.#timeoutMs)
    })
    await Promise.race([Promise.allSettled(this.#open), timeout])
    clearTimeout(timer)
  }
}

type Calls<Store> = { [Name in keyof Store]: (...args: never[]) => Promise<unknown> }

/** The same calls, each of them bounded. */
export function guarded<Store extends Calls<Store>>(store: Store, guard: CallGuard): Store {
  const entries = Object.entries(store) as [string, (...args: never[]) => Promise<unknown>][]
  const bounded = entries.map(([name, call]) => [name, (...args: never[]) => guard.run(() => call(...args))])
  return Object.fromEntries(bounded) as Store // the same names, arguments and results
}
