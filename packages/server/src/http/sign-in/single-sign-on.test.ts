import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSealer } from '../../registry/seal.ts'
import { type HttpFixture, startHttp, USER_PASSWORD } from '../fixture.suite.ts'
import { createSingleSignOn, type RoleMapping } from './single-sign-on.ts'

const CLIENT_ID = 'hatchway'
const CLIENT_SECRET = 'the-secret-of-the-client'
const ROLES: readonly RoleMapping[] = [
  { role: 'admin', value: 'admins' },
  { role: 'viewer', value: 'staff' },
]

/** What the provider tells of each who signs in there; the account is the name that is typed. */
const GROUPS: Record<string, readonly string[]> = {
  ann: ['staff', 'admins'],
  bob: ['staff'],
  eve: ['guests'],
  root: ['admins'],
  pre: ['staff'],
  off: ['staff'],
}

async function startProvider(callback: string): Promise<{ issuer: string; close(): Promise<void> }> {
  const server: Server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [callback] }],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: id, groups: [...(GROUPS[id] ?? [])] }),
    }),
    cookies: { keys: ['a key for the tests'] },
    pkce: { required: () => true },
  })
  server.on('request', provider.callback())
  return {
    issuer,
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** As much of a browser as signing in takes: it follows redirects and keeps cookies by host and name. */
class Browser {
  readonly cookies = new Map<string, string>()

  async get(url: string): Promise<Response> {
    return this.#ask(url, { method: 'GET' })
  }

  async #ask(url: string, init: RequestInit): Promise<Response> {
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie: this.#cookieHeader(url) } })
    for (const header of response.headers.getSetCookie()) {
      const [name = '', value = ''] = header.split(';')[0]?.split('=', 2) ?? []
      const key = `${new URL(url).host} ${name}`
      if (value === '' || /max-age=0\b/i.test(header)) this.cookies.delete(key)
      else this.cookies.set(key, value)
    }
    return response
  }

  #cookieHeader(url: string): string {
    const prefix = `${new URL(url).host} `
    return [...this.cookies]
      .flatMap(([key, value]) => (key.startsWith(prefix) ? [`${key.slice(prefix.length)}=${value}`] : []))
      .join('; ')
  }

  /** Signs in at the provider, and stops before it would go back to `until`. */
  async signInAtProvider(start: string, { login, until }: { login: string; until: string }): Promise<string> {
    let url = start
    for (let steps = 0; steps < 20; steps++) {
      if (url.startsWith(until)) return url
      let response = await this.get(url)
      if (response.status === 200) response = await this.#fillIn(url, await response.text(), login)
      url = new URL(response.headers.get('location') ?? '', url).href
    }
    throw new Error('the provider leads in a circle')
  }

  async #fillIn(page: string, html: string, login: string): Promise<Response> {
    const action = /<form[^>]*action="([^"]+)"/.exec(html)?.[1] ?? ''
    const prompt = /name="prompt" value="([^"]+)"/.exec(html)?.[1] ?? ''
    const body = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'any' } : { prompt })
    return this.#ask(new URL(action, page).href, { method: 'POST', body })
  }
}

describe('single sign-on', () => {
  let http: HttpFixture
  let url: string
  let provider: Awaited<ReturnType<typeof startProvider>>
  const sealer = createSealer(randomBytes(32))
  // The provider has to know the address of the callback, and the server the provider's.
  const found = { issuer: '' }
  beforeAll(async () => {
    let made: ReturnType<typeof createSingleSignOn> | undefined
    const signOn = () => {
      made ??= createSingleSignOn(
        {
          name: 'Example ID',
          issuer: found.issuer,
          clientId: CLIENT_ID,
          clientSecret: CLIENT_SECRET,
          scope: 'openid profile',
          nameClaim: 'preferred_username',
          roleClaim: 'groups',
          roles: ROLES,
        },
        sealer,
      )
      return made
    }
    http = await startHttp({
      parts: {
        singleSignOn: {
          name: 'Example ID',
          begin: (...args) => signOn().begin(...args),
          finish: (...args) => signOn().finish(...args),
        },
      },
    })
    url = await http.server.listen()
    provider = await startProvider(`${url}/api/v1/session/oidc/callback`)
    found.issuer = provider.issuer
    await http.users.create({ name: 'root', role: 'admin', password: USER_PASSWORD })
    await http.users.create({ name: 'pre', role: 'viewer' })
    await http.users.create({ name: 'off', role: 'viewer' })
    await http.users.update('off', { disabled: true })
  })
  afterAll(async () => {
    await http.close()
    await provider.close()
  })

  const callback = (): string => `${url}/api/v1/session/oidc/callback`
  const come = async (login: string, browser = new Browser()) => {
    const back = await browser.signInAtProvider(`${url}/api/v1/session/oidc`, { login, until: callback() })
    return { browser, back, response: await browser.get(back) }
  }
  const who = async (browser: Browser): Promise<unknown> => (await browser.get(`${url}/api/v1/session`)).json()

  test('is offered, and leads to the provider with PKCE, state and nonce', async () => {
    expect(await who(new Browser())).toMatchObject({
      signIn: { password: true, oidc: { name: 'Example ID', url: '/api/v1/session/oidc' } },
    })
    const response = await new Browser().get(`${url}/api/v1/session/oidc`)
    expect(response.status).toBe(302)
    const to = new URL(response.headers.get('location') ?? '')
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: callback(),
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^.{43}$/),
      state: expect.stringMatching(/.{20}/),
      nonce: expect.stringMatching(/.{20}/),
    })
    const [cookie = ''] = response.headers.getSetCookie()
    expect(cookie).toMatch(/; Path=\/api\/v1\/session\/oidc; HttpOnly; SameSite=Lax$/)
    for (const name of ['state', 'nonce']) expect(cookie).not.toContain(to.searchParams.get(name))
  })

  test('makes the user on the first time, with the first role that a claim gives, and finds him again', async () => {
    const { browser, response } = await come('ann')
    expect({ status: response.status, to: response.headers.get('location') }).toEqual({ status: 302, to: '/' })
    expect(await who(browser)).toMatchObject({ user: { name: 'ann', role: 'admin' }, via: 'oidc' })
    GROUPS['ann'] = ['staff']
    expect(await who((await come('ann')).browser)).toMatchObject({ user: { name: 'ann', role: 'viewer' } })
    const users = (await http.registry.store.listUsers()).filter(({ name }) => name === 'ann')
    expect(users).toMatchObject([{ passwordHash: null, oidcSubject: expect.stringMatching(/ ann$/) }])
  })

  test('takes over a user who was made for it, and nobody else of the same name', async () => {
    expect(await who((await come('pre')).browser)).toMatchObject({ user: { name: 'pre' } })
    for (const login of ['root', 'off', 'eve']) {
      const { browser, response } = await come(login)
      expect({ login, status: response.status }).toEqual({ login, status: 401 })
      expect(await response.json()).toMatchObject({ code: 'sign-in-refused' })
      expect(await who(browser)).toMatchObject({ code: 'not-signed-in' })
    }
    expect(await http.registry.store.userByName('eve')).toBeUndefined()
  })

  test('an answer counts once, in the browser that asked, and unaltered', async () => {
    const { browser, back } = await come('bob')
    expect(await who(browser)).toMatchObject({ user: { name: 'bob' } })
    expect((await browser.get(back)).status).toBe(401)

    const victim = new Browser()
    const other = new Browser()
    const stolen = await other.signInAtProvider(`${url}/api/v1/session/oidc`, { login: 'bob', until: callback() })
    await victim.get(`${url}/api/v1/session/oidc`)
    expect((await victim.get(stolen)).status).toBe(401)
    expect((await new Browser().get(stolen)).status).toBe(401)

    const altered = new URL(stolen)
    altered.searchParams.set('state', 'x')
    expect((await other.get(altered.href)).status).toBe(401)
    expect(await who(other)).toMatchObject({ code: 'not-signed-in' })
  })

  test('an answer that comes too late is refused', async () => {
    const browser = new Browser()
    const back = await browser.signInAtProvider(`${url}/api/v1/session/oidc`, { login: 'bob', until: callback() })
    http.advance(600_001)
    const response = await browser.get(back)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('took too long') })
  })
})

test('without a provider there is none', async () => {
  const http = await startHttp()
  try {
    expect((await http.request({ url: '/api/v1/session/oidc', key: null })).status).toBe(404)
  } finally {
    await http.close()
  }
})

test('a provider that is away is told, and asked again', async () => {
  const settings = {
    name: 'x',
    clientId: 'c',
    clientSecret: null,
    scope: 'openid',
    nameClaim: 'n',
    roleClaim: 'g',
    roles: [],
  }
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise(resolve => server.close(resolve))
  const singleSignOn = createSingleSignOn({ ...settings, issuer }, createSealer(randomBytes(32)))
  const http = await startHttp({ parts: { singleSignOn } })
  try {
    for (let attempt = 0; attempt < 2; attempt++) {
      const reply = await http.request({ url: '/api/v1/session/oidc', key: null })
      expect(reply).toMatchObject({ status: 503, body: { code: 'overloaded' } })
    }
  } finally {
    await http.close()
  }
})
