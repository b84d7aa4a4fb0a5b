import type { Broker, Presence } from '../broker/port.ts'

/** Who is connected at this gateway, each with the presence that told of it. */
export class LiveConnections {
  readonly #broker: Broker
  readonly #live = new Map<string, Presence>()
  readonly #end: () => void

  constructor(broker: Broker) {
    this.#broker = broker
    this.#end = broker.onPresence(presence => {
      const { sessionId } = presence.identity
      if (presence.online) this.#live.set(sessionId, presence)
      else this.#live.delete(sessionId)
    })
  }

  /** Of those that are connected still; whoever comes while these are gone through may be among them. */
  *values(): Iterable<Presence> {
    for (const presence of this.#live.values()) {
      if (this.#broker.connected(presence.identity.sessionId) !== undefined) yield presence
    }
  }

  /** Whether that very connection is there still. */
  has(presence: Presence): boolean {
    return this.#live.get(presence.identity.sessionId) === presence
  }

  close(): void {
    this.#end()
    this.#live.clear()
  }
}
