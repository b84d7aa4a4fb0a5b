/** Flushes in a row, at most a millisecond apart, after which a connection is fast. */
const fastFlushes = 8
/** The same after waits that gathered nothing: a client that waits for each message must not pay for looking often. */
const mostFlushes = 1024
/** A wait lasts a millisecond, and timers are late. */
const longestWaitMs = 4

/**
 * Whether what one connection is about to be sent may wait a millisecond for more, so that one write carries several
 * messages: only while messages come fast, and only as long as waiting finds some. Pure, fed with the time.
 */
export class FlushPace {
  #lastAt = 0
  #inRow = 0
  #needed = fastFlushes
  #isGathering = false

  /** Asked at each flush; `now` in whole milliseconds. */
  mayWait(now: number): boolean {
    const gapMs = now - this.#lastAt
    this.#lastAt = now
    if (gapMs < 0 || gapMs > (this.#isGathering ? longestWaitMs : 1)) {
      this.#inRow = 0
      this.#isGathering = false
    }
    this.#inRow++
    return this.#isGathering || this.#inRow >= this.#needed
  }

  /** After a wait: whether more came meanwhile. */
  waited(foundMore: boolean): void {
    this.#isGathering = foundMore
    this.#inRow = 0
    this.#needed = foundMore ? fastFlushes : Math.min(2 * this.#needed, mostFlushes)
  }
}
