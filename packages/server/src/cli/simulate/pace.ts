/** What late timers may make up for: at high rates several devices enter at once, but never in a rush. */
const CATCH_UP_MS = 20

/** Lets devices connect at a rate and so many at once, in the order in which they came. */
export class Pace {
  readonly #intervalMs: number
  readonly #atOnce: number
  readonly #waiting: (() => void)[] = []
  #inside = 0
  #nextAt = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor({ perSecond, atOnce }: { perSecond: number; atOnce: number }) {
    this.#intervalMs = 1000 / perSecond
    this.#atOnce = atOnce
  }

  /** Resolves when it is a device's turn, or when there will be none any more: false. Each true needs one `leave`. */
  async enter(): Promise<boolean> {
    if (this.#isStopped) return false
    await new Promise<void>(enter => {
      this.#waiting.push(enter)
      this.#admit()
    })
    return !this.#isStopped
  }

  leave(): void {
    this.#inside -= 1
    this.#admit()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    for (const enter of this.#waiting.splice(0)) enter()
  }

  #admit(): void {
    while (!this.#isStopped && this.#inside < this.#atOnce && this.#waiting.length > 0) {
      const now = performance.now()
      if (now < this.#nextAt) {
        this.#timer ??= setTimeout(() => this.#onTimer(), this.#nextAt - now)
        return
      }
      this.#nextAt = Math.max(this.#nextAt, now - CATCH_UP_MS) + this.#intervalMs
      this.#inside += 1
      this.#waiting.shift()?.()
    }
  }

  #onTimer(): void {
    this.#timer = undefined
    this.#admit()
  }
}
