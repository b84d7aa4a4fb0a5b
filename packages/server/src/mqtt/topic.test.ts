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
])(
  'a message can be published to %j: %s [MQTT-4.7.0-1] [MQTT-4.7.1-1 of 3.1.1] [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3]',
  (topic, good) => {
    expect(isTopicName(topic)).toBe(good)
  },
)

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
])(
  '%j can be subscribed to: %s [MQTT-4.7.1-1 of 5.0] [MQTT-4.7.1-2 of 5.0] [MQTT-4.7.1-2 of 3.1.1] [MQTT-4.7.1-3] [MQTT-4.7.3-1]',
  (filter, good) => {
    expect(isTopicFilter(filter)).toBe(good)
  },
)
