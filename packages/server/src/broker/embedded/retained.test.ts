import { topicMatches } from '@hatchway/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RetainedMessage, RetainedMessages } from './retained.ts'

const limits = { messages: 1000, bytes: 10_000 }

function message(topic: string, rest: { text?: string; expiresAtMs?: number } = {}): RetainedMessage {
  const { text = 'x', expiresAtMs = 0 } = rest
  return { topic, packet: Buffer.from(text), level: 4, from: '', expiresAtMs }
}

function topicsOf(messages: RetainedMessages, filter: string): string[] {
  const found = [...messages.matching(filter)].flatMap(each => each ?? [])
  return found.map(({ topic }) => topic).sort()
}

describe('the retained messages of a filter', () => {
  const cases: [filter: string, topics: string[], found: string[]][] = [
    ['a/b', ['a/b', 'a', 'a/b/c'], ['a/b']],
    ['a/#', ['a', 'a/', 'a/b/c', 'ab'], ['a', 'a/', 'a/b/c']], // [MQTT-4.7.1-2]
    ['#', ['a', '/', '$SYS/a'], ['/', 'a']], // [MQTT-4.7.2-1]
    ['+/a', ['b/a', '$SYS/a', '/a'], ['/a', 'b/a']],
    ['$SYS/#', ['$SYS/a', '$SYS'], ['$SYS', '$SYS/a']],
    ['a/+', ['a', 'a/', 'a/$b', 'a/b/c'], ['a/', 'a/$b']],
    ['+', ['a', '/a'], ['a']],
    ['a/+/c', ['a/b/c', 'a//c', 'a/c'], ['a//c', 'a/b/c']],
  ]
  it.each(cases)('%s of %j: %j', (filter, topics, found) => {
    const messages = new RetainedMessages(limits)
    for (const topic of topics) messages.set(message(topic))
    expect(topicsOf(messages, filter)).toEqual(found)
  })
})

const level = fc.constantFrom('a', 'b', '', '$x')
const topicOf = (levels: readonly string[]) => levels.join('/')
const topic = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map(topicOf)
  .filter(text => text !== '')
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, hash]) => topicOf(hash ? [...levels, '#'] : levels))
  .filter(text => text !== '')

describe('against a matcher that tries every topic', () => {
  it('finds the same messages after every set and clear, and keeps count', () => {
    const step = fc.record({ set: fc.boolean(), topic, text: fc.string({ maxLength: 5 }), ask: filter })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const messages = new RetainedMessages(limits)
        const naive = new Map<string, number>()
        for (const { set, topic, text, ask } of steps) {
          if (set) messages.set(message(topic, { text }))
          else expect(messages.clear(topic)).toBe(naive.has(topic))
          if (set) naive.set(topic, Buffer.byteLength(text))
          else naive.delete(topic)
          expect(topicsOf(messages, ask)).toEqual([...naive.keys()].filter(one => topicMatches(ask, one)).sort())
          expect(messages.count).toBe(naive.size)
          expect(messages.bytes).toBe([...naive.values()].reduce((sum, size) => sum + size, 0))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('leaves no node behind when all is cleared', () => {
    fc.assert(
      fc.property(fc.array(topic, { maxLength: 30 }), topics => {
        const messages = new RetainedMessages(limits)
        for (const each of topics) messages.set(message(each))
        for (const each of topics) messages.clear(each)
        expect([messages.count, messages.bytes, messages.nodeCount]).toEqual([0, 0, 0])
      }),
    )
  })

  it('goes on behind any message that it had come to as if it had never stopped, and misses none if that is gone', () => {
    const at = fc.nat(20)
    fc.assert(
      fc.property(
        fc.array(topic, { maxLength: 20 }),
        filter,
        at,
        fc.array(topic, { maxLength: 5 }),
        (kept, ask, stop, gone) => {
          const messages = new RetainedMessages(limits)
          for (const each of kept) messages.set(message(each))
          const inOrder = [...messages.matching(ask)].flatMap(each => each?.topic ?? [])
          const last = inOrder[Math.min(stop, inOrder.length - 1)]
          if (last === undefined) return
          const rest = () => [...messages.matching(ask, last)].flatMap(each => each?.topic ?? [])
          const expected = inOrder.slice(inOrder.indexOf(last) + 1)
          expect(rest()).toEqual(expected)
          for (const each of [last, ...gone]) messages.clear(each)
          const found = rest()
          expect(found).toHaveLength(new Set(found).size)
          for (const each of expected) if (messages.get(each) !== undefined) expect(found).toContain(each)
        },
      ),
    )
  })

  it('comes to an end although messages come and go while it walks', () => {
    const change = fc.record({ set: fc.boolean(), topic })
    fc.assert(
      fc.property(
        fc.array(topic, { maxLength: 10 }),
        fc.array(change, { maxLength: 20 }),
        filter,
        (kept, changes, ask) => {
          const messages = new RetainedMessages(limits)
          for (const each of kept) messages.set(message(each))
          const walk = messages.matching(ask)
          for (const { set, topic } of changes) {
            if (set) messages.set(message(topic))
            else messages.clear(topic)
            const found = walk.next().value?.topic
            if (found !== undefined) expect(topicMatches(ask, found)).toBe(true)
          }
          for (const each of walk) if (each !== undefined) expect(topicMatches(ask, each.topic)).toBe(true)
        },
      ),
    )
  })
})

describe('the limits', () => {
  it('refuse a further topic when there are as many as allowed, and let a known one be replaced', () => {
    const messages = new RetainedMessages({ messages: 2, bytes: 100 })
    for (const topic of ['a', 'b']) messages.set(message(topic))
    expect([messages.hasRoom('c', 1), messages.hasRoom('b', 1)]).toEqual([false, true])
    messages.clear('a')
    expect(messages.hasRoom('c', 1)).toBe(true)
  })

  it('count the bytes that a message would replace', () => {
    const messages = new RetainedMessages({ messages: 9, bytes: 10 })
    messages.set(message('a', { text: '12345678' }))
    expect([messages.hasRoom('a', 10), messages.hasRoom('a', 11)]).toEqual([true, false])
    expect([messages.hasRoom('b', 2), messages.hasRoom('b', 3)]).toEqual([true, false])
  })
})

describe('expiry', () => {
  it('removes what is due, and a replaced message’s time no longer counts [MQTT-3.3.2-5]', () => {
    const messages = new RetainedMessages(limits)
    messages.set(message('a', { expiresAtMs: 1000 }))
    messages.set(message('b', { expiresAtMs: 3000 }))
    messages.set(message('c', { expiresAtMs: 1000 }))
    messages.set(message('c'))
    expect(messages.expire(999)).toEqual([])
    expect(messages.expire(2000)).toEqual(['a'])
    expect(topicsOf(messages, '#')).toEqual(['b', 'c'])
    expect(messages.expire(3000)).toEqual(['b'])
    expect(messages.expire(1e15)).toEqual([])
  })
})

it('takes a topic of as many levels as MQTT can carry', () => {
  const messages = new RetainedMessages({ messages: 1, bytes: 100_000 })
  const deep = '/'.repeat(65_000)
  messages.set(message(deep))
  expect(topicsOf(messages, '#')).toEqual([deep])
  messages.clear(deep)
  expect(messages.nodeCount).toBe(0)
})
