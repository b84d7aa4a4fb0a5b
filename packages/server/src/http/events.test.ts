import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Presence } from '../broker/port.ts'
import type { AnnouncingRegistry } from '../registry/create-registry.ts'
import { ADMIN_SECRET, type HttpFixture, startHttp } from './fixture.suite.ts'

interface Received {
  event: string
  id: number | null
  data: Record<string, unknown>
}

/** One open event stream over a real socket. */
interface Listening {
  status: number
  headers: Headers
  /** The next event; comments are skipped, and so are rates unless they are wanted. Rejects when the stream ends first. */
  next(wanted?: 'rates'): Promise<Received>
  nextBlock(): Promise<string | null>
  /** Resolves when the server has ended the stream, however it did. */
  ended(): Promise<void>
  close(): void
}

async function listen(url: string, headers: Record<string, string> = {}, key = ADMIN_SECRET): Promise<Listening> {
  const abort = new AbortController()
  const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(20_000)])
  const response = await fetch(`${url}/api/v1/events`, {
    signal,
    headers: { authorization: `Bearer ${key}`, ...headers },
  })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) throw new Error('the reply has no body')
  let buffered = ''
  const nextBlock = async (): Promise<string | null> => {
    for (;;) {
      const end = buffered.indexOf('\n\n')
      if (end !== -1) {
        const block = buffered.slice(0, end)
        buffered = buffered.slice(end + 2)
        return block
      }
      const { value, done } = await reader.read()
      if (done) return null
      buffered += value
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    nextBlock,
    async next(wanted) {
      for (;;) {
        const block = await nextBlock()
        if (block === null) throw new Error('the stream ended')
        const fields = new Map(
          block.split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        )
        const data = fields.get('data')
        if (data === undefined) continue
        const id = fields.get('id')
        const event = fields.get('event') ?? ''
        if ((event === 'rates') !== (wanted === 'rates')) continue
        return { event, id: id === undefined ? null : Number(id), data: JSON.parse(data) }
      }
    },
    async ended() {
      try {
        while ((await nextBlock()) !== null);
      } catch (error) {
        if ((error as Error).name === 'TimeoutError') throw error
      }
    },
    close: () => abort.abort(),
  }
}

const presence = (productKey: string, change: Partial<Presence> = {}): Presence => ({
  identity: { kind: 'device', sessionId: `${productKey}/dev1`, productKey, deviceName: 'dev1', clientId: null },
  online: true,
  at: Date.UTC(2026, 0, 31),
  address: '192.0.2.7',
  transport: 'tls',
  reason: null,
  takenOver: false,
  ...change,
})

describe('the event stream', () => {
  let http: HttpFixture
  let url: string
  const open: Listening[] = []
  const follow = async (headers: Record<string, string> = {}, key = ADMIN_SECRET): Promise<Listening> => {
    const listening = await listen(url, headers, key)
    open.push(listening)
    return listening
  }
  /** Journals refusals of these devices and waits until they are durable. */
  const refuse = async (...names: string[]): Promise<void> => {
    for (const name of names) http.refuse('pk1', name)
    await http.registry.journal.flush()
  }
  const resume = (id: number) => ({ 'last-event-id': String(id) })
  /** The id of the newest entry. */
  const lastId = async (): Promise<number> => {
    const { body } = await http.request({ url: '/api/v1/journal?limit=1' })
    return (body as { items: { id: number }[] }).items[0]?.id ?? 0
  }
  beforeAll(async () => {
    http = await startHttp()
    url = await http.server.listen()
    await http.createProduct('pk1')
  })
  afterEach(() => {
    for (const listening of open.splice(0)) listening.close()
  })
  afterAll(() => http.close())

  test('brings journal entries as they become durable, as GET /journal shows them', async () => {
    const stream = await follow()
    expect(stream.status).toBe(200)
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(stream.headers.get('cache-control')).toBe('no-store')
    await refuse('dev1')
    const event = await stream.next()
    expect(event).toMatchObject({ event: 'journal', id: event.data['id'] })
    const { body } = await http.request({ url: '/api/v1/journal?limit=1' })
    expect(body).toMatchObject({ items: [event.data] })
  })

  test('brings presence of devices; a session that was taken over did not go offline', async () => {
    const stream = await follow()
    http.tellPresence(presence('pk1'))
    http.tellPresence(presence('pk1', { online: false, takenOver: true }))
    http.tellPresence(presence('pk1', { online: false, reason: 'connection-lost' }))
    const fields = { productKey: 'pk1', deviceName: 'dev1', time: '2026-01-31T00:00:00.000Z', address: '192.0.2.7' }
    expect(await stream.next()).toEqual({
      event: 'presence',
      id: null,
      data: { ...fields, status: 'ONLINE', reason: null },
    })
    expect((await stream.next()).data).toEqual({ ...fields, status: 'OFFLINE', reason: 'connection-lost' })
  })

  test('resumes after Last-Event-ID: what was missed, oldest first, then what comes, each once', async () => {
    const start = await lastId()
    await refuse('dev1', 'dev2', 'dev3')
    const first = await follow(resume(start))
    const seen = await first.next()
    first.close()
    const second = await follow(resume(seen.id ?? 0))
    await refuse('dev4', 'dev5')
    const names: unknown[] = []
    for (let count = 0; count < 4; count++) names.push((await second.next()).data['deviceName'])
    expect(seen.data['deviceName']).toBe('dev1')
    expect(names).toEqual(['dev2', 'dev3', 'dev4', 'dev5'])
  })

  test('resumes over many pages without a gap', async () => {
    const start = await lastId()
    const names = Array.from({ length: 450 }, (_, index) => `dev${index}`)
    for (const name of names) http.refuse('pk1', name, { address: name })
    await http.registry.journal.flush()
    const stream = await follow(resume(start))
    const seen: unknown[] = []
    for (const _ of names) seen.push((await stream.next()).data['deviceName'])
    expect(seen).toEqual(names)
  })

  test('without Last-Event-ID it starts now', async () => {
    await refuse('dev1')
    const stream = await follow()
    await refuse('dev2')
    expect((await stream.next()).data['deviceName']).toBe('dev2')
  })

  test('a restricted key gets its products only, replayed or live', async () => {
    const start = await lastId()
    http.refuse('pk2', 'other')
    http.refuse(null, null)
    await refuse('dev1')
    const stream = await follow(resume(start), await http.createKey({ role: 'viewer', products: ['pk1'] }))
    expect((await stream.next()).data['deviceName']).toBe('dev1')
    http.refuse('pk2', 'other')
    http.tellPresence(presence('pk2'))
    await refuse('dev2')
    expect((await stream.next()).data['deviceName']).toBe('dev2')
  })

  test('ends when its key is revoked', async () => {
    const { id, secret } = await http.createKeyPair({ role: 'viewer' })
    const stream = await follow({}, secret)
    await http.request({ method: 'DELETE', url: `/api/v1/keys/${id}` })
    await stream.ended()
    await expect(follow({}, secret)).resolves.toMatchObject({ status: 401 })
  })

  test('when changes may have been missed, ends where its key was revoked meanwhile, and goes on elsewhere', async () => {
    const { id, secret } = await http.createKeyPair({ role: 'viewer' })
    const [revoked, other] = [await follow({}, secret), await follow()]
    await http.registry.store.revokeApiKey(id, 1)
    ;(http.registry as AnnouncingRegistry).announce({ kind: 'anything', at: 1 })
    await revoked.ended()
    await refuse('dev1')
    expect((await other.next()).data['deviceName']).toBe('dev1')
  })
})

describe('the event stream is bounded', () => {
  let http: HttpFixture
  afterEach(() => http.close())

  test('it ends when the server closes', async () => {
    http = await startHttp()
    const stream = await listen(await http.server.listen())
    await http.server.close()
    await stream.ended()
  })

  test('heartbeats keep a quiet stream alive', async () => {
    http = await startHttp({ settings: { heartbeatMs: 20 } })
    const stream = await listen(await http.server.listen())
    expect(await stream.nextBlock()).toBe('retry: 3000')
    expect(await stream.nextBlock()).toBe(':')
    expect(await stream.nextBlock()).toBe(':')
    stream.close()
  })

  test('a long replay comes in several streams, without a gap', async () => {
    http = await startHttp({ settings: { maxReplayEntries: 200 } })
    const names = Array.from({ length: 250 }, (_, index) => `dev${index}`)
    for (const name of names) http.refuse('pk1', name, { address: name })
    await http.registry.journal.flush()
    const url = await http.server.listen()
    const first = await listen(url, { 'last-event-id': '0' })
    const seen: Received[] = []
    for (let count = 0; count < 200; count++) seen.push(await first.next())
    await first.ended()
    const second = await listen(url, { 'last-event-id': String(seen.at(-1)?.id) })
    for (let count = 0; count < 50; count++) seen.push(await second.next())
    expect(seen.map(({ data }) => data['deviceName'])).toEqual(names)
    second.close()
  })

  test('tells the rates of the moment, to keys of all products only', async () => {
    http = await startHttp({ settings: { ratesMs: 10 } })
    const url = await http.server.listen()
    await http.createProduct('pk1')
    const restricted = await listen(url, {}, await http.createKey({ role: 'admin', products: ['pk1'] }))
    const stream = await listen(url)
    expect((await stream.next('rates')).data).toMatchObject({ time: http.nowIso(), logins: 0, messagesIn: 0 })
    for (let count = 0; count < 5; count++) http.tellPresence(presence('pk1'))
    http.broker = {
      ...http.broker,
      connections: 7,
      messagesIn: { 0: 1, 1: 2, 2: 0 },
      messagesOut: { 0: 0, 1: 0, 2: 8 },
    }
    http.advance(2000)
    let told: Record<string, unknown>
    do told = (await stream.next('rates')).data
    while (told['logins'] === 0)
    expect(told).toEqual({
      ...{ time: http.nowIso(), gateways: 1 },
      ...{ registrations: 0, logins: 2.5, refusals: 0, messagesIn: 1.5, messagesOut: 4, connections: 7 },
    })
    stream.close()
    let block: string | null = ''
    while (block !== null && !block.startsWith('event: presence')) {
      block = await restricted.nextBlock()
      expect(block).not.toContain('event: rates')
    }
    restricted.close()
  })

  test('a Last-Event-ID of another database does not silence the stream', async () => {
    http = await startHttp()
    const stream = await listen(await http.server.listen(), { 'last-event-id': '999999' })
    http.refuse('pk1', 'dev1')
    await http.registry.journal.flush()
    expect((await stream.next()).data['deviceName']).toBe('dev1')
    stream.close()
  })

  test('one listener more than the limit is told to come again', async () => {
    http = await startHttp({ settings: { maxListeners: 1 } })
    const url = await http.server.listen()
    const first = await listen(url)
    const second = await listen(url)
    expect(second.status).toBe(503)
    expect(second.headers.get('retry-after')).toBe('5')
    first.close()
    second.close()
    await expect.poll(async () => (await listen(url)).status).toBe(200)
  })

  test('a listener that does not read is cut, and the others go on', async () => {
    http = await startHttp()
    const url = await http.server.listen()
    const asleep = await listen(url)
    const awake = await listen(url)
    // Far more than the socket buffers of both ends take.
    const address = 'x'.repeat(1000)
    const reading = (async () => {
      for (;;) if ((await awake.next()).data['address'] === 'last') return
    })()
    for (let count = 0; count < 20_000; count++) {
      http.tellPresence(presence('pk1', { address }))
      if (count % 50 === 0) await new Promise(setImmediate)
    }
    http.tellPresence(presence('pk1', { address: 'last' }))
    await reading
    await asleep.ended()
    awake.close()
  })
})
