import { setTimeout as delay } from 'node:timers/promises'
import { StoreUnavailable } from './store.ts'
import type { TimeMs } from './types.ts'

export interface OutageState {
  since: TimeMs
  /** Until then lookups are answered from what is remembered, however old. */
  rememberedUntil: TimeMs
  problem: string
}

export interface OutageOptions {
  /** Reads something, anything, from the store. */
  probe: () => Promise<unknown>
  clock: () => TimeMs
  /** From the beginning of an outage on; 0 = not at all. */
  rememberMs: number
  /** Told when the store is known to be away, and when it is back (null). */
  onChange: (state: OutageState | null) => void
  probeIntervalMs?: number
  /** The store's silence is taken for a no after so long, once a read has failed. */
  patienceMs?: number
}

/**
 * Whether the store can be read. When a read has failed and a probe fails too, the store is away: nobody waits for it any
 * more until a probe has come through.
 */
export class Outage {
  readonly #options: OutageOptions
  readonly #closing = new AbortController()
  #state: OutageState | null = null
  #isCertain = false
  /** The last read that succeeded did so then, in the time of `performance.now`. */
  #lastGoodAt = Number.NEGATIVE_INFINITY
  #isWatching = false

  constructor(options: OutageOptions) {
    this.#options = options
  }

  /** Null while reads succeed. */
  get state(): OutageState | null {
    return this.#state
  }

  /** Whether what is too old may be given, now that reading it anew has failed. */
  get remembers(): boolean {
    const { clock, rememberMs } = this.#options
    return rememberMs > 0 && (this.#state === null || clock() < this.#state.rememberedUntil)
  }

  /** @throws StoreUnavailable while the store is away */
  check(): void {
    if (this.#isCertain) throw new StoreUnavailable(this.#state?.problem ?? 'the store is away')
  }

  /** Reads, unless the store is away. */
  async read<Value>(ask: () => Promise<Value>): Promise<Value> {
    this.check()
    const begunAt = performance.now()
    try {
      const value = await ask()
      this.#lastGoodAt = performance.now()
      return value
    } catch (error) {
      // If others have been answered since, it is this one that was unlucky.
      if (error instanceof StoreUnavailable && this.#lastGoodAt < begunAt) {
        this.#state ??= this.#newState(error)
        this.#suspect(error)
      }
      throw error
    }
  }

  /** Writes, unless the store is away. That a write fails does not mean that nothing can be read. */
  async write<Value>(ask: () => Promise<Value>): Promise<Value> {
    this.check()
    try {
      return await ask()
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#suspect(error)
      throw error
    }
  }

  close(): void {
    this.#closing.abort()
  }

  #newState({ message }: StoreUnavailable): OutageState {
    const since = this.#options.clock()
    return { since, rememberedUntil: since + this.#options.rememberMs, problem: message }
  }

  #suspect(error: StoreUnavailable): void {
    if (this.#isWatching || this.#closing.signal.aborted) return
    this.#isWatching = true
    void this.#watch(error) // it rejects with nothing
  }

  async #watch(error: StoreUnavailable): Promise<void> {
    const { probeIntervalMs = 1000, patienceMs = 1000 } = this.#options
    while (!this.#closing.signal.aborted) {
      const probed = this.#probe()
      if (!this.#isCertain && !(await Promise.race([probed, this.#pause(patienceMs)]))) {
        this.#state ??= this.#newState(error)
        this.#know(true)
      }
      if (await probed) break // bounded by the store's own time limit
      await this.#pause(probeIntervalMs)
    }
    if (this.#closing.signal.aborted) return
    this.#state = null
    this.#isWatching = false
    if (this.#isCertain) this.#know(false)
  }

  #know(isAway: boolean): void {
    if (this.#closing.signal.aborted) return
    this.#isCertain = isAway
    this.#options.onChange(this.#state)
  }

  #probe(): Promise<boolean> {
    return this.#options.probe().then(
      () => true,
      () => false,
    )
  }

  /** Resolves to nothing, at the latest when closing. */
  #pause(ms: number): Promise<undefined> {
    return delay(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined)
  }
}
