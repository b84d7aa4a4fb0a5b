import { topicMatches } from '@hatchway/protocol'
import { expect, test } from 'vitest'
import { devicesOf, MATCHING_KINDS, subscriptionsOf, topicOf } from './matching-topics.ts'

test.each(MATCHING_KINDS.flatMap(kind => [10, 2001].map(count => [kind, count] as const)))(
  '%s: %d different filters, and every topic has a subscriber',
  (kind, count) => {
    const filters = subscriptionsOf(kind, count)
    expect(new Set(filters).size).toBe(count)
    const devices = devicesOf(kind, count)
    for (const device of [0, 1, Math.floor(devices / 2), devices - 1]) {
      expect(topicMatches(filters[device] ?? '', topicOf(kind, device))).toBe(true)
    }
  },
)
