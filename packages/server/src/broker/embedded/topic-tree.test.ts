import { topicMatches } from '@hatchway/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Qos } from '../../mqtt/index.ts'
import { type SubscriptionOptions, TopicTree } from './topic-tree.ts'

const plain = { qos: 0, noLocal: false, retainAsPublished: false, identifier: 0 } as const

function subscribersOf(tree: TopicTree<string>, topic: string): string[] {
  return tree
    .targets(tree.match(topic))
    .map(target => target.subscriber)
    .sort()
}

describe('which filters match a topic', () => {
  const cases: [filter: string, topic: string, matches: boolean][] = [
    ['sport/tennis', 'sport/tennis', true],
    ['sport/tennis', 'sport/tennis/', false],
    ['sport/#', 'sport', true], // [MQTT-4.7.1-2]
    ['sport/#', 'sport/', true],
    ['sport/#', 'sport/a/b', true],
    ['sport/#', 'sports', false],
    ['#', 'a/b', true],
    ['#', '/', true],
    ['+', 'finance', true],
    ['+', '/finance', false],
    ['/+', '/finance', true],
    ['+/+', '/finance', true],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['sport/+/player', 'sport//player', true],
    ['+/#', 'a', true],
    ['#', '$SYS/a', false], // [MQTT-4.7.2-1]
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['$SYS/+', '$SYS/a', true],
    ['$SYS/#', '$SYS', true],
    ['a/+', 'a/$b', true],
  ]
  it.each(cases)('%s and %s: %s', (filter, topic, matches) => {
    const tree = new TopicTree<string>(10)
    tree.add(filter, 's', plain)
    expect(subscribersOf(tree, topic)).toEqual(matches ? ['s'] : [])
  })
})

const level = fc.constantFrom('a', 'b', '', '$x')
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map(levels => levels.join('/'))
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, hash]) => (hash ? [...levels, '#'] : levels))
  .filter(levels => levels.length > 0)
  .map(levels => levels.join('/'))
const names = /^(?!$)/
const subscription = fc.record({
  filter: filter.filter(f => names.test(f)),
  subscriber: fc.constantFrom('x', 'y', 'z'),
})

describe('against a matcher that tries every filter', () => {
  it('finds the same subscribers after every addition and removal, cached or not', () => {
    const step = fc.record({ add: fc.boolean(), at: subscription, ask: topic.filter(t => t !== '') })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const tree = new TopicTree<string>(2)
        const naive = new Set<string>()
        for (const { add, at, ask } of steps) {
          const key = `${at.subscriber} ${at.filter}`
          if (add) expect(tree.add(at.filter, at.subscriber, plain)).toBe(!naive.has(key))
          else expect(tree.remove(at.filter, at.subscriber)).toBe(naive.has(key))
          if (add) naive.add(key)
          else naive.delete(key)
          const expected = new Set<string>()
          for (const one of naive) if (topicMatches(one.slice(2), ask)) expected.add(one.slice(0, 1))
          expect(subscribersOf(tree, ask)).toEqual([...expected].sort())
          expect(tree.size).toBe(naive.size)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('leaves no node behind when all is removed', () => {
    fc.assert(
      fc.property(fc.array(subscription, { maxLength: 30 }), subscriptions => {
        const tree = new TopicTree<string>(2)
        for (const { filter, subscriber } of subscriptions) tree.add(filter, subscriber, plain)
        for (const { filter, subscriber } of subscriptions) tree.remove(filter, subscriber)
        expect([tree.size, tree.nodeCount]).toEqual([0, 0])
      }),
    )
  })
})

describe('overlapping subscriptions of one subscriber', () => {
  const overlap = (...options: Partial<SubscriptionOptions>[]) => {
    const tree = new TopicTree<string>(10)
    const filters = ['a/b', 'a/+', '#']
    for (const [index, each] of options.entries()) tree.add(filters[index] ?? '#', 's', { ...plain, ...each })
    return tree.targets(tree.match('a/b'))
  }
  const qos = (one: Qos, other: Qos) => [{ qos: one }, { qos: other }]

  it('deliver once with the greatest QoS [MQTT-3.3.5-1]', () => {
    expect(overlap(...qos(0, 2))).toEqual([
      { subscriber: 's', qos: 2, ownQos: 2, retainAsPublished: false, identifiers: [], group: undefined },
    ])
    expect(overlap(...qos(2, 1))).toMatchObject([{ qos: 2 }])
  })

  it('carry the identifiers of all that have one [MQTT-3.3.4-4]', () => {
    expect(overlap({ identifier: 7 }, { identifier: 0 }, { identifier: 9 })[0]?.identifiers.toSorted()).toEqual([7, 9])
  })

  it('send own messages back at the QoS of those without No Local [MQTT-3.8.3-3]', () => {
    expect(overlap({ qos: 2, noLocal: true }, { qos: 1 })).toMatchObject([{ qos: 2, ownQos: 1 }])
    expect(overlap({ qos: 2, noLocal: true })).toMatchObject([{ qos: 2, ownQos: -1 }])
  })
})

describe('the cache of matches', () => {
  it('sees a subscription that came after the match', () => {
    const tree = new TopicTree<string>(10)
    const match = tree.match('a')
    expect(tree.targets(match)).toEqual([])
    tree.add('+', 's', plain)
    expect(tree.targets(match)).toMatchObject([{ subscriber: 's' }])
    tree.add('+', 's', { ...plain, qos: 1 })
    expect(tree.targets(match)).toMatchObject([{ qos: 1 }])
  })

  it('gives the same targets again as long as no subscription changes', () => {
    const tree = new TopicTree<string>(10)
    tree.add('a', 's', plain)
    expect(tree.targets(tree.match('a'))).toBe(tree.targets(tree.match('a')))
  })

  it('forgets the topic asked for first when it is full', () => {
    const tree = new TopicTree<string>(2)
    const first = tree.match('a')
    tree.match('b')
    tree.match('c')
    expect(tree.match('a')).not.toBe(first)
    expect(tree.match('c')).toBe(tree.match('c'))
  })
})

it('takes a filter of as many levels as MQTT can carry', () => {
  const tree = new TopicTree<string>(10)
  const deep = '/'.repeat(65_000)
  tree.add(`${deep}+`, 's', plain)
  expect(subscribersOf(tree, `${deep}x`)).toEqual(['s'])
  tree.remove(`${deep}+`, 's')
  expect(tree.nodeCount).toBe(0)
})
