import type { Qos } from '../../mqtt/index.ts'
import type { MessageGroup } from './message-group.ts'

/** What a subscriber asked for with one filter. [MQTT 5.0 section 3.8.3.1] */
export interface SubscriptionOptions {
  readonly qos: Qos
  /** Its own messages are not sent back to it. */
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  /** 0 = none. */
  readonly identifier: number
}

/** One subscriber of a topic, all its overlapping subscriptions taken together: it gets the message once. [MQTT-3.3.4-2] */
export interface Target<S, Receiver extends S = S> {
  readonly subscriber: Receiver
  /** The greatest QoS of the matching subscriptions. */
  readonly qos: Qos
  /** The same over those without No Local: what its own messages come back with. -1 = not at all. [MQTT-3.8.3-3] */
  readonly ownQos: Qos | -1
  readonly retainAsPublished: boolean
  /** Of the matching subscriptions that have one. [MQTT-3.3.4-3] */
  readonly identifiers: readonly number[]
  /** The shared group that it stands for here: who takes a message on if it can't finish it. */
  readonly group: MessageGroup | undefined
}

/** The subscribers of one topic as of one version of the tree. `TopicTree.targets` brings it up to date. */
export interface Match<S> {
  readonly topic: string
  version: number
  targets: readonly Target<S>[]
}

type Subscribers<S> = Map<S, SubscriptionOptions>

interface Node<S> {
  readonly parent: Node<S> | undefined
  readonly level: string
  children: Map<string, Node<S>> | undefined
  /** The child that `+` stands for. */
  plus: Node<S> | undefined
  /** Subscribers of the filter that ends here. */
  exact: Subscribers<S> | undefined
  /** Subscribers of the filter that ends in `#` one level below. */
  below: Subscribers<S> | undefined
}

const noIdentifiers: readonly number[] = []

/**
 * Subscriptions by topic filter. Walks level by level without recursion, so a filter's depth can't exhaust the stack.
 * The matches of the topics last asked for are kept, `cachedTopics` at most; every change of a subscription outdates them.
 */
export class TopicTree<S> {
  readonly #root: Node<S> = newNode<S>(undefined, '')
  readonly #matches = new Map<string, Match<S>>()
  readonly #cachedTopics: number
  #version = 0
  #size = 0
  #visitedNodes = 0

  constructor(cachedTopics: number) {
    this.#cachedTopics = cachedTopics
  }

  /** Subscriptions in all. */
  get size(): number {
    return this.#size
  }

  /** Nodes that the searches so far have come by: what finding a topic's subscribers costs, whatever the machine. */
  get visitedNodes(): number {
    return this.#visitedNodes
  }

  /** Trie nodes below the root: falls back to 0 when the last subscription is gone. */
  get nodeCount(): number {
    let count = 0
    const open = [this.#root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      count++
      if (node.plus !== undefined) open.push(node.plus)
      if (node.children !== undefined) open.push(...node.children.values())
    }
    return count - 1
  }

  /** Adds a subscription or replaces its options. The filter is well-formed. True if it is new. [MQTT-3.8.4-3] */
  add(filter: string, subscriber: S, options: SubscriptionOptions): boolean {
    let node = this.#root
    const levels = filter.split('/')
    const endsInHash = levels.at(-1) === '#'
    if (endsInHash) levels.pop()
    for (const level of levels) node = childOf(node, level)
    const subscribers = subscribersOf(node, endsInHash)
    const isNew = !subscribers.has(subscriber)
    subscribers.set(subscriber, options)
    if (isNew) this.#size++
    this.#version++
    return isNew
  }

  /** False if there was no such subscription. Nodes that nothing needs any more go with it. */
  remove(filter: string, subscriber: S): boolean {
    const levels = filter.split('/')
    const endsInHash = levels.at(-1) === '#'
    if (endsInHash) levels.pop()
    let node: Node<S> | undefined = this.#root
    for (const level of levels) {
      node = level === '+' ? node.plus : node.children?.get(level)
      if (node === undefined) return false
    }
    const subscribers = endsInHash ? node.below : node.exact
    if (subscribers === undefined || !subscribers.delete(subscriber)) return false
    if (subscribers.size === 0) {
      if (endsInHash) node.below = undefined
      else node.exact = undefined
    }
    prune(node)
    this.#size--
    this.#version++
    return true
  }

  /** The match of a topic. Keep it, and read it through `targets`. */
  match(topic: string): Match<S> {
    const known = this.#matches.get(topic)
    if (known !== undefined) return known
    const match: Match<S> = { topic, version: -1, targets: [] }
    if (this.#matches.size >= this.#cachedTopics) {
      const oldest = this.#matches.keys().next()
      if (oldest.done === false) this.#matches.delete(oldest.value)
    }
    this.#matches.set(topic, match)
    return match
  }

  /** Who gets the match's topic now. Valid until the next change of a subscription. */
  targets(match: Match<S>): readonly Target<S>[] {
    if (match.version !== this.#version) {
      match.targets = this.#find(match.topic)
      match.version = this.#version
    }
    return match.targets
  }

  #find(topic: string): readonly Target<S>[] {
    const found: Subscribers<S>[] = []
    const levels = topic.split('/')
    let frontier = [this.#root]
    for (const [depth, level] of levels.entries()) {
      this.#visitedNodes += frontier.length
      // Leading wildcards don't reach topics that begin with `$`. [MQTT-4.7.2-1]
      const wildcards = depth > 0 || !topic.startsWith('$')
      const next: Node<S>[] = []
      for (const node of frontier) {
        if (wildcards && node.below !== undefined) found.push(node.below)
        const child = node.children?.get(level)
        if (child !== undefined) next.push(child)
        if (wildcards && node.plus !== undefined) next.push(node.plus)
      }
      if (next.length === 0) return targetsOf(found)
      frontier = next
    }
    this.#visitedNodes += frontier.length
    for (const node of frontier) {
      if (node.exact !== undefined) found.push(node.exact)
      if (node.below !== undefined) found.push(node.below) // `sport/#` matches `sport` too [MQTT-4.7.1-2]
    }
    return targetsOf(found)
  }
}

function newNode<S>(parent: Node<S> | undefined, level: string): Node<S> {
  return { parent, level, children: undefined, plus: undefined, exact: undefined, below: undefined }
}

function subscribersOf<S>(node: Node<S>, endsInHash: boolean): Subscribers<S> {
  if (endsInHash) {
    node.below ??= new Map()
    return node.below
  }
  node.exact ??= new Map()
  return node.exact
}

function childOf<S>(node: Node<S>, level: string): Node<S> {
  if (level === '+') {
    node.plus ??= newNode(node, level)
    return node.plus
  }
  node.children ??= new Map()
  let child = node.children.get(level)
  if (child === undefined) {
    child = newNode(node, level)
    node.children.set(level, child)
  }
  return child
}

function prune<S>(leaf: Node<S>): void {
  let node = leaf
  while (node.parent !== undefined) {
    if (node.children !== undefined || node.plus !== undefined) return
    if (node.exact !== undefined || node.below !== undefined) return
    const { parent, level } = node
    if (parent.plus === node) parent.plus = undefined
    else {
      parent.children?.delete(level)
      if (parent.children?.size === 0) parent.children = undefined
    }
    node = parent
  }
}

function targetsOf<S>(found: readonly Subscribers<S>[]): readonly Target<S>[] {
  const [first] = found
  if (first === undefined) return []
  if (found.length === 1) return Array.from(first, ([subscriber, options]) => targetOf(subscriber, options))
  const bySubscriber = new Map<S, Target<S>>()
  for (const subscribers of found) {
    for (const [subscriber, options] of subscribers) {
      const target = targetOf(subscriber, options)
      const earlier = bySubscriber.get(subscriber)
      bySubscriber.set(subscriber, earlier === undefined ? target : merge(earlier, target))
    }
  }
  return [...bySubscriber.values()]
}

function targetOf<S>(subscriber: S, options: SubscriptionOptions): Target<S> {
  return {
    subscriber,
    qos: options.qos,
    ownQos: options.noLocal ? -1 : options.qos,
    retainAsPublished: options.retainAsPublished,
    identifiers: options.identifier === 0 ? noIdentifiers : [options.identifier],
    group: undefined,
  }
}

function merge<S>(one: Target<S>, other: Target<S>): Target<S> {
  return {
    subscriber: one.subscriber,
    qos: greater(one.qos, other.qos),
    ownQos: greater(one.ownQos, other.ownQos),
    retainAsPublished: one.retainAsPublished || other.retainAsPublished,
    identifiers: [...one.identifiers, ...other.identifiers],
    group: undefined,
  }
}

function greater<Value extends number>(one: Value, other: Value): Value {
  if (one > other) return one
  return other
}
