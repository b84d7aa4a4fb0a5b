import { StoreUnavailable } from './store-unavailable.ts'

/** A call whose caller waits. */
export interface WaitingCall {
  readonly name: string
  readonly argument: unknown
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
  readonly dueAt: number
  settled: boolean
  resolve(value: unknown): void
  reject(error: Error): void
}

/**
 * Calls in the order in which they came, each rejected when its time is up. One timer serves all: with one time limit
 * for
 * all calls the first to come is the first to be due.
 */
export class WaitingCalls {
  #calls: WaitingCall[] = []
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  get length(): number {
    return this.#calls.length
  }

  /** How long the first one has been waiting. */
  get ageMs(): number {
    const first = this.#calls[0]
    return first === undefined ? 0 : performance.now() - (first.dueAt - this.#timeoutMs)
  }

  add(name: string, argument: unknown, bytes?: Uint8Array<ArrayBuffer>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const dueAt = performance.now() + this.#timeoutMs
      this.#calls.push({ name, argument, bytes, dueAt, settled: false, resolve, reject })
      this.#arm()
    })
  }

  /** Takes calls that were taken elsewhere and still wait; their times go on. */
  adopt(calls: readonly WaitingCall[]): void {
    this.#calls.push(...calls)
    this.#arm()
  }

  /** The first ones, which are no longer watched here. */
  take(limit: number): WaitingCall[] {
    const taken = this.#calls.splice(0, limit)
    if (this.#calls.length === 0) this.#disarm()
    return taken
  }

  rejectAll(error: StoreUnavailable): void {
    for (const call of this.take(this.#calls.length)) if (!call.settled) call.reject(error)
  }

  #arm(): void {
    const first = this.#calls[0]
    if (first === undefined || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, first.dueAt - performance.now()))
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #expire(): void {
    this.#disarm()
    const now = performance.now()
    let due = 0
    for (const call of this.#calls) {
      if (call.dueAt > now) break
      due += 1
    }
    for (const call of this.#calls.splice(0, due)) {
      call.settled = true
      call.reject(new StoreUnavailable(`the database did not answer within ${this.#timeoutMs} ms`, 'store-slow'))
    }
    this.#arm()
  }
}
