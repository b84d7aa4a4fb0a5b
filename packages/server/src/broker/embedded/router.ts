import { encodePublish, type PublishProperties } from '../../mqtt/index.ts'
import type { Meter } from '../client/meter.ts'
import type { Watches } from '../client/watches.ts'
import type { Message } from '../port.ts'
import type { Congestion } from './congestion.ts'
import type { Receipt } from './durable/receipt.ts'
import { Publication } from './publication.ts'
import type { Retention } from './retention.ts'
import type { Session } from './session.ts'
import { SharedGroups } from './shared-groups.ts'
import type { Publisher, Subscriber } from './subscriber.ts'
import type { Tap } from './tap.ts'
import { type Match, type SubscriptionOptions, TopicTree } from './topic-tree.ts'

export interface RouterParts {
  readonly meter: Meter
  readonly watches: Watches
  readonly congestion: Congestion
  readonly retention: Retention
  readonly cachedTopics: number
}

/** What a message has that does not come from the platform. */
interface Origin {
  readonly source?: Publisher
  readonly properties?: PublishProperties | undefined
}

export interface Published {
  /** Sessions that took it. */
  readonly subscribers: number
  /** When those that outlive their connections have it for good. */
  readonly receipt: Receipt | undefined
}

/** Who hears what: takes subscriptions, and gives each message to its subscribers. */
export class Router {
  readonly tree: TopicTree<Subscriber>
  readonly groups: SharedGroups
  readonly #parts: RouterParts
  #taps = 0

  constructor(parts: RouterParts) {
    this.tree = new TopicTree(parts.cachedTopics)
    this.groups = new SharedGroups(this.tree)
    this.#parts = parts
  }

  /** Subscriptions of clients: each member of a shared one counts, and no tap of the platform. */
  get subscriptions(): number {
    return this.tree.size - this.#taps - this.groups.count + this.groups.members
  }

  match(topic: string): Match<Subscriber> {
    return this.tree.match(topic)
  }

  /** Gives a message to every subscriber; returns how many sessions took it. */
  route(publication: Publication, match: Match<Subscriber>, source: Publisher | undefined): number {
    const { watches, retention, meter, congestion } = this.#parts
    const targets = this.tree.targets(match)
    let taken = 0
    let sessions = 0
    let congested = 0
    publication.topic = match.topic
    if (source !== undefined) watches.passed('up', source.identity.sessionId, publication.firstByte, publication)
    if (publication.retain && !retention.take(publication, source?.identity.sessionId ?? '')) {
      meter.dropped['retained-limit']++
    }
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index]! // in bounds
      const { subscriber } = target
      if (subscriber.deliver(publication, target, source)) taken++
      if (subscriber.isSession) sessions++
      if (subscriber.slowsPublishers) congested++
    }
    // The slow ones hold up a publisher only where they are not outnumbered by the others.
    if (congested > 0 && source !== undefined && congested * 2 >= sessions) {
      for (const { subscriber } of targets) {
        if (subscriber.waitedFor !== undefined) congestion.slow(source, subscriber.waitedFor)
      }
    }
    return taken
  }

  /** Routes a message that is no packet yet. RangeError if MQTT can't carry it. */
  publish({ topic, payload, qos, retain = false }: Message, { source, properties }: Origin = {}): Published {
    const level = properties === undefined ? 4 : 5
    const bytes = encodePublish(
      {
        type: 'publish',
        topic,
        payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
        qos,
        retain,
        dup: false,
        packetId: qos > 0 ? 1 : undefined, // each subscriber gets its own
        properties,
      },
      level,
    )
    const publication = Publication.of(bytes, level)
    const subscribers = this.route(publication, this.tree.match(topic), source)
    return { subscribers, receipt: publication.receipt }
  }

  join(session: Session, filter: string, options: SubscriptionOptions): void {
    if (!this.groups.join(session, filter, options)) this.tree.add(filter, session, options)
  }

  leave(session: Session, filter: string): void {
    if (!this.groups.leave(session, filter)) this.tree.remove(filter, session)
  }

  /** Takes the session out of everything that it is subscribed to. */
  leaveAll(session: Session): void {
    for (const filter of session.state.subscriptions.keys()) this.leave(session, filter)
  }

  /** Lets a service of the platform hear what matches the filter, until the returned function is called. */
  tap(filter: string, tap: Tap): () => void {
    this.tree.add(filter, tap, { qos: 2, noLocal: false, retainAsPublished: true, identifier: 0 })
    this.#taps++
    return () => {
      if (this.tree.remove(filter, tap)) this.#taps--
    }
  }
}
