import cluster, { type Worker } from 'node:cluster'
import type { GatewayStats, ListenerAddress } from '../../gateway/index.ts'
import type { Log } from '../log.ts'
import type { FromWorker, ToWorker, WorkerReport } from './messages.ts'
import { leftBy, sumGatewayStats } from './sum-figures.ts'

const START_TIMEOUT_MS = 30_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 10_000
/** A process that ran for so long did not end of what ended the one before it. */
const SETTLED_AFTER_MS = 60_000

export interface WorkerSlotOptions {
  /** As operators know it: 1 is the first. */
  number: number
  log: Log
  /** What a new process is told first. */
  startMessage(slot: WorkerSlot, id: number): ToWorker
  onReport(report: WorkerReport): void
  /** Its process is gone. */
  onGone(id: number): void
}

/** The place of one worker process: starts it, and starts another one when it ends. */
export class WorkerSlot {
  readonly number: number
  readonly #options: WorkerSlotOptions
  #worker: Worker | undefined
  #addresses: readonly ListenerAddress[] | undefined
  #report: WorkerReport | undefined
  /** Counted by processes that are gone. */
  #left: GatewayStats = sumGatewayStats([])
  #problem: string | undefined
  #listeningSince = 0
  #failures = 0
  #pause: NodeJS.Timeout | undefined
  #isClosing = false
  restarts = 0

  constructor(options: WorkerSlotOptions) {
    this.#options = options
    this.number = options.number
  }

  /** Undefined while it takes no connections. */
  get addresses(): readonly ListenerAddress[] | undefined {
    return this.#addresses
  }

  /** Of the running process. */
  get report(): WorkerReport | undefined {
    return this.#report
  }

  get stats(): GatewayStats {
    return this.#report === undefined ? this.#left : sumGatewayStats([this.#left, this.#report.gateway])
  }

  /** The first process. Resolves when it listens; rejects with its one sentence if it can't. */
  start(): Promise<readonly ListenerAddress[]> {
    return new Promise((resolve, reject) => this.#launch(resolve, reject))
  }

  send(message: ToWorker): void {
    if (this.#worker?.isConnected() === true) this.#worker.send(message)
  }

  /** Resolves when the process says it, is gone, or the time is over. */
  async settled(timeoutMs: number): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    await within(timeoutMs, done => {
      const onMessage = (message: FromWorker): void => {
        if (message.kind === 'settled') done()
      }
      worker.on('message', onMessage)
      worker.once('exit', done)
      this.send({ kind: 'settle', timeoutMs })
    })
  }

  /** Ends the process, by force when the time is over; no other one is started. */
  async close(timeoutMs: number, killAfterMs: number): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#pause)
    const worker = this.#worker
    if (worker === undefined) return
    const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), killAfterMs)
    if (this.#addresses === undefined)
      worker.process.kill('SIGKILL') // it has not begun
    else this.send({ kind: 'close', timeoutMs })
    await gone
    clearTimeout(timer)
  }

  #launch(onListening: (addresses: readonly ListenerAddress[]) => void, onFailure: (error: Error) => void): void {
    const { log } = this.#options
    const worker = cluster.fork(withoutSettings())
    this.#worker = worker
    const timer = setTimeout(() => {
      this.#problem = `it did not start within ${START_TIMEOUT_MS} ms`
      worker.process.kill('SIGKILL')
    }, START_TIMEOUT_MS)
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'failed') this.#problem = message.message
      else if (message.kind === 'figures') this.#reported(message)
      else if (message.kind === 'listening') {
        clearTimeout(timer)
        this.#addresses = message.addresses
        this.#listeningSince = performance.now()
        log.info({ worker: this.number, pid: worker.process.pid }, 'a worker process listens')
        onListening(message.addresses)
      }
    })
    worker.once('exit', (code, signal) => {
      clearTimeout(timer)
      onFailure(new Error(this.#problem ?? `worker process ${this.number} ended with ${signal ?? code} at its start`))
      this.#ended(worker, signal ?? code)
    })
    worker.on('error', error => log.error({ err: error, worker: this.number }, 'a worker process failed'))
    worker.send(this.#options.startMessage(this, worker.id))
  }

  #reported(report: WorkerReport): void {
    this.#report = report
    this.#options.onReport(report)
  }

  #ended(worker: Worker, endedBy: number | string): void {
    const wasListening = this.#addresses !== undefined
    const report = this.#report
    const problem = this.#problem
    this.#worker = undefined
    this.#addresses = undefined
    this.#report = undefined
    this.#problem = undefined
    if (report !== undefined) this.#left = sumGatewayStats([this.#left, leftBy(report.gateway)])
    this.#options.onGone(worker.id)
    // The first start is the caller's to give up or to repeat.
    if (this.#isClosing || (!wasListening && this.restarts === 0)) return
    this.#restart(worker, { endedBy, wasListening, report, problem })
  }

  #restart(
    worker: Worker,
    end: {
      endedBy: number | string
      wasListening: boolean
      report: WorkerReport | undefined
      problem?: string | undefined
    },
  ): void {
    if (end.wasListening && performance.now() - this.#listeningSince > SETTLED_AFTER_MS) this.#failures = 0
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, MAX_PAUSE_MS)
    this.#failures += 1
    const { tcp = 0, tls = 0, ws = 0, wss = 0 } = end.report?.gateway.connections ?? {}
    const facts = {
      worker: this.number,
      pid: worker.process.pid,
      endedBy: end.endedBy,
      connections: tcp + tls + ws + wss,
    }
    const what = end.wasListening
      ? 'a worker process ended; its devices reconnect, and another one is started'
      : 'a worker process could not be started; it is tried again'
    this.#options.log.error({ ...facts, problem: end.problem, restartInMs: pauseMs }, what)
    this.#pause = setTimeout(() => {
      this.restarts += 1
      this.#launch(
        () => {},
        () => {},
      ) // a failure leads here again
    }, pauseMs)
  }
}

/** What the operator set is told by a message as far as it is needed: it holds passwords. */
function withoutSettings(): Record<string, undefined> {
  const names = Object.keys(process.env).filter(name => name.startsWith('HATCHWAY_'))
  return Object.fromEntries(names.map(name => [name, undefined]))
}

async function within(timeoutMs: number, wait: (done: () => void) => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>(resolve => {
    timer = setTimeout(resolve, timeoutMs)
    wait(resolve)
  })
  clearTimeout(timer)
}
