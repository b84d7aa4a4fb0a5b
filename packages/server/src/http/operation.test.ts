import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Presence } from '../broker/port.ts'
import { StoreUnavailable } from '../registry/store.ts'
import { CA_PEM, type HttpFixture, startHttp } from './fixture.suite.ts'

describe('the open addresses', () => {
  let http: HttpFixture
  beforeAll(async () => {
    http = await startHttp()
  })
  afterAll(() => http.close())
  const open = (url: string) => http.request({ url, key: null })

  test('healthz says that the process answers', async () => {
    expect(await open('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  })

  test('readyz is 200 when ready, else 503 with the problems', async () => {
    expect(await open('/readyz')).toMatchObject({ status: 200, body: { ready: true, problems: [] } })
    http.readiness = { ready: false, problems: ['The database can not be written.'] }
    const reply = await open('/readyz')
    expect(reply).toMatchObject({ status: 503, body: { ready: false, problems: ['The database can not be written.'] } })
  })

  test('ca.pem is the CA file', async () => {
    const reply = await open('/ca.pem')
    expect(reply).toMatchObject({ status: 200, text: CA_PEM })
    expect(reply.headers['content-type']).toBe('application/x-pem-file')
  })

  test('the front page names API and documents, and runs nothing', async () => {
    const reply = await open('/')
    expect(reply.status).toBe(200)
    expect(reply.text).toContain('/api/v1/openapi.json')
    expect(reply.text).not.toContain('<script')
    expect(reply.headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'")
  })

  test('every reply, problems included, has the security headers, and none allows other origins', async () => {
    for (const url of ['/', '/healthz', '/nope', '/api/v1/products', '/api/v1/products/%zz']) {
      const { headers } = await http.request({ url, headers: { origin: 'https://elsewhere.example' } })
      expect(headers, url).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
      expect(headers, url).not.toHaveProperty('access-control-allow-origin')
    }
  })
})

describe('figures', () => {
  let http: HttpFixture
  beforeEach(async () => {
    http = await startHttp()
  })
  afterEach(() => http.close())
  const open = (url: string) => http.request({ url, key: null })

  test('system tells of certificates in whole days, of gateways and of workers', async () => {
    const certificate = { kind: 'rsa', subject: 'CN=localhost', names: ['localhost'], sha256: 'AA:BB' } as const
    http.system = {
      ...http.system,
      instanceId: 'iot-1',
      certificates: [
        { ...certificate, notBefore: 0, notAfter: Date.UTC(2026, 1, 2, 11) },
        { ...certificate, kind: 'ec', notBefore: 0, notAfter: Date.UTC(2026, 0, 31, 11) },
      ],
      gateways: [{ id: '7', self: true, ok: true, leasedUntil: Date.UTC(2026, 0, 31) }],
      limits: [{ name: 'connections', used: 1, limit: 10, setting: 'HATCHWAY_MAX_CONNECTIONS' }],
    }
    expect((await http.request({ url: '/api/v1/system' })).body).toEqual({
      ...http.system,
      version: '0.0.0-test',
      startedAt: http.nowIso(),
      broker: { kind: 'embedded', upstream: [] },
      certificates: [
        { ...certificate, notBefore: '1970-01-01T00:00:00.000Z', notAfter: '2026-02-02T11:00:00.000Z', daysLeft: 1 },
        {
          ...{ ...certificate, kind: 'ec', daysLeft: -1 },
          ...{ notBefore: '1970-01-01T00:00:00.000Z', notAfter: '2026-01-31T11:00:00.000Z' },
        },
      ],
      gateways: [{ id: '7', self: true, ok: true, leasedUntil: '2026-01-31T00:00:00.000Z' }],
      workers: [],
    })
  })

  test('the history has a count for each minute, and adds up the reasons', async () => {
    const history = async (query = '') => (await http.request({ url: `/api/v1/stats/history${query}` })).body
    http.refuse('pk1', 'dev1')
    http.refuse('pk1', 'dev1', { reason: 'switch-off' })
    await http.registry.journal.flush()
    http.advance(120_000)
    await http.createProduct('pk1')
    await http.createDevice('pk1', 'dev1')
    await http.registerDevice('pk1', 'dev1')
    const identity = { kind: 'device', sessionId: 'pk1/dev1', productKey: 'pk1', deviceName: 'dev1', clientId: null }
    http.tellPresence({
      identity: identity as Presence['identity'],
      ...{ online: true, at: 0, address: '192.0.2.7', transport: 'tls', reason: null, takenOver: false },
    })
    expect(await history('?minutes=4')).toEqual({
      stepSeconds: 60,
      start: '2026-01-31T11:59:00.000Z',
      registrations: [0, 0, 0, 1],
      logins: [0, 0, 0, 1],
      refusals: [0, 2, 0, 0],
      refusalsByReason: { 'device-unknown': 1, 'switch-off': 1 },
    })
    expect(await history('?minutes=1')).toMatchObject({ refusals: [0], refusalsByReason: {} })
    expect(((await history()) as { logins: number[] }).logins).toHaveLength(1440)
    for (const minutes of ['0', '2881', 'x']) {
      const reply = await http.request({ url: `/api/v1/stats/history?minutes=${minutes}` })
      expect(reply).toMatchObject({ status: 400, body: { field: 'minutes' } })
    }
  })

  test('stats are the figures of registry, gateway and broker', async () => {
    await http.createProduct('pk1')
    await http.createDevice('pk1', 'dev1')
    http.gateway = { connections: { tls: 3 }, accepted: 9, rejected: { 'not-mqtt': 2 } }
    http.broker = { ...http.broker, sessions: 4, dropped: { overloaded: 1 } }
    const reply = await http.request({ url: '/api/v1/stats' })
    expect(reply.body).toMatchObject({
      version: '0.0.0-test',
      startedAt: http.nowIso(),
      registry: { products: 1, devices: 1, online: 0 },
      gateway: { connections: { tls: 3 }, accepted: 9, rejected: { 'not-mqtt': 2 } },
      broker: {
        ...{ sessions: 4, dropped: { overloaded: 1 }, messagesIn: { 0: 0, 1: 0, 2: 0 }, sharedGroups: 0 },
        ...{ connectionsByVersion: { '5.0': 0 }, retained: { messages: 0, bytes: 0 } },
      },
      journalDropped: {},
    })
  })

  test('metrics count registrations, logins and refusals, and read the other figures when they are asked', async () => {
    await http.createProduct('pk1')
    await http.createDevice('pk1', 'dev1')
    await http.registerDevice('pk1', 'dev1')
    http.refuse('pk1', 'dev1', { reason: 'switch-off' })
    http.refuse('pk1', 'dev1', { reason: 'switch-off', detail: { count: 7 } })
    await http.registry.journal.flush()
    const identity = {
      kind: 'device',
      sessionId: 'pk1/dev1',
      productKey: 'pk1',
      deviceName: 'dev1',
      clientId: null,
    } as const
    const presence = { identity, at: 0, address: '', transport: 'tls', reason: null, takenOver: false } as const
    http.tellPresence({ ...presence, online: true })
    http.tellPresence({ ...presence, online: false })
    http.gateway = { connections: { tls: 3, wss: 1 }, accepted: 9, rejected: { 'not-mqtt': 2 } }
    http.broker = {
      ...http.broker,
      ...{ messagesIn: { 0: 5, 1: 6, 2: 0 }, queuedBytes: 11, sharedGroups: 4 },
      ...{ connectionsByVersion: { '3.1': 0, '3.1.1': 7, '5.0': 8 }, retained: { messages: 12, bytes: 13 } },
    }
    await http.request({ url: '/api/v1/products/pk1' })
    await open('/metrics')
    const { text, headers } = await open('/metrics')
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'hatchway_registrations_total{mode="register"} 1',
        'hatchway_refusals_total{reason="switch-off"} 8',
        'hatchway_logins_total{kind="device"} 1',
        'hatchway_connections{transport="tls"} 3',
        'hatchway_connections{transport="wss"} 1',
        'hatchway_connections_accepted_total 9',
        'hatchway_connections_rejected_total{reason="not-mqtt"} 2',
        'hatchway_messages_received_total{qos="1"} 6',
        'hatchway_queued_bytes 11',
        'hatchway_clients{version="3.1.1"} 7',
        'hatchway_clients{version="5.0"} 8',
        'hatchway_retained_messages 12',
        'hatchway_retained_bytes 13',
        'hatchway_shared_groups 4',
        'hatchway_http_requests_total{route="/api/v1/products/:pk",method="GET",status="200"} 1',
        'hatchway_http_requests_total{route="/metrics",method="GET",status="200"} 1',
        'hatchway_info{version="0.0.0-test"} 1',
      ]),
    )
    expect(text).toMatch(/^process_cpu_seconds_total [0-9.]+$/m)
    expect(text).toMatch(/^process_resident_memory_bytes [0-9]+$/m)
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds\{percentile="99"\} /m)
    expect(text).not.toContain('pk1/') // no label grows with devices
  })

  test('two servers in one process count for themselves', async () => {
    const other = await startHttp()
    await open('/healthz')
    expect((await other.request({ url: '/metrics' })).text).not.toContain('route="/healthz"')
    await other.close()
  })
})

describe('failures of the server', () => {
  let http: HttpFixture
  beforeAll(async () => {
    http = await startHttp()
  })
  afterEach(() => vi.restoreAllMocks())
  afterAll(() => http.close())

  test.each(['store-unavailable', 'store-slow'] as const)('%s is 503 with Retry-After', async reason => {
    vi.spyOn(http.registry.store, 'listProducts').mockRejectedValue(new StoreUnavailable('disk is full', reason))
    const reply = await http.request({ url: '/api/v1/products' })
    expect(reply.status).toBe(503)
    expect(reply.headers['retry-after']).toBe('5')
    expect(reply.body).toMatchObject({ code: reason })
    expect(reply.text).not.toContain('disk is full')
  })

  test('anything unforeseen is 500, tells the client nothing and the log all', async () => {
    const error = new Error('secret detail of the inside')
    vi.spyOn(http.registry.store, 'listProducts').mockRejectedValue(error)
    const reply = await http.request({ url: '/api/v1/products?limit=7' })
    expect(reply.status).toBe(500)
    expect(reply.body).toMatchObject({ code: 'internal-error' })
    expect(reply.text).not.toMatch(/secret detail|at .*[.]ts/)
    expect(http.logged.slice(-1)).toEqual([
      { method: 'GET', route: '/api/v1/products', code: 'internal-error', err: error },
    ])
  })

  test('an operation that hangs is answered in bounded time', async () => {
    const slow = await startHttp({ settings: { handlerTimeoutMs: 50 } })
    vi.spyOn(slow.registry.store, 'listProducts').mockReturnValue(new Promise(() => {}))
    const reply = await slow.request({ url: '/api/v1/products' })
    expect(reply).toMatchObject({ status: 503, body: { code: 'overloaded' } })
    await slow.close()
  })
})
