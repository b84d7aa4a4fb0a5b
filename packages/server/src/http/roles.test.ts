import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpFixture, type RequestOptions, startHttp } from './fixture.suite.ts'

type Role = 'admin' | 'operator' | 'viewer' | 'application'
const ALL: readonly Role[] = ['admin', 'operator', 'viewer', 'application']
const READERS: readonly Role[] = ['admin', 'operator', 'viewer']
const OPERATORS: readonly Role[] = ['admin', 'operator']
const SENDERS: readonly Role[] = ['admin', 'operator', 'application']
const DEVICE = '/products/pk1/devices/dev1'

/** Each keyed operation and who may use it. */
const rules: [string, string, readonly Role[]][] = [
  ['GET', '/products', READERS],
  ['POST', '/products', OPERATORS],
  ['GET', '/products/pk1', READERS],
  ['PATCH', '/products/pk1', OPERATORS],
  ['DELETE', '/products/pk1', ['admin']],
  ['GET', '/products/pk1/secret', ['admin']],
  ['GET', '/products/pk1/devices', ALL],
  ['POST', '/products/pk1/devices', OPERATORS],
  ['POST', '/products/pk1/devices/actions', OPERATORS],
  ['GET', '/products/pk1/devices.csv', READERS],
  ['GET', '/devices', ALL],
  ['GET', '/devices/count', ALL],
  ['POST', '/devices/actions', OPERATORS],
  ['GET', DEVICE, ALL],
  ['GET', `${DEVICE}/connections`, ALL],
  ['DELETE', DEVICE, OPERATORS],
  ['POST', `${DEVICE}/reset`, OPERATORS],
  ['POST', `${DEVICE}/disable`, OPERATORS],
  ['POST', `${DEVICE}/enable`, OPERATORS],
  ['DELETE', `${DEVICE}/client-ids`, OPERATORS],
  ['DELETE', `${DEVICE}/client-ids/c1`, OPERATORS],
  ['POST', `${DEVICE}/client-ids/c1/keep`, OPERATORS],
  ['POST', `${DEVICE}/messages`, SENDERS],
  ['GET', `${DEVICE}/messages`, ALL],
  ['POST', `${DEVICE}/rrpc`, SENDERS],
  ['POST', '/products/pk1/imports', OPERATORS],
  ['GET', '/journal', READERS],
  ['POST', '/explain', OPERATORS],
  ['GET', '/keys', ['admin']],
  ['POST', '/keys', ['admin']],
  ['DELETE', '/keys/k1', ['admin']],
  ['GET', '/audit', ['admin']],
  ['GET', '/audit/verify', ['admin']],
  ['GET', '/users', ['admin']],
  ['POST', '/users', ['admin']],
  ['POST', '/users/setup-link', ['admin']],
  ['POST', '/users/me/password', READERS],
  ['PATCH', '/users/u1', ['admin']],
  ['DELETE', '/users/u1', ['admin']],
  ['GET', '/sessions', READERS],
  ['DELETE', '/sessions', READERS],
  ['DELETE', '/sessions/s1', READERS],
  ['GET', '/stats', READERS],
  ['GET', '/stats/history', READERS],
  ['GET', '/system', READERS],
  ['GET', '/events', READERS],
]

const CALLERS = [
  ...ALL.map(role => ({ kind: 'key', role }) as const),
  ...READERS.map(role => ({ kind: 'user', role }) as const),
]

const table = rules.flatMap(([method, path, roles]) =>
  CALLERS.map(({ kind, role }) => {
    const may = roles.includes(role) ? 'may' : 'may not'
    return [kind, role, may, `${method} ${path}`, { method, path, roles }] as const
  }),
)

describe('roles', () => {
  let http: HttpFixture
  const shown = { key: {}, user: {} } as Record<'key' | 'user', Record<Role, Pick<RequestOptions, 'key' | 'cookie'>>>
  beforeAll(async () => {
    http = await startHttp()
    await http.createProduct('pk1')
    await http.createDevice('pk1', 'dev1')
    for (const role of ALL) shown.key[role] = { key: await http.createKey({ role }) }
    for (const role of READERS) if (role !== 'application') shown.user[role] = { cookie: await http.signIn({ role }) }
  })
  afterAll(() => http.close())

  // Bodies of a kind that no operation takes: who may pass is told 4xx of another kind, and nothing changes.
  const probe = (method: string, path: string, caller: object): Promise<{ status: number; text: string }> => {
    const request: RequestOptions = { method, url: `/api/v1${path}`, ...caller }
    if (method === 'POST' || method === 'PATCH')
      return http.request({ ...request, text: 'x', headers: { 'content-type': 'x/y' } })
    // Streams would not end.
    if (method === 'GET' && path.endsWith('/messages')) {
      return http.request({ ...request, url: request.url.replace('dev1', 'none') })
    }
    if (path === '/events') return http.request({ ...request, headers: { 'last-event-id': 'none' } })
    return method === 'DELETE' ? http.request({ ...request, body: { probe: 1 } }) : http.request(request)
  }

  test.each(table)('%s %s %s %s', async (kind, role, _, __, { method, path, roles }) => {
    const { status, text } = await probe(method, path, shown[kind][role])
    if (roles.includes(role)) {
      expect([401, 403]).not.toContain(status)
      return
    }
    expect(status).toBe(403)
    expect(JSON.parse(text)).toMatchObject({ code: 'forbidden', detail: expect.stringContaining(roles.join(' or ')) })
  })

  test('every keyed operation of the API is in this table', async () => {
    const reply = await http.request({ url: '/api/v1/openapi.json', key: null })
    const { paths } = reply.body as { paths: Record<string, Record<string, { security?: unknown }>> }
    const keyed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { security }]) =>
        security === undefined ? [`${method.toUpperCase()} ${path.replace('/api/v1', '')}`] : [],
      ),
    )
    const names: Record<string, string> = {
      pk1: '{pk}',
      dev1: '{dn}',
      c1: '{clientId}',
      k1: '{id}',
      u1: '{name}',
      s1: '{id}',
    }
    const inTable = rules.map(
      ([method, path]) => `${method} ${path.replace(/\b(pk1|dev1|c1|k1|u1|s1)\b/g, name => names[name] ?? name)}`,
    )
    expect(keyed.sort()).toEqual(inTable.sort())
  })
})

describe('a request without a good key', () => {
  let http: HttpFixture
  beforeAll(async () => {
    http = await startHttp()
  })
  afterAll(() => http.close())

  test.each([
    ['no Authorization header', {}, 'Bearer realm="hatchway"'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'Bearer realm="hatchway", error="invalid_request"'],
    ['no secret', { authorization: 'Bearer ' }, 'Bearer realm="hatchway", error="invalid_request"'],
    [
      'a secret too long',
      { authorization: `Bearer ${'x'.repeat(513)}` },
      'Bearer realm="hatchway", error="invalid_request"',
    ],
    ['two secrets', { authorization: 'Bearer a b' }, 'Bearer realm="hatchway", error="invalid_request"'],
    ['an unknown secret', { authorization: 'Bearer nobody' }, 'Bearer realm="hatchway", error="invalid_token"'],
  ])('%s is 401 with a challenge', async (_, headers, challenge) => {
    const reply = await http.request({ url: '/api/v1/products', key: null, headers })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe(challenge)
    expect(reply.body).toMatchObject({ code: 'unauthorized', field: 'Authorization' })
    expect(reply.text).not.toContain('nobody')
  })

  test('a revoked key is 401 at once', async () => {
    const { id, secret } = await http.createKeyPair({ role: 'admin' })
    expect((await http.request({ url: '/api/v1/products', key: secret })).status).toBe(200)
    expect((await http.request({ method: 'DELETE', url: `/api/v1/keys/${id}` })).status).toBe(204)
    expect((await http.request({ url: '/api/v1/products', key: secret })).status).toBe(401)
  })

  test('a key in the URL is no key', async () => {
    const secret = await http.createKey({ role: 'admin' })
    expect((await http.request({ url: `/api/v1/products?access_token=${secret}`, key: null })).status).toBe(401)
  })

  test('the body is not even read', async () => {
    const reply = await http.request({
      method: 'POST',
      url: '/api/v1/products',
      key: null,
      text: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(401)
  })
})

describe('a key that is restricted to products', () => {
  let http: HttpFixture
  let one: string
  let two: string
  let admin: string
  beforeAll(async () => {
    http = await startHttp()
    for (const productKey of ['pk1', 'pk2', 'pk3']) {
      await http.createProduct(productKey)
      await http.createDevice(productKey, 'dev1')
      http.refuse(productKey, 'dev1')
    }
    http.refuse(null, null)
    await http.registry.journal.flush()
    one = await http.createKey({ role: 'operator', products: ['pk1'] })
    two = await http.createKey({ role: 'viewer', products: ['pk3', 'pk1'] })
    admin = await http.createKey({ role: 'admin', products: ['pk1'] })
  })
  afterAll(() => http.close())

  test.each([
    ['GET', '/products/pk2'],
    ['PATCH', '/products/pk2'],
    ['GET', '/products/pk2/devices'],
    ['GET', '/products/pk2/devices/dev1'],
    ['POST', '/products/pk2/devices/dev1/reset'],
    ['POST', '/products/pk2/imports'],
    ['GET', '/journal?productKey=pk2'],
    ['GET', '/products/none'],
  ])('%s %s is 404, whether it exists or not', async (method, path) => {
    const reply = await http.request({ method, url: `/api/v1${path}`, key: one })
    expect(reply.status).toBe(404)
    expect(reply.body).toMatchObject({ code: 'product-not-found' })
  })

  test('lists its products only, page by page', async () => {
    const first = await http.request({ url: '/api/v1/products?limit=1', key: two })
    expect(first.body).toMatchObject({ items: [{ productKey: 'pk3' }], total: 2, nextCursor: expect.any(String) })
    const { nextCursor } = first.body as { nextCursor: string }
    const second = await http.request({ url: `/api/v1/products?limit=1&cursor=${nextCursor}`, key: two })
    expect(second.body).toMatchObject({ items: [{ productKey: 'pk1' }], total: 2, nextCursor: null })
  })

  test('sees the journal of its product, and of none where it has several and names none', async () => {
    const mine = await http.request({ url: '/api/v1/journal', key: one })
    expect(mine.body).toMatchObject({ items: [{ productKey: 'pk1' }], nextCursor: null })
    const several = await http.request({ url: '/api/v1/journal', key: two })
    expect(several.status).toBe(400)
    expect(several.body).toMatchObject({ field: 'productKey' })
    const named = await http.request({ url: '/api/v1/journal?productKey=pk3', key: two })
    expect(named.body).toMatchObject({ items: [{ productKey: 'pk3' }] })
  })

  test.each([
    ['POST', '/products', { name: 'n' }],
    ['GET', '/keys', undefined],
    ['POST', '/keys', { name: 'k', role: 'admin' }],
    ['GET', '/stats', undefined],
    ['GET', '/stats/history', undefined],
    ['GET', '/system', undefined],
  ])('even an admin may not use %s %s: it is about all products', async (method, path, body) => {
    const reply = await http.request({ method, url: `/api/v1${path}`, key: admin, body })
    expect(reply.status).toBe(403)
    expect(reply.body).toMatchObject({ detail: expect.stringContaining('all products') })
  })

  test('may not have CONNECTs of other products explained', async () => {
    const explain = (userName: string) =>
      http.request({
        method: 'POST',
        url: '/api/v1/explain',
        key: one,
        body: { clientId: 'a|authType=register|', userName },
      })
    expect((await explain('dev1&pk2')).status).toBe(404)
    expect((await explain('dev1&pk1')).status).toBe(200)
  })
})
