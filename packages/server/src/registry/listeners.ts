/** Those who want to be told. One that throws keeps nobody else from being told, and its error is not lost. */
export class Listeners<Value> {
  readonly #listeners = new Set<(value: Value) => void>()

  /** Returns how to stop listening. */
  add(listener: (value: Value) => void): () => void {
    const own = (value: Value): void => listener(value) // the same function may listen twice
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  tell(value: Value): void {
    for (const listener of this.#listeners) {
      try {
        listener(value)
      } catch (error) {
        // As EventTarget does: an uncaught exception of its own, outside of the work that told it.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
