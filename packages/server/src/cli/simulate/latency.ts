/** Milliseconds; all null while nothing was measured. */
export interface LatencyFigures {
  count: number
  p50: number | null
  p90: number | null
  p99: number | null
  max: number | null
}

const SMALLEST_MS = 0.01
const GROWTH = 1.02
const BUCKETS = 1000
const LOG_GROWTH = Math.log(GROWTH)

/** Percentiles of any number of measurements in fixed memory: a value is kept to 2 %, from 0.01 ms to an hour. */
export class Latency {
  count = 0
  readonly #counts = new Uint32Array(BUCKETS)
  #maxMs = 0

  add(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / LOG_GROWTH)
    const at = Math.min(bucket, BUCKETS - 1)
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.count += 1
    this.#maxMs = Math.max(this.#maxMs, ms)
  }

  figures(): LatencyFigures {
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map(share => this.#percentile(share))
    const max = this.count === 0 ? null : rounded(this.#maxMs)
    return { count: this.count, p50: p50 ?? null, p90: p90 ?? null, p99: p99 ?? null, max }
  }

  #percentile(share: number): number | undefined {
    const rank = Math.ceil(this.count * share)
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (count > 0 && seen >= rank) return rounded(Math.min(SMALLEST_MS * GROWTH ** bucket, this.#maxMs))
    }
    return undefined
  }
}

/** Three figures are more than the clock and the buckets are worth. */
const rounded = (ms: number): number => Number(ms.toPrecision(3))
