import type { RetainedMessage } from './retained.ts'
import type { Retention } from './retention.ts'
import { type Line, type RetainedDebt, type Session, shortQueue } from './session.ts'
import type { BrokerSettings } from './settings.ts'
import type { Subscriber } from './subscriber.ts'
import type { SubscriptionOptions, Target } from './topic-tree.ts'

export interface RetainedFeedOptions {
  readonly session: Session
  readonly line: Line
  readonly retention: Retention
  readonly settings: BrokerSettings
}

interface Walk {
  readonly target: Target<Subscriber>
  readonly noLocal: boolean
  readonly debt: RetainedDebt | undefined
  readonly messages: Iterator<RetainedMessage | undefined>
}

/** Share of the unsent bytes' bound up to which retained messages are added: the rest is for messages that come now. */
const fedBelow = 0.25
/** Tree nodes that are looked at in one go, so that no other client waits for a large retained tree. */
const nodesPerRun = 1000

/**
 * Gives a connection the retained messages of its new subscriptions as fast as it takes them: they neither fill its queue
 * nor push out what is published meanwhile. What a session that outlives the connection has not got when that ends stays
 * owed to it (QoS 0 apart), and the feed of its next connection goes on.
 */
export class RetainedFeed {
  readonly #options: RetainedFeedOptions
  /** By filter: a filter subscribed to again starts afresh. At most as many as there are subscriptions. */
  readonly #walks = new Map<string, Walk>()

  constructor(options: RetainedFeedOptions) {
    this.#options = options
  }

  /** `after`: the topic that an earlier connection's feed had come to. */
  add(filter: string, options: SubscriptionOptions, after: string | undefined): void {
    const { session, retention } = this.#options
    const { qos, noLocal, identifier } = options
    const identifiers = identifier === 0 ? [] : [identifier] // [MQTT-3.3.4-3]
    // They go out with RETAIN on, whatever Retain As Published says: that is for messages as they are published.
    const target: Target<Subscriber> = {
      subscriber: session,
      qos,
      ownQos: qos,
      retainAsPublished: true,
      identifiers,
      group: undefined,
    }
    if (qos === 0) session.paidRetained(filter) // what may be lost is not owed
    const debt = qos === 0 ? undefined : session.owesRetained(filter, after)
    this.#walks.set(filter, { target, noLocal, debt, messages: retention.messages.matching(filter, after) })
  }

  remove(filter: string): void {
    this.#walks.delete(filter)
  }

  /** Sends what there is room for. True if something is left that it could go on with in the next turn. */
  run(): 'done' | 'paused' | 'blocked' {
    let nodes = nodesPerRun
    for (const [filter, walk] of this.#walks) {
      for (;;) {
        if (!this.#hasRoom(walk)) return 'blocked'
        if (nodes-- === 0) return 'paused'
        const { value, done } = walk.messages.next()
        if (done === true) break
        if (value !== undefined) this.#deliver(value, walk)
      }
      this.#walks.delete(filter)
      this.#options.session.paidRetained(filter)
    }
    return 'done'
  }

  #hasRoom({ target }: Walk): boolean {
    const { session, line, settings } = this.#options
    if (line.outbox.unsentBytes > settings.unsentBytes * fedBelow) return false
    const { outbound } = session.state
    // Messages in flight count for the queue of a session that outlives its connection: large ones could fill it.
    return target.qos === 0 || (outbound.sendsAtOnce && outbound.fullness <= shortQueue)
  }

  #deliver(message: RetainedMessage, { target, noLocal, debt }: Walk): void {
    const { session, retention } = this.#options
    if (debt !== undefined) debt.after = message.topic
    if (noLocal && message.from === session.identity.sessionId) return // [MQTT-3.8.3-3]
    const publication = retention.publicationOf(message)
    if (publication !== undefined) session.deliver(publication, target, undefined)
  }
}
