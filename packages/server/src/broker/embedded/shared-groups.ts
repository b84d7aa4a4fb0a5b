import { parseSharedFilter } from '@hatchway/protocol'
import type { Congestible } from './congestion.ts'
import type { MessageGroup, MessageGroups } from './message-group.ts'
import type { Publication } from './publication.ts'
import type { Session } from './session.ts'
import type { Source, Subscriber } from './subscriber.ts'
import type { SubscriptionOptions, Target, TopicTree } from './topic-tree.ts'

const groupOptions: SubscriptionOptions = { qos: 2, noLocal: false, retainAsPublished: true, identifier: 0 }

/** Shared subscriptions: in the topic tree, each `$share/{group}/{filter}` is one subscriber. */
export class SharedGroups implements MessageGroups {
  readonly #tree: TopicTree<Subscriber>
  readonly #groups = new Map<string, SharedGroup>()

  constructor(tree: TopicTree<Subscriber>) {
    this.#tree = tree
  }

  get count(): number {
    return this.#groups.size
  }

  /** Subscriptions in all: members of all groups. */
  get members(): number {
    let members = 0
    for (const group of this.#groups.values()) members += group.size
    return members
  }

  /** False if the filter is not shared; else the session is a member from now on. */
  join(session: Session, filter: string, options: SubscriptionOptions): boolean {
    const shared = parseSharedFilter(filter)
    if (shared === undefined) return false
    let group = this.#groups.get(filter)
    if (group === undefined) {
      group = new SharedGroup(filter)
      this.#groups.set(filter, group)
      this.#tree.add(shared.filter, group, groupOptions)
    }
    group.add(session, options)
    return true
  }

  /** False if the filter is not shared. A group ends with its last member. */
  leave(session: Session, filter: string): boolean {
    const shared = parseSharedFilter(filter)
    if (shared === undefined) return false
    const group = this.#groups.get(filter)
    if (group?.remove(session) && group.size === 0) {
      this.#groups.delete(filter)
      this.#tree.remove(shared.filter, group)
    }
    return true
  }

  named(filter: string): MessageGroup {
    return { filter, passOn: publication => this.#groups.get(filter)?.passOn(publication) ?? false }
  }
}

/** The members of one shared subscription take turns: each message goes to one of them. */
export class SharedGroup implements Subscriber, MessageGroup {
  readonly isSession = true
  readonly filter: string
  /** No member could send the last message at once. */
  slowsPublishers = false
  /** The member that took it all the same. */
  waitedFor: Congestible | undefined
  #members: Target<Subscriber, Session>[] = []
  /** Whose turn it is. */
  #next = 0

  constructor(filter: string) {
    this.filter = filter
  }

  get size(): number {
    return this.#members.length
  }

  /** Adds a member, or replaces its options. [MQTT-3.8.4-3] */
  add(session: Session, { qos, retainAsPublished, identifier }: SubscriptionOptions): void {
    const identifiers = identifier === 0 ? [] : [identifier]
    const member = { subscriber: session, qos, ownQos: qos, retainAsPublished, identifiers, group: this } as const
    const at = this.#members.findIndex(({ subscriber }) => subscriber === session)
    if (at === -1) this.#members.push(member)
    else this.#members[at] = member
  }

  /** False if it is none. */
  remove(session: Session): boolean {
    const at = this.#members.findIndex(({ subscriber }) => subscriber === session)
    if (at === -1) return false
    this.#members.splice(at, 1)
    if (at < this.#next) this.#next--
    return true
  }

  deliver(publication: Publication, _target: Target<Subscriber>, source: Source | undefined): boolean {
    return this.#offer(publication, source)
  }

  passOn(publication: Publication): boolean {
    return this.#offer(publication, undefined)
  }

  /** To the next member that can send it at once; if there is none, to the one with the shortest queue. */
  #offer(publication: Publication, source: Source | undefined): boolean {
    const count = this.#members.length
    let fallback: Target<Subscriber, Session> | undefined
    for (let tried = 0; tried < count; tried++) {
      const at = (this.#next + tried) % count
      const member = this.#members[at]! // in bounds
      if (member.subscriber.sendsAtOnce(Math.min(publication.qos, member.qos))) {
        this.#next = at + 1
        this.slowsPublishers = false
        return member.subscriber.deliver(publication, member, source)
      }
      if (fallback === undefined || isBetter(member, fallback)) fallback = member
    }
    this.#next++
    if (fallback === undefined) return false
    const { subscriber } = fallback
    const taken = subscriber.deliver(publication, fallback, source)
    this.slowsPublishers = subscriber.slowsPublishers
    this.waitedFor = subscriber
    return taken
  }
}

/** A full queue comes last: it would lose the message. Else members on line come before absent ones, then the shorter queue. */
function isBetter(
  { subscriber: one }: Target<Subscriber, Session>,
  { subscriber: other }: Target<Subscriber, Session>,
) {
  const [oneIsFull, otherIsFull] = [isFull(one), isFull(other)]
  if (oneIsFull !== otherIsFull) return otherIsFull
  const [oneIsOnline, otherIsOnline] = [one.pausable !== undefined, other.pausable !== undefined]
  if (oneIsOnline !== otherIsOnline) return oneIsOnline
  return one.state.outbound.fullness < other.state.outbound.fullness
}

/** A queue's bytes rarely add up to exactly its bound. */
const fullAbove = 0.9

function isFull({ state }: Session): boolean {
  return state.outbound.fullness > fullAbove
}
