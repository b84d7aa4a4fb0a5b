import { setTimeout as delay } from 'node:timers/promises'
import type { Presence } from '../broker/port.ts'
import type { LiveConnections } from './live-connections.ts'

export interface RecheckParts {
  live: LiveConnections
  /** Rejects if the registry can't tell now. */
  check: (presence: Presence) => Promise<void>
  onError: (error: unknown) => void
  retryDelayMs?: number
}

const BATCH = 50
/** Pauses are so many times as long as the looking: logins and messages come first. */
const REST_FACTOR = 3
const MIN_PAUSE_MS = 1
const MAX_PAUSE_MS = 200

/**
 * Looks at everybody who is connected once more, at a pace. Asked again while it is at work, it begins anew afterwards:
 * what it has looked at already may have changed.
 */
export class Recheck {
  readonly #parts: RecheckParts
  readonly #closing = new AbortController()
  #isDue = false
  #running: Promise<void> | undefined

  constructor(parts: RecheckParts) {
    this.#parts = parts
  }

  start(): void {
    this.#isDue = true
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { live, retryDelayMs = 1000 } = this.#parts
    while (this.#isDue && !this.#closing.signal.aborted) {
      this.#isDue = false
      const everybody = [...live.values()] // whoever comes later is looked at when he comes
      for (let at = 0; at < everybody.length && !this.#closing.signal.aborted; ) {
        const begunAt = performance.now()
        const isDone = await this.#look(everybody.slice(at, at + BATCH))
        if (isDone) at += BATCH
        const restMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, REST_FACTOR * (performance.now() - begunAt)))
        await this.#pause(isDone ? restMs : retryDelayMs)
      }
    }
  }

  async #look(batch: readonly Presence[]): Promise<boolean> {
    const results = await Promise.allSettled(batch.map(presence => this.#parts.check(presence)))
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') this.#parts.onError(failed.reason)
    return failed === undefined
  }

  #pause(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined) // closing
  }
}
