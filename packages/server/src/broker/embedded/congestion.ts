/** A publisher whose reading can be paused. */
export interface Pausable {
  /** False if it must not be paused. */
  pauseFor(congested: Congestible): boolean
  /** The client that it was paused for is through, or is not waited for any longer. */
  release(congested: Congestible): void
}

/** A subscriber that publishers may have to wait for. */
export interface Congestible {
  slowsPublishers: boolean
  /** The connection it has, if any: a congested client itself is never paused. */
  readonly pausable: Pausable | undefined
}

interface Entry {
  readonly sinceTick: number
  readonly waiting: Set<Pausable>
}

/**
 * Which clients take messages more slowly than they come, and which publishers wait for them.
 *
 * Deadlocks can't form: whoever is waited for does not wait itself, so there is no circle of waiting. And no wait is for
 * long: a client that stays congested for `patienceTicks` stops slowing its publishers (its QoS 0 messages are dropped then,
 * and its queue of the others ends in a disconnect) until it has caught up.
 */
export class Congestion {
  readonly #patienceTicks: number
  readonly #entries = new Map<Congestible, Entry>()
  #tick = 0

  constructor(patienceTicks: number) {
    this.#patienceTicks = patienceTicks
  }

  /** Clients that are congested now, those out of patience included. */
  get size(): number {
    return this.#entries.size
  }

  enter(client: Congestible): void {
    if (this.#entries.has(client)) return
    this.#entries.set(client, { sinceTick: this.#tick, waiting: new Set() })
    client.slowsPublishers = true
    if (client.pausable !== undefined) this.#stopWaiting(client.pausable)
  }

  /** The client has caught up, or is gone. */
  leave(client: Congestible): void {
    const entry = this.#entries.get(client)
    if (entry === undefined) return
    this.#entries.delete(client)
    client.slowsPublishers = false
    for (const publisher of entry.waiting) publisher.release(client)
  }

  has(client: Congestible): boolean {
    return this.#entries.has(client)
  }

  slow(publisher: Pausable, client: Congestible): void {
    const entry = this.#entries.get(client)
    // Nobody waits for a client that is out of patience: only its catching up would end that wait.
    if (entry === undefined || !client.slowsPublishers || entry.waiting.has(publisher)) return
    if (publisher.pauseFor(client)) entry.waiting.add(publisher)
  }

  /** The publisher is gone. */
  forget(publisher: Pausable): void {
    for (const { waiting } of this.#entries.values()) waiting.delete(publisher)
  }

  /** One sweep has passed. */
  tick(): void {
    this.#tick++
    for (const [client, { sinceTick, waiting }] of this.#entries) {
      if (this.#tick - sinceTick <= this.#patienceTicks || !client.slowsPublishers) continue
      client.slowsPublishers = false
      for (const publisher of waiting) publisher.release(client)
      waiting.clear()
    }
  }

  #stopWaiting(publisher: Pausable): void {
    for (const [client, { waiting }] of this.#entries) if (waiting.delete(publisher)) publisher.release(client)
  }
}
