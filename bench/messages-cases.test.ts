import {
  applicationMayPublish,
  applicationMaySubscribe,
  deviceMayPublish,
  deviceMaySubscribe,
} from '@hatchway/protocol'
import { expect, test } from 'vitest'
import { MESSAGE_CASES, wiringOf } from './messages-cases.ts'
import { deviceNameOf } from './mqtt-bytes.ts'

const productKey = 'a1B2c3D4e5F'
const names = Array.from({ length: 100 }, (_, index) => deviceNameOf(index))
const coverage = { products: new Set([productKey]) }

test.each(MESSAGE_CASES)('$title: everyone has the right to the topics', messageCase => {
  const { topics, filters, copies } = wiringOf(messageCase, productKey, names)
  expect([topics.length, filters.length]).toEqual([messageCase.publishers, messageCase.subscribers])
  if (messageCase.shape === 'fan-out') {
    expect(copies).toBe(messageCase.subscribers)
    for (const topic of topics) expect(applicationMayPublish(coverage, topic)).toBe(true)
    const isAllowed = (filter: string, at: number): boolean =>
      deviceMaySubscribe({ productKey, deviceName: deviceNameOf(at) }, filter)
    expect(filters.every(isAllowed)).toBe(true)
    return
  }
  expect(topics.every((topic, at) => deviceMayPublish({ productKey, deviceName: deviceNameOf(at) }, topic))).toBe(true)
  for (const filter of filters) expect(applicationMaySubscribe(coverage, filter)).toBe(true)
})

test('no two cases share an id', () => {
  expect(new Set(MESSAGE_CASES.map(({ id }) => id)).size).toBe(MESSAGE_CASES.length)
})
