import { expect, it } from 'vitest'
import { Echoes } from './echoes.ts'

const payload = Buffer.from('payload')
const topic = '/sys/pk/dn/thing/post'

function echoes(): Echoes {
  return new Echoes(['/sys/pk/dn/#', '/pk/dn/user/get'])
}

it('takes a message that the device published once, for each time', () => {
  const own = echoes()
  expect([own.covers(topic), own.covers('/pk/dn/user/update')]).toEqual([true, false])
  own.published(topic, payload)
  own.published(topic, payload)
  expect(own.isAwaiting).toBe(true)
  expect([1, 2, 3].map(() => own.takes(topic, payload))).toEqual([true, true, false])
  expect(own.isAwaiting).toBe(false)
})

it('leaves messages of others alone: another topic, another payload', () => {
  const own = echoes()
  own.published(topic, payload)
  expect(own.takes('/sys/pk/dn/thing/other', payload)).toBe(false)
  expect(own.takes(topic, Buffer.from('payloaD'))).toBe(false)
  expect(own.takes(topic, Buffer.concat([payload, payload]))).toBe(false)
})

it('lets a device hear itself that asks for it', () => {
  const own = echoes()
  own.subscribed('/sys/pk/dn/thing/+')
  own.published(topic, payload)
  expect(own.takes(topic, payload)).toBe(false)
  own.unsubscribed('/sys/pk/dn/thing/+')
  own.published(topic, payload)
  expect(own.takes(topic, payload)).toBe(true)
})

it('holds a bounded number of messages where nothing comes back', () => {
  const own = echoes()
  for (let count = 0; count < 1000; count++) own.published(topic, Buffer.from(String(count)))
  const taken = Array.from({ length: 1000 }, (_, count) => own.takes(topic, Buffer.from(String(count))))
  expect(taken.filter(Boolean)).toHaveLength(256)
  expect(taken.at(-1)).toBe(true)
})
