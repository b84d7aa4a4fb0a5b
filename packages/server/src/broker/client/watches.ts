import type { PassingMessage } from '../port.ts'

type Handler = (message: PassingMessage) => void

/** A message as it lies in its PUBLISH. */
interface ReadMessage {
  readonly topic: string
  readonly payload: Uint8Array
}

/** Who watches which session. Nearly always nobody watches any: that is one comparison a message. */
export class Watches {
  readonly #handlers = new Map<string, Set<Handler>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  has(sessionId: string): boolean {
    return this.#handlers.size > 0 && this.#handlers.has(sessionId)
  }

  add(sessionId: string, handler: Handler): () => void {
    const own: Handler = message => handler(message) // the same function may watch twice
    const handlers = this.#handlers.get(sessionId) ?? new Set()
    handlers.add(own)
    this.#handlers.set(sessionId, handlers)
    return () => {
      handlers.delete(own)
      if (handlers.size === 0 && this.#handlers.get(sessionId) === handlers) this.#handlers.delete(sessionId)
    }
  }

  /** `firstByte` is that of the PUBLISH: it holds QoS and RETAIN. */
  passed(direction: PassingMessage['direction'], sessionId: string, firstByte: number, message: ReadMessage): void {
    if (this.#handlers.size === 0) return
    const handlers = this.#handlers.get(sessionId)
    if (handlers === undefined) return
    const { topic, payload } = message
    const qos = ((firstByte >> 1) & 3) as PassingMessage['qos'] // a PUBLISH with QoS 3 is never read
    for (const handler of handlers) {
      try {
        handler({ direction, topic, payload, qos, retain: (firstByte & 1) === 1 })
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
