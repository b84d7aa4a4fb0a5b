import { StoreUnavailable } from './store.ts'
import type { TimeMs } from './types.ts'

export interface CacheOptions {
  /** Beyond it the value that was not asked for the longest goes. */
  maxEntries: number
  /** A value is read anew after so long, whatever happened: a bound on what an unseen change can do. */
  maxAgeMs: number
  clock: () => TimeMs
  /** Whether a value that is too old is given where the store can't be asked for a newer one. */
  remembers?: () => boolean
}

interface Kept<Value> {
  value: Value
  readAt: TimeMs
}

interface Reading<Value> {
  value: Promise<Value | undefined>
  /** Set when the key changed while the read was under way: its result may be the old one. */
  outdated: boolean
}

/**
 * A bounded cache of what a store holds. Simultaneous misses share one read, and a read that was under way when its key
 * changed is neither kept nor given to those who ask after the change. Absence is not kept: made-up names would push
 * the
 * real ones out.
 */
export class Cache<Value extends object> {
  readonly #options: CacheOptions
  readonly #read: (key: string) => Promise<Value | undefined>
  // In the order of the last use: the first one goes first.
  readonly #kept = new Map<string, Kept<Value>>()
  readonly #readings = new Map<string, Reading<Value>>()

  constructor(options: CacheOptions, read: (key: string) => Promise<Value | undefined>) {
    this.#options = options
    this.#read = read
  }

  get size(): number {
    return this.#kept.size
  }

  get(key: string): Promise<Value | undefined> {
    const kept = this.#kept.get(key)
    if (kept && Math.abs(this.#options.clock() - kept.readAt) <= this.#options.maxAgeMs) {
      this.#touch(key, kept)
      return Promise.resolve(kept.value)
    }
    const { value } = this.#readings.get(key) ?? this.#startReading(key)
    return kept && this.#options.remembers ? value.catch(error => this.#recall(key, kept, error)) : value
  }

  /** The key's value has changed, or may have. */
  invalidate(key: string): void {
    this.#kept.delete(key)
    const reading = this.#readings.get(key)
    if (!reading) return
    reading.outdated = true
    this.#readings.delete(key)
  }

  invalidateAll(): void {
    this.#kept.clear()
    for (const reading of this.#readings.values()) reading.outdated = true
    this.#readings.clear()
  }

  /** What was known of the key before the store went away, unless it has changed since. */
  #recall(key: string, kept: Kept<Value>, error: unknown): Value {
    const isRecalled = error instanceof StoreUnavailable && this.#options.remembers?.() && this.#kept.get(key) === kept
    if (!isRecalled) throw error
    this.#touch(key, kept)
    return kept.value
  }

  #touch(key: string, kept: Kept<Value>): void {
    this.#kept.delete(key)
    this.#kept.set(key, kept)
  }

  #startReading(key: string): Reading<Value> {
    const readAt = this.#options.clock()
    const reading: Reading<Value> = { outdated: false, value: Promise.resolve(undefined) }
    const finish = (): void => {
      if (this.#readings.get(key) === reading) this.#readings.delete(key)
    }
    reading.value = this.#read(key).then(
      value => {
        finish()
        if (reading.outdated) return value
        if (value === undefined) this.#kept.delete(key)
        else this.#keep(key, { value, readAt })
        return value
      },
      (error: unknown) => {
        finish()
        throw error
      },
    )
    this.#readings.set(key, reading)
    return reading
  }

  #keep(key: string, kept: Kept<Value>): void {
    this.#touch(key, kept)
    if (this.#kept.size <= this.#options.maxEntries) return
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }
}
