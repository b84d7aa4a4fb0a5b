import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isTopicFilter,
  isTopicName,
  MAX_TOPIC_BYTES,
  parseSharedFilter,
  topicMatches,
  utf8SizeBytes,
} from './topics.ts'

test.each<[filter: string, topic: string, isMatch: boolean]>([
  ['sport/tennis', 'sport/tennis', true],
  ['sport/tennis', 'sport/tenni', false],
  ['sport/tenni', 'sport/tennis', false],
  ['sport/#', 'sport', true],
  ['sport/#', 'sport/', true],
  ['sport/#', 'sport/a/b', true],
  ['sport/#', 'sports', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['sport/+', 'sport/a', true],
  ['sport/+', 'sport/a/b', false],
  ['+', 'finance', true],
  ['+', '/finance', false],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+/b/#', 'a/b', true],
  ['+/b/#', 'a/bc', false],
  ['a/+/c', 'a//c', true],
  ['#', 'a', true],
  ['#', '$SYS/a', false],
  ['+/a', '$SYS/a', false],
  ['$SYS/#', '$SYS/a', true],
  ['$SYS/+', '$SYS/a', true],
  ['a/', 'a', false],
  ['a', 'a/', false],
  ['设备/+', '设备/一', true],
])('%s against %s: %s', (filter, topic, isMatch) => {
  expect(topicMatches(filter, topic)).toBe(isMatch)
})

const bySplitting = (filter: string, topic: string): boolean => {
  const wanted = filter.split('/')
  const levels = topic.split('/')
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false
  }
  return wanted.length === levels.length
}

const level = fc.constantFrom('', 'a', 'b', 'ab', '$x')
const topicOf = fc.array(level, { minLength: 1, maxLength: 4 }).map(levels => levels.join('/'))
const filterOf = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, isDeep]) => (isDeep ? [...levels, '#'] : levels).join('/'))

test('property: matching is what splitting both into levels gives', () => {
  fc.assert(
    fc.property(filterOf, topicOf, (filter, topic) => {
      expect(topicMatches(filter, topic)).toBe(bySplitting(filter, topic))
    }),
    { numRuns: 3000 },
  )
})

describe('well-formed', () => {
  test.each(['a', '/', 'a//b', '$SYS/a', '设备', ' ', 'a'.repeat(MAX_TOPIC_BYTES)])('name', name => {
    expect(isTopicName(name)).toBe(true)
    expect(isTopicFilter(name)).toBe(true)
  })

  test.each(['', 'a\0', 'a'.repeat(MAX_TOPIC_BYTES + 1), '设'.repeat(30_000)])('neither name nor filter', text => {
    expect(isTopicName(text)).toBe(false)
    expect(isTopicFilter(text)).toBe(false)
  })

  test.each(['+', '#', 'a/+', '+/a', 'a/+/b', 'a/#', '/#', '+/+/#', '$share/g/a', '$share/g//a/#', '$share/g/+'])(
    'filter %s that is no name, or shared',
    filter => {
      expect(isTopicFilter(filter)).toBe(true)
    },
  )

  test.each(['a+', '+a', 'a/b+/c', 'a#', '#/a', 'a/#/b', '##', '++', 'a/#b', '$share/g', '$share//a', '$share/g/'])(
    'not filter %s',
    filter => {
      expect(isTopicFilter(filter)).toBe(false)
    },
  )

  test.each(['$share/g+/a', '$share/#/a', '$share/+/a', '$share/g/a#'])('nor shared filter %s', filter => {
    expect(isTopicFilter(filter)).toBe(false)
  })

  test('names hold no wildcard', () => {
    for (const text of ['+', '#', 'a/+', 'a/b#']) expect(isTopicName(text)).toBe(false)
  })
})

test('a shared filter is taken apart into group and filter', () => {
  expect(parseSharedFilter('$share/g//pk/dn/#')).toEqual({ group: 'g', filter: '/pk/dn/#' })
  for (const text of ['a', '$share', '$share/g', '$SHARE/g/a', '$share//a', '$share/g+/a']) {
    expect(parseSharedFilter(text)).toBeUndefined()
  }
})

test('property: sizes are those of UTF-8, and no text makes a check throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('/', '+', '#', '$', 'a') }),
      (a, b) => {
        expect(utf8SizeBytes(a)).toBe(Buffer.byteLength(a))
        for (const text of [a, b, `$share/${b}`]) {
          expect(typeof isTopicFilter(text)).toBe('boolean')
          if (isTopicName(text) && !text.startsWith('$share/')) expect(isTopicFilter(text)).toBe(true)
          expect(typeof topicMatches(b, text)).toBe('boolean')
        }
      },
    ),
  )
})

test('a lone surrogate counts as its replacement character', () => {
  expect(utf8SizeBytes('a\ud800b')).toBe(Buffer.byteLength('a\ud800b'))
  expect(utf8SizeBytes('\udc00')).toBe(3)
})
