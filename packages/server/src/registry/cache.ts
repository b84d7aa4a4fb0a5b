import type { TimeMs } from './types.ts'

export interface CacheOptions {
  /** Beyond it the value that was not asked for the longest goes. */
  maxEntries: number
  /** A value is read anew after so long, whatever happened: a bound on what an unseen change can do. */
  maxAgeMs: number
  clock: () => TimeMs
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
  readonly #kept = new Map<string, { value: Value; readAt: TimeMs }>()
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
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      return Promise.resolve(kept.value)
    }
    return (this.#readings.get(key) ?? this.#startReading(key)).value
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

  #startReading(key: string): Reading<Value> {
    const readAt = this.#options.clock()
    const reading: Reading<Value> = { outdated: false, value: Promise.resolve(undefined) }
    const finish = (): void => {
      if (this.#readings.get(key) === reading) this.#readings.delete(key)
    }
    reading.value = this.#read(key).then(
      value => {
        finish()
        if (value !== undefined && !reading.outdated) this.#keep(key, value, readAt)
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

  #keep(key: string, value: Value, readAt: TimeMs): void {
    this.#kept.delete(key)
    this.#kept.set(key, { value, readAt })
    if (this.#kept.size <= this.#options.maxEntries) return
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }
}
