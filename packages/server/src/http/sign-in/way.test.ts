import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FROM_CONSOLE, type HttpFixture, startHttp, USER_PASSWORD } from '../fixture.suite.ts'

const PRODUCTS = '/api/v1/products'
const SESSION = '/api/v1/session'

describe('a request that changes something by a session', () => {
  let http: HttpFixture
  let cookie: string
  beforeAll(async () => {
    http = await startHttp()
    cookie = await http.signIn({ role: 'admin' })
  })
  afterAll(() => http.close())

  const HOST = { host: 'localhost:8080' }
  const OWN = { 'x-hatchway-request': '1' }
  const from = (method: string, url: string, headers: Record<string, string>, body?: object) =>
    http.request({ method, url, key: null, headers: { cookie, ...HOST, ...headers }, ...(body ? { body } : {}) })

  test.each<[string, Record<string, string>]>([
    ['nothing of the console’s', {}],
    ['no own header', { 'sec-fetch-site': 'same-origin' }],
    ['another value', { 'x-hatchway-request': '0', 'sec-fetch-site': 'same-origin' }],
    ['neither origin nor site', OWN],
    ['the site of somebody else', { ...OWN, 'sec-fetch-site': 'cross-site' }],
    ['a sister host’s site', { ...OWN, 'sec-fetch-site': 'same-site' }],
    ['no site', { ...OWN, 'sec-fetch-site': 'none' }],
    ['a foreign site and a good origin', { ...OWN, 'sec-fetch-site': 'cross-site', origin: 'http://localhost:8080' }],
    ['another origin', { ...OWN, origin: 'http://evil.example' }],
    ['an origin of another port', { ...OWN, origin: 'http://localhost:8081' }],
    ['an origin of another scheme', { ...OWN, origin: 'https://localhost:8080' }],
    ['the origin of a sandbox', { ...OWN, origin: 'null' }],
  ])('is refused with %s, for every route', async (_, headers) => {
    for (const [method, url, body] of [
      ['POST', PRODUCTS, { name: 'P' }],
      ['DELETE', '/api/v1/sessions', undefined],
      ['POST', SESSION, { name: 'admin', password: USER_PASSWORD }],
      ['DELETE', SESSION, undefined],
      ['POST', '/api/v1/setup', { token: 't', name: 'n', password: USER_PASSWORD }],
    ] as const) {
      const reply = await from(method, url, headers, body)
      expect(reply, `${method} ${url}`).toMatchObject({ status: 403, body: { code: 'cross-site-request' } })
    }
  })

  test.each<[string, Record<string, string>]>([
    ['its site', { ...OWN, 'sec-fetch-site': 'same-origin' }],
    ['its origin, from a browser that tells no site', { ...OWN, origin: 'http://localhost:8080' }],
  ])('is taken with %s', async (_, headers) => {
    expect((await from('POST', PRODUCTS, headers, { name: 'P' })).status).toBe(201)
  })

  test('that only reads needs neither, so that event streams and links work', async () => {
    expect((await from('GET', PRODUCTS, {})).status).toBe(200)
  })

  test('an API key needs none of it, and counts before the cookie', async () => {
    const viewer = await http.createKey({ role: 'viewer' })
    const reply = await http.request({ method: 'POST', url: PRODUCTS, key: viewer, headers: { cookie }, body: {} })
    expect(reply.status).toBe(403)
    expect(reply.body).toMatchObject({ detail: expect.stringContaining('the API key has the role viewer') })
  })
})

describe('over plain HTTP', () => {
  let http: HttpFixture
  beforeAll(async () => {
    http = await startHttp({ settings: { publicHosts: ['Console.Example.com'] } })
    await http.users.create({ name: 'ann', role: 'viewer', password: USER_PASSWORD })
  })
  afterAll(() => http.close())

  const signIn = (remoteAddress: string, headers: Record<string, string> = {}) =>
    http.request({
      method: 'POST',
      url: SESSION,
      key: null,
      remoteAddress,
      headers: { ...FROM_CONSOLE, ...headers },
      body: { name: 'ann', password: USER_PASSWORD },
    })

  test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])(
    'people on the machine itself (%s) sign in',
    async address => {
      const reply = await signIn(address)
      expect(reply.status).toBe(200)
      expect(reply.headers['set-cookie']).not.toContain('Secure')
    },
  )

  test.each(['192.0.2.7', '10.0.0.1', '2001:db8::1', '::ffff:192.0.2.7'])(
    'people elsewhere (%s) do not, whatever Host they name',
    async address => {
      const reply = await signIn(address, { host: 'localhost:8080' })
      expect(reply).toMatchObject({ status: 403, body: { code: 'https-required' } })
      expect(reply.body).toMatchObject({ fix: expect.stringContaining('HATCHWAY_HTTP_TLS=true') })
    },
  )

  test('a session cookie is refused too, on every route, and an API key is not', async () => {
    const cookie = await http.signIn({ role: 'viewer' })
    for (const url of [PRODUCTS, SESSION]) {
      expect(await http.request({ url, cookie, remoteAddress: '192.0.2.7' })).toMatchObject({
        status: 403,
        body: { code: 'https-required' },
      })
    }
    expect((await http.request({ url: PRODUCTS, remoteAddress: '192.0.2.7' })).status).toBe(200)
  })

  test.each(['x-forwarded-for', 'x-forwarded-proto', 'forwarded', 'via'])(
    '%s from a proxy that nobody trusts shows that the way is longer',
    async header => {
      const reply = await signIn('127.0.0.1', { [header]: 'https' })
      expect(reply).toMatchObject({ status: 403, body: { code: 'https-required' } })
      expect(reply.body).toMatchObject({ fix: expect.stringContaining('HATCHWAY_HTTP_TRUSTED_PROXIES') })
    },
  )

  test.each(['evil.example', 'evil.example:8080', 'localhost.evil.example', 'console.example.com.evil'])(
    'a page that came here by a name of its own (%j) gets nowhere',
    async host => {
      expect(await signIn('127.0.0.1', { host })).toMatchObject({ status: 403, body: { code: 'host-unknown' } })
    },
  )

  test.each(['localhost', '127.0.0.1:8080', '[::1]:8080', 'console.example.com:8080'])(
    '%s is one of ours',
    async host => {
      expect((await signIn('127.0.0.1', { host })).status).toBe(200)
    },
  )
})

describe('with other settings', () => {
  test('plain sign-in lets people in from other machines', async () => {
    const http = await startHttp({ settings: { plainSignIn: true } })
    try {
      await http.users.create({ name: 'ann', role: 'viewer', password: USER_PASSWORD })
      const body = { name: 'ann', password: USER_PASSWORD }
      const headers = { ...FROM_CONSOLE, host: '192.0.2.1:8080' }
      const request = { method: 'POST', url: SESSION, key: null, headers, body, remoteAddress: '192.0.2.7' }
      expect((await http.request(request)).status).toBe(200)
    } finally {
      await http.close()
    }
  })

  test('a trusted proxy tells whether the way was HTTPS, and the cookie is for HTTPS then', async () => {
    const http = await startHttp({ settings: { trustedProxies: ['192.0.2.0/24'] } })
    try {
      await http.users.create({ name: 'ann', role: 'viewer', password: USER_PASSWORD })
      const signIn = (proto: string) =>
        http.request({
          method: 'POST',
          url: SESSION,
          key: null,
          remoteAddress: '192.0.2.7',
          headers: {
            'x-hatchway-request': '1',
            origin: `${proto}://console.example.com`,
            host: 'console.example.com',
            'x-forwarded-proto': proto,
            'x-forwarded-for': '198.51.100.4',
          },
          body: { name: 'ann', password: USER_PASSWORD },
        })
      const good = await signIn('https')
      expect(good.status).toBe(200)
      expect(good.headers['set-cookie']).toMatch(/; Secure$/)
      expect(await signIn('http')).toMatchObject({ status: 403, body: { code: 'https-required' } })
      const [ann] = await http.registry.store.listUsers()
      expect(await http.accounts.sessions.ofUser(ann?.id ?? '')).toMatchObject([{ address: '198.51.100.4' }])
    } finally {
      await http.close()
    }
  })
})
