import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PassingMessage } from '../broker/port.ts'
import { ADMIN_SECRET, type HttpFixture, startHttp } from './fixture.suite.ts'
import { MAX_SHOWN_BYTES, MAX_SHOWN_PER_SECOND } from './live-messages.ts'

interface Received {
  event: string
  data: Record<string, unknown>
}

let http: HttpFixture
let url: string
let ends: AbortController
beforeEach(async () => {
  http = await startHttp()
  await http.createProduct('pk1')
  await http.createDevice('pk1', 'dev1')
  url = await http.server.listen()
  ends = new AbortController()
})
afterEach(async () => {
  ends.abort()
  await http.close()
})

const watch = async (): Promise<{ next(): Promise<Received> }> => {
  const response = await fetch(`${url}/api/v1/products/pk1/devices/dev1/messages`, {
    signal: AbortSignal.any([ends.signal, AbortSignal.timeout(20_000)]),
    headers: { authorization: `Bearer ${ADMIN_SECRET}` },
  })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const blocks = events(response.body?.pipeThrough(new TextDecoderStream()) ?? new ReadableStream())
  return {
    async next() {
      const { value } = await blocks.next()
      if (value === undefined) throw new Error('the stream ended')
      return value
    },
  }
}
async function* events(chunks: ReadableStream<string>): AsyncGenerator<Received> {
  let buffered = ''
  for await (const chunk of chunks) {
    buffered += chunk
    const blocks = buffered.split('\n\n')
    buffered = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/m.exec(block) ?? []
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) }
    }
  }
}
const message = (change: Partial<PassingMessage> = {}): PassingMessage => ({
  ...{ direction: 'up', topic: '/pk1/dev1/user/update', payload: Buffer.from('21.5'), qos: 1, retain: false },
  ...change,
})

describe('live messages', () => {
  test('tell first whether the device is connected here, then what passes, in both directions', async () => {
    const identity = { sessionId: 'pk1/dev1', productKey: 'pk1', deviceName: 'dev1', clientId: null }
    http.connected.set('pk1/dev1', { kind: 'device', ...identity })
    const stream = await watch()
    const at = http.nowIso()
    expect(await stream.next()).toEqual({ event: 'watching', data: { connected: true, at, address: null } })
    http.pass('pk1/dev2', message({ topic: '/pk1/dev2/user/update' }))
    http.pass('pk1/dev1', message())
    http.pass('pk1/dev1', message({ direction: 'down', topic: '/pk1/dev1/user/get', qos: 0, retain: true }))
    const payload = Buffer.from('21.5').toString('base64')
    expect(await stream.next()).toEqual({
      event: 'message',
      data: {
        ...{ at, direction: 'up', topic: '/pk1/dev1/user/update', qos: 1, retain: false },
        ...{ payload, size: 4, cut: false },
      },
    })
    expect((await stream.next()).data).toMatchObject({ direction: 'down', qos: 0, retain: true })
    http.tellPresence({
      ...{ identity: { kind: 'device', ...identity }, online: false, at: 0, address: '192.0.2.7' },
      ...{ transport: 'tls', reason: 'connection-lost', takenOver: false },
    })
    expect(await stream.next()).toEqual({
      event: 'watching',
      data: { connected: false, at: '1970-01-01T00:00:00.000Z', address: '192.0.2.7' },
    })
  })

  test('show the beginning of a large payload, and say so', async () => {
    const stream = await watch()
    await stream.next()
    http.pass('pk1/dev1', message({ payload: Buffer.alloc(MAX_SHOWN_BYTES + 1, 'x') }))
    const { data } = await stream.next()
    expect(data).toMatchObject({ size: MAX_SHOWN_BYTES + 1, cut: true })
    expect(Buffer.from(String(data['payload']), 'base64')).toHaveLength(MAX_SHOWN_BYTES)
  })

  test('of more than so many a second tell how many were left out, and go on', async () => {
    const stream = await watch()
    await stream.next()
    for (let count = 0; count < MAX_SHOWN_PER_SECOND + 7; count++) http.pass('pk1/dev1', message())
    for (let count = 0; count < MAX_SHOWN_PER_SECOND; count++) expect((await stream.next()).event).toBe('message')
    expect(await stream.next()).toEqual({ event: 'skipped', data: { count: 7 } })
    http.pass('pk1/dev1', message())
    expect((await stream.next()).event).toBe('message')
  })

  test('of a device that does not exist are a problem, and who hangs up watches no more', async () => {
    const reply = await http.request({ url: '/api/v1/products/pk1/devices/none/messages' })
    expect(reply).toMatchObject({ status: 404, body: { code: 'device-not-found' } })
    const stream = await watch()
    await stream.next()
    expect(http.watchers()).toBe(1)
    ends.abort()
    await vi.waitFor(() => expect(http.watchers()).toBe(0), { timeout: 20_000 })
  })
})

describe('a request to a device', () => {
  const call = (body: object) => http.request({ method: 'POST', url: '/api/v1/products/pk1/devices/dev1/rrpc', body })

  test('is answered with what the device says, as text or as bytes', async () => {
    const asked: unknown[] = []
    http.answerRrpc = async request => {
      asked.push(request)
      return { ok: true, payload: Buffer.from('grün'), elapsedMs: 12 }
    }
    expect(await call({ payload: '{"on":1}', timeoutMs: 500 })).toMatchObject({
      status: 200,
      body: { payload: 'grün', encoding: 'utf8', elapsedMs: 12 },
    })
    expect(asked).toEqual([{ productKey: 'pk1', deviceName: 'dev1', payload: Buffer.from('{"on":1}'), timeoutMs: 500 }])
    http.answerRrpc = async () => ({ ok: true, payload: Buffer.from([0xff, 0]), elapsedMs: 1 })
    expect((await call({ payload: '/w==', encoding: 'base64' })).body).toMatchObject({
      ...{ payload: '/wA=', encoding: 'base64' },
    })
  })

  test.each([
    ['device-offline', 409, 'device-offline', /not connected/],
    ['device-response-timeout', 504, 'device-response-timeout', /did not answer/],
    ['not-subscribed', 504, 'device-response-timeout', /does not subscribe/],
    ['overloaded', 503, 'overloaded', /./],
  ] as const)('that ends with %s is a problem', async (reason, status, code, detail) => {
    http.answerRrpc = async () => ({ ok: false, reason })
    const reply = await call({ payload: '?' })
    expect(reply).toMatchObject({ status, body: { code, detail: expect.stringMatching(detail) } })
  })

  test('says so where the device is connected at another gateway', async () => {
    await http.setOnline('pk1', 'dev1')
    expect((await call({ payload: '?' })).body).toMatchObject({ detail: expect.stringMatching(/another gateway/) })
  })

  test.each([
    ['a topic of another device', { payload: '', topic: '/pk1/dev2/get' }, 422, 'topic'],
    ['a time too long', { payload: '', timeoutMs: 20_001 }, 422, 'timeoutMs'],
    ['no payload', {}, 422, 'payload'],
    ['broken base64', { payload: '*', encoding: 'base64' }, 422, 'payload'],
  ])('is refused for %s', async (_, body, status, field) => {
    expect(await call(body)).toMatchObject({ status, body: { field } })
  })

  test('takes one of the device’s own topics to carry', async () => {
    http.answerRrpc = async ({ topic }) => ({ ok: true, payload: Buffer.from(topic ?? ''), elapsedMs: 1 })
    const topic = '/pk1/dev1/user/get'
    expect((await call({ payload: '?', topic })).body).toMatchObject({ payload: topic })
  })
})
