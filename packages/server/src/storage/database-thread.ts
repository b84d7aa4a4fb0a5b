import { Worker } from 'node:worker_threads'
import type { CallMap, CallMessage, Failure, Reply, ThreadNotice } from './messages.ts'
import { StoreUnavailable } from './store-unavailable.ts'
import { type WaitingCall, WaitingCalls } from './waiting-calls.ts'

const MAX_BATCH_CALLS = 512
/**
 * What is read and written here lives for a batch. Without a bound V8 lets each thread's young objects take tens of MB
 * before it looks at them, which is more than ten thousand idle connections take.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }
const MAX_BACK_OFF_MS = 5000
const FIRST_BACK_OFF_MS = 100
const GOOD_BYE_TIMEOUT_MS = 5000

export interface ThreadSettings {
  /** The module that runs in the thread (`serveDatabase`). */
  module: URL
  name: string
  /** The thread's `workerData` at the server's start, and when the thread is started anew. */
  data: { first: unknown; again: unknown }
  /** The errors of replies whose kind is the owner's own. */
  errorOf?: (failure: Failure) => Error | undefined
  /** How long calls are gathered from the first on; 0 = until the end of this turn of the event loop. */
  windowMs: number
  /** It grows to this with the calls that the last batch held: what a batch costs is then shared by more. */
  busyWindowMs?: number
  /** So many calls end the window early. */
  windowCalls: number
  maxWaitingCalls: number
  callTimeoutMs: number
}

/**
 * `down`: the thread ended or can't open the database; it is started again after a pause, until then calls fail at
 * once.
 */
type State = 'new' | 'starting' | 'ready' | 'down' | 'closed'

/**
 * The asking side of one database thread. Gathers calls for a moment and sends them as one message; while the thread
 * works on a
 * batch, calls gather for the next. Rejects with `StoreUnavailable` whatever can't be answered in time.
 */
export class DatabaseThread<Calls extends CallMap> {
  readonly #settings: ThreadSettings
  readonly #waiting: WaitingCalls
  readonly #atWork: WaitingCalls
  #state: State = 'new'
  #worker: Worker | undefined
  #batch: readonly WaitingCall[] | undefined
  #cancelWindow: (() => void) | undefined
  #cancelRestart: (() => void) | undefined
  #failures = 0
  #problem = 'the database thread is not started'
  #windowMs: number
  #onIdle: (() => void) | undefined

  constructor(settings: ThreadSettings) {
    this.#settings = settings
    this.#windowMs = settings.windowMs
    this.#waiting = new WaitingCalls(settings.callTimeoutMs)
    this.#atWork = new WaitingCalls(settings.callTimeoutMs)
  }

  /** Resolves when the thread has opened the database; rejects with its one sentence if it can't. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.#launch(this.#settings.data.first, resolve, reject))
  }

  /** `bytes` are handed over: nobody may use their memory any more. */
  call<Name extends keyof Calls & string>(
    name: Name,
    argument: Parameters<Calls[Name]>[0],
    bytes?: Uint8Array<ArrayBuffer>,
  ): Promise<ReturnType<Calls[Name]>> {
    if (this.#state === 'closed') return Promise.reject(new StoreUnavailable('the store is closing'))
    if (this.#state === 'down') return Promise.reject(new StoreUnavailable(this.#problem))
    if (this.#waiting.length >= this.#settings.maxWaitingCalls) {
      const waiting = `${this.#settings.maxWaitingCalls} calls wait for the database already`
      return Promise.reject(new StoreUnavailable(waiting, 'store-slow'))
    }
    if (this.#state === 'new') this.start().catch(() => undefined) // its failure rejects the waiting calls
    const answer = this.#waiting.add(name, argument, bytes)
    this.#openWindow()
    return answer as Promise<ReturnType<Calls[Name]>> // the thread's side is typed by the same table
  }

  /** Finishes what was asked (bounded by the calls' time limit), then ends the thread. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    const serving = this.#state === 'ready' || this.#state === 'starting'
    this.#state = 'closed'
    this.#cancelRestart?.()
    if (!serving) this.#waiting.rejectAll(new StoreUnavailable('the store is closing'))
    if (this.#waiting.length > 0 || this.#batch) {
      const idle = new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
      this.#cancelWindow?.()
      this.#post()
      await withTimeout(idle, this.#settings.callTimeoutMs)
      this.#fail(new StoreUnavailable('the store is closing'))
    }
    await this.#sayGoodBye()
  }

  async #sayGoodBye(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    worker.postMessage('')
    await withTimeout(gone, GOOD_BYE_TIMEOUT_MS)
    await worker.terminate()
  }

  #launch(data: unknown, onReady: () => void, onUnusable: (error: Error) => void): void {
    this.#state = 'starting'
    const { module, name } = this.#settings
    let problem: string | undefined
    // Flags of the process, a loader for example, are no business of this thread.
    const worker = new Worker(module, { workerData: data, execArgv: [], name, resourceLimits })
    this.#worker = worker
    worker.on('message', (message: string | ThreadNotice) => {
      if (typeof message === 'string') this.#answered(JSON.parse(message) as Reply[])
      else if (message.kind === 'unusable') problem = message.message
      else this.#opened(onReady)
    })
    worker.on('error', error => {
      problem = `The database thread failed: ${error instanceof Error ? error.message : String(error)}.`
    })
    worker.once('exit', () => {
      this.#worker = undefined
      this.#ended(problem ?? 'The database thread ended unexpectedly.')
      onUnusable(new Error(this.#problem))
    })
  }

  #opened(onReady: () => void): void {
    if (this.#state === 'starting') this.#state = 'ready'
    onReady()
    if (this.#state === 'closed') this.#post()
    else this.#openWindow()
  }

  #ended(problem: string): void {
    this.#problem = problem
    this.#fail(new StoreUnavailable(problem))
    if (this.#state === 'closed') return
    this.#state = 'down'
    this.#failures += 1
    const backOffMs =
      this.#failures === 1 ? 0 : Math.min(FIRST_BACK_OFF_MS * 2 ** (this.#failures - 2), MAX_BACK_OFF_MS)
    // A failure to start is told to the calls, and leads here again.
    this.#cancelRestart = later(() => this.#launch(this.#settings.data.again, ignore, ignore), backOffMs)
  }

  #openWindow(): void {
    if (this.#state !== 'ready' || this.#batch || this.#waiting.length === 0) return
    const { windowCalls } = this.#settings
    const windowMs = this.#windowMs
    // What gathered while the thread was at work may have waited long enough.
    const restMs = windowMs - this.#waiting.ageMs
    const full = windowMs > 0 && (this.#waiting.length >= windowCalls || restMs <= 0)
    if (full) this.#post()
    else this.#cancelWindow ??= windowMs === 0 ? soon(() => this.#post()) : later(() => this.#post(), restMs)
  }

  #post(): void {
    this.#cancelWindow?.()
    this.#cancelWindow = undefined
    if (this.#batch || !this.#worker || this.#waiting.length === 0 || this.#state === 'starting') return
    const batch = this.#waiting.take(MAX_BATCH_CALLS)
    const { windowMs, busyWindowMs = windowMs } = this.#settings
    this.#windowMs = Math.min(windowMs * batch.length, Math.max(windowMs, busyWindowMs))
    this.#batch = batch
    this.#atWork.adopt(batch)
    post(this.#worker, batch)
  }

  #answered(replies: readonly Reply[]): void {
    const batch = this.#batch ?? []
    this.#batch = undefined
    this.#failures = 0
    this.#atWork.take(batch.length)
    for (const [at, call] of batch.entries()) if (!call.settled) this.#settle(call, replies[at])
    this.#next()
  }

  #settle(call: WaitingCall, reply: Reply | undefined): void {
    call.settled = true
    if (reply === undefined) call.reject(new StoreUnavailable('the database thread left a call unanswered'))
    else if ('error' in reply) call.reject(this.#errorOf(reply))
    else call.resolve(reply.value)
  }

  #errorOf(failure: Failure): Error {
    const { error, kind } = failure
    if (kind === 'store-unavailable' || kind === 'store-slow') return new StoreUnavailable(error, kind)
    return this.#settings.errorOf?.(failure) ?? new Error(error)
  }

  #next(): void {
    if (this.#waiting.length === 0) this.#onIdle?.()
    else if (this.#state === 'closed') this.#post()
    else this.#openWindow()
  }

  #fail(error: StoreUnavailable): void {
    this.#cancelWindow?.()
    this.#cancelWindow = undefined
    this.#batch = undefined
    this.#atWork.rejectAll(error)
    this.#waiting.rejectAll(error)
    this.#onIdle?.()
  }
}

/** What was handed over is moved, not copied. */
function post(worker: Worker, batch: readonly WaitingCall[]): void {
  const calls = JSON.stringify(batch.map(({ name, argument }) => [name, argument]))
  const bytes = new Map<number, Uint8Array<ArrayBuffer>>()
  for (const [at, call] of batch.entries()) if (call.bytes !== undefined) bytes.set(at, call.bytes)
  const message: CallMessage = bytes.size === 0 ? calls : { calls, bytes }
  worker.postMessage(
    message,
    Array.from(bytes.values(), ({ buffer }) => buffer),
  )
}

const ignore = (): void => undefined

/** Runs at the end of this turn of the event loop; returns how to prevent it. */
function soon(run: () => void): () => void {
  const immediate = setImmediate(run)
  return () => clearImmediate(immediate)
}

function later(run: () => void, afterMs: number): () => void {
  const timer = setTimeout(run, afterMs)
  return () => clearTimeout(timer)
}

async function withTimeout(promise: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>(resolve => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([promise, timeout])
  clearTimeout(timer)
}
