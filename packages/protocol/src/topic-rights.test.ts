import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  applicationMayPublish,
  applicationMaySubscribe,
  deviceMayPublish,
  deviceMaySubscribe,
  downlinkFilters,
  isWithinTopicLimits,
} from './topic-rights.ts'
import { isTopicFilter, isTopicName, parseSharedFilter, topicMatches } from './topics.ts'

const DEVICE = { productKey: 'pk', deviceName: 'dn01' }
const NO_LIMITS = { maxBytes: 1e6, maxSlashes: 1e6 }

const OWN_TOPICS = [
  '/ext/rrpc//pk/dn01/user/get',
  '/pk/dn01/user/update',
  '/pk/dn01/user/get',
  '/pk/dn01',
  '/sys/pk/dn01/thing/event/property/post',
  '/sys/pk/dn01/rrpc/response/123',
  '/ext/ntp/pk/dn01/request',
  '/ext/session/pk/dn01/combine/login',
  '/ext/rrpc/1/pk/dn01/user/get',
  '/ext/rrpc/1//pk/dn01/user/get',
  '/ext/rrpc/1/sys/pk/dn01/thing/service/property/set',
  '/ext/rrpc/1//sys/pk/dn01/x',
  '/ota/device/inform/pk/dn01',
  '/ota/device/a/b/pk/dn01',
  '/shadow/update/pk/dn01',
  '/shadow/get/pk/dn01',
]

const FOREIGN_TOPICS = [
  '',
  'pk/dn01/user/get',
  '/pk',
  '/pk/',
  '/pk/dn',
  '/pk/dn02/user/get',
  '/pk/dn01x/user/get',
  '/pkx/dn01/user/get',
  '/other/dn01/user/get',
  '/sys/pk/dn02/thing/event/property/post',
  '/sys/other/dn01/x',
  '/sys/pk',
  '/ext/ntp/pk/dn02/request',
  '/ext/pk/dn01',
  '/ext/register',
  '/ext/regnwl',
  '/ext/rrpc/1/pk/dn02/user/get',
  '/ext/rrpc/1/other/pk/dn01',
  '/ext/rrpc/1///pk/dn01',
  '/ext/rrpc/1',
  '/ota/device/pk/dn01',
  '/ota/device//pk/dn01',
  '/ota/device/inform/pk/dn02',
  '/ota/device/inform/pk/dn01/x',
  '/ota/pk/dn01',
  '/shadow/update/pk/dn01/x',
  '/shadow/delete/pk/dn01',
  '/as/mqtt/status/pk/dn01',
  '$SYS/broker/uptime',
  '$share/g',
]

describe('a device', () => {
  test.each(OWN_TOPICS)('publishes and subscribes to its own %s', topic => {
    expect(deviceMayPublish(DEVICE, topic, NO_LIMITS)).toBe(true)
    expect(deviceMaySubscribe(DEVICE, topic, NO_LIMITS)).toBe(true)
  })

  test('a device hears of its lifecycle, which only the platform tells', () => {
    expect(deviceMaySubscribe(DEVICE, '/pk/dn01/thing/lifecycle')).toBe(true)
    expect(deviceMayPublish(DEVICE, '/pk/dn01/thing/lifecycle')).toBe(false)
    expect(deviceMayPublish(DEVICE, '/pk/dn01/user/thing/lifecycle')).toBe(true)
  })

  test.each(FOREIGN_TOPICS)('neither publishes nor subscribes to %s', topic => {
    expect(deviceMayPublish(DEVICE, topic)).toBe(false)
    expect(deviceMaySubscribe(DEVICE, topic)).toBe(false)
  })

  test.each([
    '/pk/dn01/#',
    '/pk/dn01/+/get',
    '/sys/pk/dn01/#',
    '/sys/pk/dn01/thing/+/property/+',
    '/ext/rrpc/+/pk/dn01/#',
    '/ext/rrpc/+//pk/dn01/#',
    '/ext/rrpc/+/sys/pk/dn01/#',
    '/ota/device/+/pk/dn01',
    '/broadcast/pk/#',
    '/broadcast/pk/news',
    '$share/g//pk/dn01/#',
    ...downlinkFilters('pk', 'dn01'),
  ])('subscribes to %s', filter => {
    expect(deviceMaySubscribe(DEVICE, filter)).toBe(true)
  })

  test.each([
    '#',
    '+/#',
    '/#',
    '/+/dn01/#',
    '/pk/#',
    '/pk/+/#',
    '/pk/dn01/#/x',
    '/pk/dn01/a+',
    '/sys/#',
    '/sys/+/dn01/#',
    '/sys/pk/+/#',
    '/ext/#',
    '/ext/rrpc/#',
    '/ext/rrpc/+/#',
    '/ext/rrpc/+/+/dn01/#',
    '/ext/+/pk/dn01/#',
    '/ota/device/#',
    '/ota/device/+/pk/+',
    '/ota/device/+/+/dn01',
    '/shadow/+/pk/dn01',
    '/broadcast/#',
    '/broadcast/+/x',
    '/broadcast/pkx/x',
    '$share/g/#',
    '$share/g//pk/dn02/#',
    '$share/+//pk/dn01/#',
    '$share//pk/dn01/#',
  ])('does not subscribe to %s', filter => {
    expect(deviceMaySubscribe(DEVICE, filter)).toBe(false)
  })

  test('never publishes to a broadcast or to a wildcard', () => {
    for (const topic of ['/broadcast/pk/news', '/pk/dn01/+', '/pk/dn01/#', '/pk/dn01/\0']) {
      expect(deviceMayPublish(DEVICE, topic)).toBe(false)
    }
  })

  test('with a ProductKey named like a platform topic owns nothing of others', () => {
    const sys = { productKey: 'sys', deviceName: 'al123456789' }
    expect(deviceMaySubscribe(sys, '/sys/al123456789/#')).toBe(false)
    expect(deviceMayPublish({ productKey: 'shadow', deviceName: 'update' }, '/shadow/update/pk')).toBe(false)
    expect(deviceMaySubscribe({ productKey: 'broadcast', deviceName: 'al12' }, '/broadcast/al12/#')).toBe(false)
    expect(deviceMaySubscribe({ productKey: 'ext', deviceName: 'rrpc' }, '/ext/rrpc/#')).toBe(false)
    expect(deviceMayPublish({ productKey: 'as', deviceName: 'mqtt' }, '/as/mqtt/status/x/y')).toBe(false)
    expect(deviceMayPublish({ productKey: 'ota', deviceName: 'device' }, '/ota/device/a')).toBe(false)
  })
})

describe('limits of device topics', () => {
  test('128 bytes and 7 slashes are the most, and settings', () => {
    const at = (sizeBytes: number) => '/pk/dn01/'.padEnd(sizeBytes, 'x')
    expect(deviceMayPublish(DEVICE, at(128))).toBe(true)
    expect(deviceMayPublish(DEVICE, at(129))).toBe(false)
    expect(deviceMayPublish(DEVICE, at(129), { maxBytes: 129, maxSlashes: 7 })).toBe(true)
    expect(deviceMayPublish(DEVICE, '/pk/dn01/3/4/5/6/7')).toBe(true)
    expect(deviceMayPublish(DEVICE, '/pk/dn01/3/4/5/6/7/8')).toBe(false)
    expect(deviceMaySubscribe(DEVICE, '/pk/dn01/3/4/5/6/7/#')).toBe(false)
  })

  test('bytes are counted, not characters', () => {
    expect(isWithinTopicLimits('设'.repeat(42), { maxBytes: 128, maxSlashes: 7 })).toBe(true)
    expect(isWithinTopicLimits('设'.repeat(43), { maxBytes: 128, maxSlashes: 7 })).toBe(false)
  })

  test('what carries a topic is measured apart: $share/{group}/ and /ext/rrpc/{messageId}', () => {
    const long = 'x'.repeat(129)
    expect(deviceMaySubscribe(DEVICE, `$share/${long}//pk/dn01/a`)).toBe(false)
    expect(deviceMayPublish(DEVICE, `/ext/rrpc/${long}/pk/dn01/a`)).toBe(false)
    expect(deviceMaySubscribe(DEVICE, '$share/g//pk/dn01/3/4/5/6/7')).toBe(true)
    expect(deviceMaySubscribe(DEVICE, '/ext/rrpc/+/sys/pk/dn01/4/5/6/7')).toBe(true)
    expect(deviceMaySubscribe(DEVICE, '/ext/rrpc/+/sys/pk/dn01/4/5/6/7/8')).toBe(false)
  })
})

describe('an application', () => {
  const some = { products: new Set(['pk', 'pk2']) }
  const all = { products: 'all' } as const

  test.each([
    ...OWN_TOPICS,
    '/pk/thing/lifecycle',
    '/pk2/dn99/thing/lifecycle',
    '/broadcast/pk/news',
    '/sys/pk2/dn/rrpc/request/1',
  ])('publishes to %s of a product that its key covers', topic => {
    expect(applicationMayPublish(some, topic)).toBe(true)
    expect(applicationMayPublish(all, topic)).toBe(true)
  })

  test.each([
    '/pk/#',
    '/pk/+/user/update',
    '/sys/pk/#',
    '/sys/pk2/+/thing/event/+/post',
    '/as/mqtt/status/pk/+',
    '/as/mqtt/status/pk/#',
    '/pk/+/thing/lifecycle',
    '/ext/rrpc/+/pk/+/#',
    '/ext/rrpc/+//pk/#',
    '/ota/device/inform/pk/+',
    '/shadow/update/pk/+',
    '/broadcast/pk/#',
    '$share/workers//sys/pk/#',
    '$share/workers//as/mqtt/status/pk/+',
  ])('subscribes to %s of a product that its key covers', filter => {
    expect(applicationMaySubscribe(some, filter)).toBe(true)
    expect(applicationMaySubscribe({ products: new Set(['other']) }, filter)).toBe(false)
    expect(applicationMaySubscribe(all, filter)).toBe(true)
  })

  test.each([
    '#',
    '/#',
    '+/pk/#',
    '/+/#',
    '/+/dn01/user/get',
    '/sys/#',
    '/sys/+/dn01/#',
    '/as/#',
    '/as/mqtt/status/+/+',
    '/ext/#',
    '/ext/rrpc/#',
    '/ext/rrpc/+/#',
    '/ota/device/#',
    '/ota/device/+/+/+',
    '/ota/device/inform/pk/#',
    '/shadow/+/pk/dn01',
    '/broadcast/+',
    'free/topic',
    '$share/g/#',
    '$share/g//sys/+/#',
  ])('subscribes to %s only with a key for all products', filter => {
    expect(applicationMaySubscribe(some, filter)).toBe(false)
    expect(applicationMaySubscribe(all, filter)).toBe(true)
  })

  test.each(['$SYS/#', '$SYS/broker', '$share/g/$SYS/#', '$share/g', '$share//a', 'a#', '', '/pk/#/x'])(
    'never subscribes to %s',
    filter => {
      expect(applicationMaySubscribe(some, filter)).toBe(false)
      expect(applicationMaySubscribe(all, filter)).toBe(false)
    },
  )

  test.each(['/as/mqtt/status/pk/dn01', '$SYS/x', '/pk/+/x', '/pk/dn01/#', ''])('never publishes to %s', topic => {
    expect(applicationMayPublish(some, topic)).toBe(false)
    expect(applicationMayPublish(all, topic)).toBe(false)
  })

  test('with a key that covers no product has no topic', () => {
    const none = { products: new Set<string>() }
    for (const topic of OWN_TOPICS) expect(applicationMaySubscribe(none, topic)).toBe(false)
  })
})

const WORDS = ['', 'pk', 'dn01', 'dn02', 'pk2', 'sys', 'ext', 'rrpc', 'ntp', 'ota', 'device', 'shadow', 'get', 'as']
const level = fc.constantFrom(...WORDS, 'broadcast', 'mqtt', 'status')
const prefix = fc.constantFrom(
  '',
  '/sys/',
  '/ext/rrpc/',
  '/ext/ntp/',
  '/ota/device/',
  '/shadow/get/',
  '/broadcast/',
  '/',
)
const levelsOf = (one: fc.Arbitrary<string>) => fc.array(one, { minLength: 1, maxLength: 5 })
const topicText = fc.tuple(prefix, levelsOf(level)).map(([start, levels]) => start + levels.join('/'))
const filterText = topicText.chain(topic => {
  const levels = topic.split('/')
  return fc
    .tuple(fc.subarray(levels.map((_, at) => at)), fc.nat(levels.length), fc.boolean())
    .map(([wild, cut, deep]) => {
      const widened = levels.map((text, at) => (wild.includes(at) ? '+' : text))
      return { topic, filter: (deep ? [...widened.slice(0, cut), '#'] : widened).join('/') }
    })
})

test('property: a granted filter matches no topic that is not granted by itself', () => {
  const some = { products: new Set(['pk']) }
  let granted = 0
  fc.assert(
    fc.property(filterText, ({ filter, topic }) => {
      if (!isTopicFilter(filter) || !isTopicName(topic) || !topicMatches(filter, topic)) return
      if (deviceMaySubscribe(DEVICE, filter, NO_LIMITS)) {
        granted++
        expect(deviceMaySubscribe(DEVICE, topic, NO_LIMITS)).toBe(true)
      }
      if (applicationMaySubscribe(some, filter)) {
        granted++
        expect(applicationMaySubscribe(some, topic)).toBe(true)
      }
    }),
    { numRuns: 20_000 },
  )
  expect(granted).toBeGreaterThan(0)
})

test('property: whatever is granted is well-formed, and no text makes a check throw', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    topicText,
    fc.string({ unit: fc.constantFrom('/', '+', '#', 'a') }),
  )
  fc.assert(
    fc.property(text, fc.boolean(), (raw, isShared) => {
      const topic = isShared ? `$share/${raw}` : raw
      if (deviceMayPublish(DEVICE, topic)) expect(isTopicName(topic)).toBe(true)
      if (deviceMaySubscribe(DEVICE, topic)) expect(isTopicFilter(topic)).toBe(true)
      if (applicationMayPublish({ products: 'all' }, topic)) expect(isTopicName(topic)).toBe(true)
      if (applicationMaySubscribe({ products: 'all' }, topic)) expect(isTopicFilter(topic)).toBe(true)
      expect(typeof parseSharedFilter(topic)).toMatch(/object|undefined/)
    }),
    { numRuns: 1000 },
  )
})

test('_ss subscribes to each of the downlink topics that the platform publishes on', () => {
  const filters = downlinkFilters('pk', 'dn01')
  for (const topic of [
    '/sys/pk/dn01/thing/event/property/post_reply',
    '/sys/pk/dn01/rrpc/request/1',
    '/ext/ntp/pk/dn01/response',
    '/ext/rrpc/1/pk/dn01/user/get',
    '/ext/rrpc/1//pk/dn01/user/get',
    '/ext/rrpc/1/sys/pk/dn01/x',
    '/ota/device/upgrade/pk/dn01',
    '/shadow/get/pk/dn01',
    '/pk/dn01/user/get',
  ]) {
    expect(filters.filter(filter => topicMatches(filter, topic))).toHaveLength(1)
  }
})
