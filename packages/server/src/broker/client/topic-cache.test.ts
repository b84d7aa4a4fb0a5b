import { expect, it } from 'vitest'
import { TopicCache } from './topic-cache.ts'

function find(cache: TopicCache<string>, topic: string): string | undefined {
  const bytes = Buffer.from(`--${topic}--`)
  return cache.find(bytes, 2, bytes.length - 2)
}

it('finds a topic by its bytes wherever they stand', () => {
  const cache = new TopicCache<string>(10)
  for (const topic of ['a/b', 'a/c', 'ä', '']) cache.add(Buffer.from(topic), topic)
  expect(['a/b', 'a/b', 'ä', 'a/c', ''].map(topic => find(cache, topic))).toEqual(['a/b', 'a/b', 'ä', 'a/c', ''])
  expect(['a', 'a/bb', 'b/a'].map(topic => find(cache, topic))).toEqual([undefined, undefined, undefined])
})

it('tells topics of the same hash apart', () => {
  // Two texts that FNV-1a maps to the same 32 bits.
  const [one, other] = ['costarring', 'liquid']
  const cache = new TopicCache<string>(10)
  cache.add(Buffer.from(one), one)
  expect(find(cache, other)).toBeUndefined()
  cache.add(Buffer.from(other), other)
  expect([find(cache, one), find(cache, other)]).toEqual([one, other])
})

it('starts afresh when it is full', () => {
  const cache = new TopicCache<string>(2)
  for (const topic of ['a', 'b', 'c']) cache.add(Buffer.from(topic), topic)
  expect(['c', 'a', 'b'].map(topic => find(cache, topic))).toEqual(['c', undefined, undefined])
})

it('keeps its own copy of a topic’s bytes', () => {
  const cache = new TopicCache<string>(2)
  const bytes = Buffer.from('abc')
  cache.add(bytes, 'abc')
  bytes.fill(0)
  expect(find(cache, 'abc')).toBe('abc')
})
