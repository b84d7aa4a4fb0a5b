/** Lets one wait until what it is told of is empty. */
export class Emptied {
  #resolve: (() => void) | undefined

  tell(): void {
    this.#resolve?.()
  }

  /** Resolves when it is told, or after the time. */
  async wait(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#resolve = resolve
    const timer = setTimeout(resolve, timeoutMs)
    await promise
    clearTimeout(timer)
  }
}
