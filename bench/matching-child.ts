import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { TopicTree } from '../packages/server/src/broker/embedded/topic-tree.ts'
import { devicesOf, MATCHING_KINDS, type MatchingKind, subscriptionsOf, topicOf } from './matching-topics.ts'

/** One measurement of the matching benchmark, in a process of its own. Arguments: kind, subscriptions. Prints `MatchingReport`. */
export interface MatchingReport {
  kind: MatchingKind
  subscriptions: number
  /** Of a topic that was not asked for lately, and of one that was. */
  freshNs: number
  cachedNs: number
  visitedNodes: number
  targets: number
  treeNodes: number
  bytesPerSubscription: number
  addNs: number
}

const LOOKUPS = 200_000
const WARM_UP = 20_000
const CACHED_TOPICS = 10_000
const HOT_TOPICS = 1000
const options = { qos: 0, noLocal: false, retainAsPublished: false, identifier: 0 } as const

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const [kindName = '', countText = '0'] = process.argv.slice(2)
const kind = MATCHING_KINDS.find(known => known === kindName)
if (kind === undefined) throw new Error(`there is no kind ${kindName}`)
const count = Number(countText)
const filters = subscriptionsOf(kind, count)
const subscribers = filters.map((_, index) => ({ index }))
const devices = devicesOf(kind, count)

collect()
const heapBefore = process.memoryUsage().heapUsed
const tree = new TopicTree<{ index: number }>(CACHED_TOPICS)
const addedNs = timed(() => {
  for (const [index, filter] of filters.entries()) tree.add(filter, subscribers[index] ?? { index }, options)
})
collect()
const heapAfter = process.memoryUsage().heapUsed

let state = 12_345
const random = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
// As a decoder gives them: flat strings.
const flat = (topic: string): string => Buffer.from(topic).toString()
const topics = Array.from({ length: LOOKUPS }, () => flat(topicOf(kind, random(devices))))
// A tree that keeps no match is always asked afresh.
let found = 0
const fresh = (topic: string): void => {
  const match = { topic, version: -1, targets: [] }
  found += tree.targets(match).length
}
for (const topic of topics.slice(0, WARM_UP)) fresh(topic)
found = 0
const visitedBefore = tree.visitedNodes
const freshNs = timed(() => {
  for (const topic of topics) fresh(topic)
})
const visited = tree.visitedNodes - visitedBefore
const targets = found / LOOKUPS
const hot = topics.slice(0, HOT_TOPICS)
for (const topic of hot) tree.targets(tree.match(topic))
const cachedNs = timed(() => {
  for (let lookup = 0; lookup < LOOKUPS; lookup++)
    found += tree.targets(tree.match(hot[lookup % HOT_TOPICS] ?? '')).length
})
const report: MatchingReport = {
  kind,
  subscriptions: tree.size,
  freshNs: freshNs / LOOKUPS,
  cachedNs: cachedNs / LOOKUPS,
  visitedNodes: visited / LOOKUPS,
  targets,
  treeNodes: tree.nodeCount,
  bytesPerSubscription: (heapAfter - heapBefore) / tree.size,
  addNs: addedNs / tree.size,
}
process.stdout.write(`${JSON.stringify(report)}\n`)

function timed(run: () => void): number {
  const started = process.hrtime.bigint()
  run()
  return Number(process.hrtime.bigint() - started)
}
