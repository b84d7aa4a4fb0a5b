import { expect, test } from 'vitest'
import { isTopicFilter, isTopicName } from './topic.ts'

test.each([
  ['a', true],
  ['/', true],
  ['a//b', true],
  ['/sys/pk/dn/thing', true],
  [' ', true],
  ['$SYS/x', true],
  ['x'.repeat(65535), true],
  ['', false],
  ['a/+', false],
  ['a#', false],
  ['a\0', false],
  ['x'.repeat(65536), false],
])('a message can be published to %j: %s', (topic, good) => {
  expect(isTopicName(topic)).toBe(good)
})

test.each([
  ['#', true],
  ['+', true],
  ['a/#', true],
  ['/+', true],
  ['+/a/+/#', true],
  ['a//b', true],
  ['$share/g/a/+', true],
  ['', false],
  ['a#', false],
  ['a/#/b', false],
  ['#/a', false],
  ['a+', false],
  ['+a/b', false],
  ['a/+b', false],
  ['##', false],
  ['a\0', false],
])('%j can be subscribed to: %s', (filter, good) => {
  expect(isTopicFilter(filter)).toBe(good)
})
