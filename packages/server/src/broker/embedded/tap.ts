import type { ReceivedMessage } from '../port.ts'
import type { Publication } from './publication.ts'
import type { Source, Subscriber } from './subscriber.ts'
import type { Target } from './topic-tree.ts'

/** A platform service in the topic tree: hears what clients publish, and nothing that the platform itself does. */
export class Tap implements Subscriber {
  readonly isSession = false
  readonly slowsPublishers = false
  readonly waitedFor = undefined
  readonly #handler: (message: ReceivedMessage) => void
  readonly #onError: (error: unknown) => void

  constructor(handler: (message: ReceivedMessage) => void, onError: (error: unknown) => void) {
    this.#handler = handler
    this.#onError = onError
  }

  deliver(publication: Publication, _target: Target<Subscriber>, source: Source | undefined): boolean {
    if (source === undefined) return false
    const { topic, payload, qos } = publication
    try {
      this.#handler({ topic, payload, qos, from: source.identity })
    } catch (error) {
      this.#onError(error)
    }
    return false // not a session
  }
}
