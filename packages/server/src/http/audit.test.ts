import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_SECRET, type HttpFixture, startHttp, USER_PASSWORD } from './fixture.suite.ts'

interface Entry {
  id: number
  at: string
  actor: { kind: string; id: string; name: string }
  action: string
  target: string
  before: unknown
  after: unknown
  address: string | null
  via: string
}

describe('the audit log', () => {
  let http: HttpFixture
  let cookie: string
  beforeAll(async () => {
    http = await startHttp()
    http.answerRrpc = async () => ({ ok: true, payload: Buffer.from('hello'), elapsedMs: 1 })
    cookie = await http.signIn({ role: 'admin', name: 'root' })
    await http.createProduct('pk1')
    await http.createDevice('pk1', 'dev1')
  })
  afterAll(() => http.close())

  const list = async (query = ''): Promise<Entry[]> =>
    ((await http.request({ url: `/api/v1/audit${query}` })).body as { items: Entry[] }).items
  const act = async (method: string, path: string, body?: object): Promise<Entry[]> => {
    const [last] = await list('?limit=1')
    const reply = await http.request({ method, url: `/api/v1${path}`, cookie, ...(body ? { body } : {}) })
    expect(reply.status, reply.text).toBeLessThan(300)
    return (await list('?limit=50')).filter(({ id }) => id > (last?.id ?? 0))
  }
  const D = '/products/pk1/devices'

  test.each<[string, string, object | undefined, object]>([
    [
      'POST',
      '/products',
      { name: 'P', productKey: 'pkA', productSecret: 'psecret' },
      {
        action: 'product.create',
        target: 'pkA',
        before: null,
        after: { name: 'P', productSecret: '***', clientIdLimit: 5 },
      },
    ],
    [
      'PATCH',
      '/products/pkA',
      { name: 'Q', clientIdLimit: 5, tlsOnly: true },
      {
        action: 'product.update',
        target: 'pkA',
        before: { name: 'P', tlsOnly: false },
        after: { name: 'Q', tlsOnly: true },
      },
    ],
    ['GET', '/products/pkA/secret', undefined, { action: 'product.view-secret', target: 'pkA' }],
    [
      'DELETE',
      '/products/pkA',
      undefined,
      { action: 'product.delete', target: 'pkA', before: { name: 'Q', deviceCount: 0 } },
    ],
    [
      'POST',
      D,
      { deviceName: 'dev2', deviceSecret: 'dsecret' },
      {
        action: 'device.create',
        target: 'pk1/dev2',
        after: { deviceSecret: '***' },
      },
    ],
    [
      'POST',
      `${D}/dev1/disable`,
      undefined,
      {
        action: 'device.disable',
        target: 'pk1/dev1',
        before: { disabled: false },
        after: { disabled: true },
      },
    ],
    [
      'POST',
      `${D}/dev1/enable`,
      undefined,
      {
        action: 'device.enable',
        target: 'pk1/dev1',
        before: { disabled: true },
        after: { disabled: false },
      },
    ],
    ['POST', `${D}/dev1/reset`, undefined, { action: 'device.reset', target: 'pk1/dev1' }],
    ['DELETE', `${D}/dev1/client-ids`, undefined, { action: 'device.drop-all-client-ids', before: { clientIds: [] } }],
    [
      'POST',
      `${D}/actions`,
      { action: 'delete', deviceNames: ['dev2', 'nope'] },
      {
        action: 'device.delete',
        target: 'pk1/dev2',
        before: { status: 'UNACTIVE' },
      },
    ],
    [
      'POST',
      `${D}/dev1/messages`,
      { topic: '/pk1/dev1/user/get', payload: 'hello' },
      {
        action: 'device.send-message',
        target: 'pk1/dev1',
        after: { topic: '/pk1/dev1/user/get', qos: 0, sizeBytes: 5 },
      },
    ],
    [
      'POST',
      `${D}/dev1/rrpc`,
      { payload: 'hello', topic: '/pk1/dev1/user/get' },
      { action: 'device.call', target: 'pk1/dev1', after: { topic: '/pk1/dev1/user/get', sizeBytes: 5 } },
    ],
    ['GET', '/products/pk1/devices.csv?secrets=true', undefined, { action: 'device.export-secrets', target: 'pk1' }],
    [
      'POST',
      '/keys',
      { name: 'K', role: 'viewer' },
      {
        action: 'key.create',
        after: { name: 'K', role: 'viewer', products: null, secret: '***' },
      },
    ],
    [
      'POST',
      '/users',
      { name: 'ann', role: 'viewer', password: USER_PASSWORD },
      {
        action: 'user.create',
        target: 'ann',
        after: { role: 'viewer', password: '***' },
      },
    ],
    [
      'PATCH',
      '/users/ann',
      { role: 'operator', password: 'another good password' },
      {
        action: 'user.update',
        target: 'ann',
        before: { role: 'viewer', password: '***' },
        after: { role: 'operator', password: '***' },
      },
    ],
    ['DELETE', '/users/ann', undefined, { action: 'user.delete', target: 'ann', before: { role: 'operator' } }],
  ])('tells of %s %s', async (method, path, body, entry) => {
    const root = await http.registry.store.userByName('root')
    const made = await act(method, path, body)
    expect(made).toMatchObject([
      {
        ...entry,
        at: http.nowIso(),
        actor: { kind: 'user', id: root?.id, name: 'root' },
        address: '127.0.0.1',
        via: 'console',
      },
    ])
    const text = JSON.stringify(made)
    for (const secret of ['psecret', 'dsecret', 'hello', USER_PASSWORD, 'another good password', 'scrypt']) {
      expect(text).not.toContain(secret)
    }
  })

  test('tells of a request to a device, answered or not', async () => {
    http.answerRrpc = async () => ({ ok: false, reason: 'device-offline' })
    const [last] = await list('?limit=1')
    const body = { payload: 'hello' }
    await http.request({ method: 'POST', url: `/api/v1${D}/dev1/rrpc`, cookie, body })
    expect((await list('?limit=5')).filter(({ id }) => id > (last?.id ?? 0))).toMatchObject([
      { action: 'device.call', target: 'pk1/dev1', after: { sizeBytes: 5 } },
    ])
  })

  test('tells of each revocation once', async () => {
    const { id } = await http.createKeyPair({ role: 'viewer' })
    expect(await act('DELETE', `/keys/${id}`)).toMatchObject([{ action: 'key.revoke', target: id }])
    expect(await act('DELETE', `/keys/${id}`)).toEqual([])
  })

  test('tells of an import which devices it has made', async () => {
    const [last] = await list('?limit=1')
    const headers = { 'content-type': 'text/csv' }
    await http.request({
      method: 'POST',
      url: '/api/v1/products/pk1/imports',
      cookie,
      headers,
      text: 'new1\ndev1\nnew2\n',
    })
    expect((await list('?limit=5')).filter(({ id }) => id > (last?.id ?? 0))).toMatchObject([
      { action: 'device.import', target: 'pk1', after: { deviceNames: ['new1', 'new2'] } },
    ])
  })

  test('reading, refused and impossible acts are in no entry', async () => {
    const [last] = await list('?limit=1')
    const viewer = await http.createKey({ role: 'viewer' })
    await http.request({ url: '/api/v1/products/pk1' })
    await http.request({ method: 'DELETE', url: `/api/v1${D}/dev1`, key: viewer })
    await http.request({ method: 'DELETE', url: `/api/v1${D}/nobody` })
    await http.request({ method: 'POST', url: '/api/v1/products', body: { name: '' } })
    expect((await list('?limit=1'))[0]?.id).toBe(last?.id)
  })

  test('tells a key from a user, and the command line from other programs', async () => {
    const { id, secret } = await http.createKeyPair({ role: 'operator' })
    const disable = (headers: Record<string, string>) =>
      http.request({
        method: 'POST',
        url: `/api/v1${D}/dev1/disable`,
        key: secret,
        headers,
        remoteAddress: '192.0.2.7',
      })
    await disable({})
    await disable({ 'user-agent': 'hatchway-cli/1.2.3' })
    expect(await list(`?actor=${id}`)).toMatchObject([
      { actor: { kind: 'key', id, name: 'operator' }, via: 'cli', address: '192.0.2.7' },
      { actor: { kind: 'key', id }, via: 'api' },
    ])
  })

  test('tells when people come and go, and who made the first of them', async () => {
    await http.signIn({ role: 'viewer', name: 'visitor' })
    expect(await list('?target=visitor')).toMatchObject([
      { action: 'session.begin', actor: { kind: 'user', name: 'visitor' }, after: { via: 'password' } },
      { action: 'user.create', actor: { name: 'test' } },
    ])
    await http.request({ method: 'DELETE', url: '/api/v1/sessions?user=visitor', cookie })
    expect(await list('?target=visitor&limit=1')).toMatchObject([
      { action: 'session.end-all', actor: { name: 'root' } },
    ])
  })

  test('messages of programs are traffic, not acts', async () => {
    const [last] = await list('?limit=1')
    const body = { topic: '/pk1/dev1/user/get', payload: 'x' }
    expect((await http.request({ method: 'POST', url: `/api/v1${D}/dev1/messages`, body })).status).toBe(200)
    expect((await list('?limit=1'))[0]?.id).toBe(last?.id)
  })

  test('is paged, filtered and checked', async () => {
    const first = (await http.request({ url: '/api/v1/audit?action=device.&limit=2' })).body as {
      items: Entry[]
      nextCursor: string
    }
    const second = await list(`?action=device.&limit=2&cursor=${first.nextCursor}`)
    expect(second[0]?.id).toBeLessThan(first.items[1]?.id ?? 0)
    expect(await http.request({ url: '/api/v1/audit?since=yesterday' })).toMatchObject({
      status: 400,
      body: { field: 'since' },
    })
    const [newest] = await list('?limit=1')
    expect((await http.request({ url: '/api/v1/audit/verify' })).body).toMatchObject({
      ok: true,
      entries: newest?.id,
      firstBadId: null,
      problem: null,
    })
  })

  test('an act does not happen where it can not be noted', async () => {
    const own = await startHttp()
    try {
      await own.createProduct('pk1')
      own.registry.store.appendAudit = () => Promise.reject(new Error('the log is full'))
      const reply = await own.request({ url: '/api/v1/products/pk1/secret', key: ADMIN_SECRET })
      expect(reply.status).toBe(500)
      expect(reply.text).not.toContain('psecret')
    } finally {
      await own.close()
    }
  })
})
