import type { RetainedRecord } from './store/session-store.ts'

/** The last message of a topic that was published with RETAIN, in memory of its own. */
export interface RetainedMessage extends RetainedRecord {
  readonly packet: Buffer
}

export interface RetainedLimits {
  readonly messages: number
  readonly bytes: number
}

interface Node {
  readonly parent: Node | undefined
  readonly level: string
  children: Map<string, Node> | undefined
  message: RetainedMessage | undefined
}

/** Nodes that are still to be looked at, and the level of the filter that their children have to match. */
interface Step {
  readonly nodes: Iterator<Node>
  readonly depth: number
}

/**
 * Retained messages by topic, found by filter. Holds no more than its limits: what does not fit is refused, and what is
 * there stays (`hasRoom`). Walks level by level without recursion, so a topic's depth can't exhaust the stack.
 */
export class RetainedMessages {
  readonly #limits: RetainedLimits
  readonly #root: Node = newNode(undefined, '')
  readonly #expiring = new Set<RetainedMessage>()
  /** No message expires before. */
  #nextExpiryMs = Number.POSITIVE_INFINITY
  #count = 0
  #bytes = 0

  constructor(limits: RetainedLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Tree nodes below the root: falls back to 0 when the last message is gone. */
  get nodeCount(): number {
    let count = 0
    const open = [this.#root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      count++
      if (node.children !== undefined) open.push(...node.children.values())
    }
    return count - 1
  }

  /** Whether `set` may be called with a message of this topic and size. */
  hasRoom(topic: string, sizeBytes: number): boolean {
    const known = this.get(topic)
    const bytes = this.#bytes - (known?.packet.length ?? 0) + sizeBytes
    return bytes <= this.#limits.bytes && (known !== undefined || this.#count < this.#limits.messages)
  }

  get(topic: string): RetainedMessage | undefined {
    return this.#find(topic)?.message
  }

  /** Keeps the message instead of the one its topic had. [MQTT-3.3.1-5] */
  set(message: RetainedMessage): void {
    let node = this.#root
    for (const level of message.topic.split('/')) {
      node.children ??= new Map()
      let child = node.children.get(level)
      if (child === undefined) {
        child = newNode(node, level)
        node.children.set(level, child)
      }
      node = child
    }
    if (node.message !== undefined) this.#forget(node.message)
    node.message = message
    this.#count++
    this.#bytes += message.packet.length
    if (message.expiresAtMs === 0) return
    this.#expiring.add(message)
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, message.expiresAtMs)
  }

  /** False if the topic had none. [MQTT-3.3.1-6] */
  clear(topic: string): boolean {
    const node = this.#find(topic)
    if (node?.message === undefined) return false
    this.#forget(node.message)
    node.message = undefined
    prune(node)
    return true
  }

  /** Removes the messages whose time has passed; returns their topics. */
  expire(nowMs: number): readonly string[] {
    if (nowMs < this.#nextExpiryMs) return []
    this.#nextExpiryMs = Number.POSITIVE_INFINITY
    const topics: string[] = []
    for (const { topic, expiresAtMs } of this.#expiring) {
      if (expiresAtMs <= nowMs) topics.push(topic)
      else this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiresAtMs)
    }
    for (const topic of topics) this.clear(topic)
    return topics
  }

  /**
   * The messages that match a well-formed filter, one tree node at a time: undefined stands for a node without a message,
   * so that whoever walks can pause anywhere. Messages set meanwhile may or may not come.
   *
   * A walk `after` a topic that an earlier one came to goes on from there; if the topic is gone, its neighbours come once
   * more. (To keep the earlier walk itself would keep all that was removed from the tree since.)
   */
  *matching(filter: string, after?: string): Generator<RetainedMessage | undefined, void> {
    const levels = filter.split('/')
    const steps: Step[] =
      after === undefined ? [{ nodes: [this.#root].values(), depth: 0 }] : yield* this.#stepsBehind(after, levels)
    for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
      const { value: node, done } = step.nodes.next()
      if (done === true) {
        steps.pop()
        continue
      }
      const level = levels[step.depth]
      if (level === undefined || level === '#')
        yield node.message // `sport/#` matches `sport` too [MQTT-4.7.1-2]
      else yield undefined
      const below = stepBelow(node, levels, step.depth)
      if (below !== undefined) steps.push(below)
    }
  }

  /** The steps as they stood when a walk had come to the topic. */
  *#stepsBehind(topic: string, levels: readonly string[]): Generator<undefined, Step[]> {
    const steps: Step[] = []
    let node = this.#root
    for (const name of topic.split('/')) {
      const step = stepBelow(node, levels, steps.at(-1)?.depth ?? 0)
      if (step === undefined) return steps
      const found: Node | undefined = yield* advance(step.nodes, name)
      // Gone: nobody knows where it stood among the others, so they come once more.
      const again = found === undefined ? stepBelow(node, levels, steps.at(-1)?.depth ?? 0) : step
      if (again !== undefined) steps.push(again)
      if (found === undefined) return steps
      node = found
    }
    const below = stepBelow(node, levels, steps.at(-1)?.depth ?? 0)
    return below === undefined ? steps : [...steps, below]
  }

  #find(topic: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const level of topic.split('/')) {
      node = node.children?.get(level)
      if (node === undefined) return undefined
    }
    return node
  }

  #forget(message: RetainedMessage): void {
    this.#expiring.delete(message)
    this.#count--
    this.#bytes -= message.packet.length
  }
}

function newNode(parent: Node | undefined, level: string): Node {
  return { parent, level, children: undefined, message: undefined }
}

/** What is to be looked at below a node whose children have to match the level at `depth`; undefined = nothing. */
function stepBelow(node: Node, levels: readonly string[], depth: number): Step | undefined {
  const level = levels[depth]
  return level === undefined ? undefined : { nodes: next(node, level), depth: depth + (level === '#' ? 0 : 1) }
}

/** Takes nodes until one has the name; undefined = none has. */
function* advance(nodes: Iterator<Node>, name: string): Generator<undefined, Node | undefined> {
  for (let step = nodes.next(); step.done !== true; step = nodes.next()) {
    yield undefined
    if (step.value.level === name) return step.value
  }
  return undefined
}

/** The children that one level of a filter matches. */
function next({ parent, children }: Node, level: string): Iterator<Node> {
  if (children === undefined) return [].values()
  if (level !== '+' && level !== '#') {
    const child = children.get(level)
    return (child === undefined ? [] : [child]).values()
  }
  if (parent !== undefined) return children.values()
  // Leading wildcards don't reach topics that begin with `$`. [MQTT-4.7.2-1]
  return [...children.values()].filter(child => !child.level.startsWith('$')).values()
}

function prune(leaf: Node): void {
  let node = leaf
  while (node.parent !== undefined && node.message === undefined && node.children === undefined) {
    const { parent, level } = node
    parent.children?.delete(level)
    if (parent.children?.size === 0) parent.children = undefined
    node = parent
  }
}
