import { matchRrpcResponse, rrpcResponseTopic } from '@hatchway/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { application, createFakeBroker, device, type FakeBroker } from './fake-broker.suite.ts'
import { createRrpc, type Rrpc } from './rrpc.ts'

const names = { productKey: 'pk1', deviceName: 'dev1' }
let broker: FakeBroker
let rrpc: Rrpc
beforeEach(() => {
  broker = createFakeBroker()
  broker.subscribers = 1
  broker.connect(device())
  rrpc = createRrpc({ broker })
})
const ask = (over: object = {}) => rrpc.call({ ...names, payload: Buffer.from('?'), timeoutMs: 20_000, ...over })
const idOf = (topic: string): string => topic.split('/').at(-1) ?? ''
const lastTopic = (): string => broker.published.at(-1)?.topic ?? ''
const answer = (topic: string, payload: string, from = device()) =>
  broker.receive({ topic, payload: Buffer.from(payload), from })
const answerTo = (request: string, payload: string) => answer(rrpcResponseTopic(names, idOf(request)), payload)

describe('a request to a device', () => {
  test('goes out on its request topic with QoS 0, and comes back with the answer of the same id', async () => {
    const asked = ask()
    expect(broker.published).toEqual([
      { topic: expect.stringMatching(/^\/sys\/pk1\/dev1\/rrpc\/request\/\d+$/), payload: '?', qos: 0, retain: false },
    ])
    answerTo(lastTopic(), '!')
    expect(await asked).toEqual({ ok: true, payload: Buffer.from('!'), elapsedMs: expect.any(Number) })
  })

  test('many at once get each its own answer, in any order', async () => {
    const asked = Array.from({ length: 200 }, (_, index) => ask({ payload: Buffer.from(String(index)) }))
    for (const { topic, payload } of broker.published.toReversed()) answerTo(topic, `to ${payload}`)
    const answers = await Promise.all(asked)
    expect(answers.map(one => (one.ok ? one.payload.toString() : one.reason))).toEqual(
      asked.map((_, index) => `to ${index}`),
    )
  })

  test.each(['/pk1/dev1/user/get', 'pk1/dev1/user/get'])(
    'may carry the topic %s, and is answered there',
    async topic => {
      const asked = ask({ topic })
      const request = lastTopic()
      expect(request).toMatch(/^\/ext\/rrpc\/\d+\/\/?pk1\/dev1\/user\/get$/)
      answer(request, '!')
      expect(await asked).toMatchObject({ ok: true })
    },
  )

  test('is answered by the device itself only, and once', async () => {
    const asked = ask()
    const topic = rrpcResponseTopic(names, idOf(lastTopic()))
    broker.receive({ topic, payload: Buffer.from('forged'), from: application() })
    answer(topic, 'other', device('dev2'))
    answer(rrpcResponseTopic(names, '1'), 'another id')
    answer(topic, 'first')
    answer(topic, 'second')
    expect(await asked).toMatchObject({ ok: true, payload: Buffer.from('first') })
    expect(matchRrpcResponse(topic)).toMatchObject(names)
  })

  test('ends when nobody answers in time', async () => {
    expect(await ask({ timeoutMs: 1 })).toEqual({ ok: false, reason: 'device-response-timeout' })
  })

  test('is not made to a device that is not connected, nor waited for where nobody has got it', async () => {
    expect(await ask({ deviceName: 'dev2' })).toEqual({ ok: false, reason: 'device-offline' })
    expect(broker.published).toEqual([])
    broker.subscribers = 0
    expect(await ask()).toEqual({ ok: false, reason: 'not-subscribed' })
  })

  test('is one of so many at most, and the place of each is free when it is over', async () => {
    rrpc.close()
    rrpc = createRrpc({ broker, maxWaiting: 1 })
    const asked = ask()
    expect(await ask()).toEqual({ ok: false, reason: 'overloaded' })
    answerTo(broker.published[0]?.topic ?? '', '!')
    expect(await asked).toMatchObject({ ok: true })
    expect(await ask({ timeoutMs: 1 })).toMatchObject({ reason: 'device-response-timeout' })
    broker.failPublishing(new Error('down'))
    await expect(ask()).rejects.toThrow('down')
    await expect(ask()).rejects.toThrow('down')
  })

  test('ends when the server stops', async () => {
    const asked = ask()
    rrpc.close()
    expect(await asked).toMatchObject({ ok: false })
    expect(broker.listeners()).toBe(0)
  })
})
