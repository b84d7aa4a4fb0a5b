import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  eventPostReplyTopic,
  eventPostTopic,
  matchEventPost,
  matchRrpcResponse,
  PLATFORM_TOPICS,
  rrpcRequestTopic,
  rrpcResponseTopic,
} from './platform-topics.ts'

const DEVICE = { productKey: 'pk', deviceName: 'dn01' }

describe.each(Object.entries(PLATFORM_TOPICS))('%s', (_name, topic) => {
  test('recognises what it builds, and nothing shorter, longer or deeper', () => {
    const built = topic.build(DEVICE)
    expect(built).toBe(topic.template.replace('{pk}', 'pk').replace('{dn}', 'dn01'))
    expect(topic.match(built)).toEqual(DEVICE)
    for (const names of ['pk', 'pk/', '/dn01', '', 'pk/dn01/x', '/pk/dn01', 'pk//dn01']) {
      expect(topic.match(topic.template.replace('{pk}/{dn}', names))).toBeUndefined()
    }
    for (const other of ['', `x${built}`, `${built}/x`]) expect(topic.match(other)).toBeUndefined()
  })
})

test('the shapes that devices and back ends know', () => {
  expect(PLATFORM_TOPICS.clockResponse.build(DEVICE)).toBe('/ext/ntp/pk/dn01/response')
  expect(PLATFORM_TOPICS.status.build(DEVICE)).toBe('/as/mqtt/status/pk/dn01')
  expect(PLATFORM_TOPICS.lifecycle.build(DEVICE)).toBe('/pk/dn01/thing/lifecycle')
  expect(eventPostReplyTopic(DEVICE, 'property')).toBe('/sys/pk/dn01/thing/event/property/post_reply')
})

test('an RRPC answer is recognised with its messageId', () => {
  expect(rrpcRequestTopic(DEVICE, '17')).toBe('/sys/pk/dn01/rrpc/request/17')
  expect(matchRrpcResponse(rrpcResponseTopic(DEVICE, '17'))).toEqual({ ...DEVICE, messageId: '17' })
})

test.each([
  '',
  '/',
  '/sys/',
  '/sys/rrpc/response/17',
  '/sys/pk/rrpc/response/17',
  '/sys/pk/dn01/rrpc/response/',
  '/sys/pk/dn01/rrpc/response/17/',
  '/sys/pk/dn01/rrpc/request/17',
  '/sys/pk/dn01/x/rrpc/response/17',
  '/ext/pk/dn01/rrpc/response/17',
])('%s is no RRPC answer', topic => {
  expect(matchRrpcResponse(topic)).toBeUndefined()
})

test('a post of an event is recognised with the name of the event', () => {
  for (const event of ['property', 'lowPower', 'module:alarm', 'post']) {
    expect(matchEventPost(eventPostTopic(DEVICE, event))).toEqual({ ...DEVICE, event })
  }
})

test.each([
  '',
  '/sys/',
  '/sys/thing/event/property/post',
  '/sys/pk/thing/event/property/post',
  '/sys/pk/dn01/x/thing/event/property/post',
  '/sys/pk/dn01/thing/event/post',
  '/sys/pk/dn01/thing/event//post',
  '/sys/pk/dn01/thing/event/property/batch/post',
  '/sys/pk/dn01/thing/event/property/post_reply',
  '/ext/pk/dn01/thing/event/property/post',
])('%s is no post of an event', topic => {
  expect(matchEventPost(topic)).toBeUndefined()
})

test('property: no topic makes a matcher throw', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('/', 'a', '/sys/', '/rrpc/response/', '/request', '/ext/ntp/', '/thing/event/', '/post'),
      }),
      topic => {
        for (const one of Object.values(PLATFORM_TOPICS)) {
          const match = one.match(topic)
          if (match !== undefined) expect(one.build(match)).toBe(topic)
        }
        const answer = matchRrpcResponse(topic)
        if (answer !== undefined) expect(rrpcResponseTopic(answer, answer.messageId)).toBe(topic)
        const post = matchEventPost(topic)
        if (post !== undefined) expect(eventPostTopic(post, post.event)).toBe(topic)
      },
    ),
  )
})
