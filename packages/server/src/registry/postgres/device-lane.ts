import type { WaitingCall } from '../../storage/waiting-calls.ts'
import { WaitingCalls } from '../../storage/waiting-calls.ts'
import { StoreUnavailable } from '../store.ts'

export type LaneReply = { value: unknown } | { error: Error }

export interface LaneOptions<Call> {
  /** Runs calls in one transaction, in their order; one reply for each. */
  run: (calls: readonly Call[]) => Promise<readonly LaneReply[]>
  /** How long calls are gathered from the first on. */
  windowMs: number
  /** It grows to this with the calls that the last batch held: what a batch costs is then shared by more. */
  busyWindowMs: number
  /** So many calls end the window early. */
  windowCalls: number
  maxWaitingCalls: number
  callTimeoutMs: number
}

const MAX_BATCH_CALLS = 512

/** Gathers calls for a moment and runs them as one; while a batch is at work, calls gather for the next. */
export class DeviceLane<Call> {
  readonly #options: LaneOptions<Call>
  readonly #waiting: WaitingCalls
  readonly #atWork: WaitingCalls
  #windowMs: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: LaneOptions<Call>) {
    this.#options = options
    this.#windowMs = options.windowMs
    this.#waiting = new WaitingCalls(options.callTimeoutMs)
    this.#atWork = new WaitingCalls(options.callTimeoutMs)
  }

  /** Resolves to the value of the call's reply. */
  add<Value>(call: Call): Promise<Value> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('the store is closing'))
    if (this.#waiting.length >= this.#options.maxWaitingCalls) {
      const waiting = `${this.#options.maxWaitingCalls} calls wait for the database already`
      return Promise.reject(new StoreUnavailable(waiting, 'store-slow'))
    }
    const answer = this.#waiting.add('', call)
    this.#openWindow()
    return answer as Promise<Value> // `run` answers each call by its own kind
  }

  /** Takes nothing more and runs what waits. */
  async close(): Promise<void> {
    this.#closed = true
    // Bounded: each round takes a batch off, or what waits runs out of time.
    while (this.#waiting.length > 0 || this.#running) {
      this.#start()
      await this.#running
    }
  }

  #openWindow(): void {
    if (this.#running || this.#waiting.length === 0) return
    const restMs = this.#windowMs - this.#waiting.ageMs
    if (this.#waiting.length >= this.#options.windowCalls || restMs <= 0) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), restMs)
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#running || this.#waiting.length === 0) return
    const batch = this.#waiting.take(MAX_BATCH_CALLS)
    const { windowMs, busyWindowMs } = this.#options
    this.#windowMs = Math.min(windowMs * batch.length, Math.max(windowMs, busyWindowMs))
    this.#atWork.adopt(batch)
    this.#running = this.#run(batch).finally(() => {
      this.#running = undefined
      this.#openWindow()
    })
  }

  async #run(batch: readonly WaitingCall[]): Promise<void> {
    let replies: readonly LaneReply[]
    try {
      replies = await this.#options.run(batch.map(({ argument }) => argument as Call)) // as `add` took it
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      replies = batch.map(() => ({ error: failure }))
    }
    this.#atWork.take(batch.length)
    for (const [at, call] of batch.entries()) if (!call.settled) settle(call, replies[at])
  }
}

function settle(call: WaitingCall, reply: LaneReply | undefined): void {
  call.settled = true
  if (reply === undefined) call.reject(new StoreUnavailable('a call was left unanswered'))
  else if ('error' in reply) call.reject(reply.error)
  else call.resolve(reply.value)
}
