import { topicMatches } from '@hatchway/protocol'
import { isTopicFilter } from '../../mqtt/index.ts'
import type { ReceivedMessage } from '../port.ts'

export interface Tap {
  readonly filter: string
  readonly handler: (message: ReceivedMessage) => void
  hasEnded: boolean
}

/** What listens to the clients' messages as they pass. */
export class Taps {
  /** Changes when a tap is added: what was found out about a topic is old then. */
  version = 0
  readonly #taps = new Set<Tap>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  add(filter: string, handler: Tap['handler']): () => void {
    if (!isTopicFilter(filter)) throw new RangeError(`filter is "${filter}": a wildcard in it does not fill its level`)
    const tap = { filter, handler, hasEnded: false }
    this.#taps.add(tap)
    this.version++
    return () => {
      tap.hasEnded = true
      this.#taps.delete(tap)
    }
  }

  of(topic: string): readonly Tap[] {
    return [...this.#taps].filter(({ filter }) => topicMatches(filter, topic))
  }

  tell(taps: readonly Tap[], message: ReceivedMessage): void {
    for (const tap of taps) {
      try {
        if (!tap.hasEnded) tap.handler(message)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
