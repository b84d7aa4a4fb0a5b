import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSealer } from '../../registry/seal.ts'
import { type HttpFixture, startHttp, USER_PASSWORD } from '../fixture.suite.ts'
import { CLIENT_ID, CLIENT_SECRET, IdentityProvider } from './identity-provider.suite.ts'
import { createSingleSignOn, type RoleMapping } from './single-sign-on.ts'

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
  'a name with blanks': ['staff'],
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

/** Where a browser is led that is not signed in. */
function ledBackBy(response: Response): string | null {
  expect(response.status).toBe(302)
  return response.headers.get('location')
}

describe('single sign-on', () => {
  let http: HttpFixture
  let url: string
  let provider: IdentityProvider
  const sealer = createSealer(randomBytes(32))
  beforeAll(async () => {
    provider = await IdentityProvider.listen()
    const settings = {
      name: 'Example ID',
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      scope: 'openid profile',
      nameClaim: 'preferred_username',
      roleClaim: 'groups',
      roles: ROLES,
    }
    http = await startHttp({ parts: { singleSignOn: createSingleSignOn(settings, sealer) } })
    url = await http.server.listen()
    provider.serve(callback(), GROUPS)
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
    expect(to.searchParams.get('prompt')).toBeNull()
    expect(cookie).toMatch(/; Path=\/api\/v1\/session\/oidc; HttpOnly; SameSite=Lax$/)
    for (const name of ['state', 'nonce']) expect(cookie).not.toContain(to.searchParams.get(name))
  })

  test('asks again who it is where the answer was somebody without a right here', async () => {
    const response = await new Browser().get(`${url}/api/v1/session/oidc?again=true`)
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
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
      const why = login === 'eve' ? 'sign-on-no-role' : 'sign-on-user-refused'
      expect({ login, to: ledBackBy(response) }).toEqual({ login, to: `/?sign-on=${why}` })
      expect(await who(browser)).toMatchObject({ code: 'not-signed-in' })
    }
    expect(await http.registry.store.userByName('eve')).toBeUndefined()
    expect(ledBackBy((await come('a name with blanks')).response)).toBe('/?sign-on=sign-on-no-name')
  })

  test('an answer counts once, in the browser that asked, and unaltered', async () => {
    const { browser, back } = await come('bob')
    expect(await who(browser)).toMatchObject({ user: { name: 'bob' } })
    expect(ledBackBy(await browser.get(back))).toBe('/?sign-on=sign-on-lapsed')

    const victim = new Browser()
    const other = new Browser()
    const stolen = await other.signInAtProvider(`${url}/api/v1/session/oidc`, { login: 'bob', until: callback() })
    await victim.get(`${url}/api/v1/session/oidc`)
    expect(ledBackBy(await victim.get(stolen))).toBe('/?sign-on=sign-on-not-confirmed')
    expect(ledBackBy(await new Browser().get(stolen))).toBe('/?sign-on=sign-on-lapsed')

    const altered = new URL(stolen)
    altered.searchParams.set('state', 'x')
    expect(ledBackBy(await other.get(altered.href))).toBe('/?sign-on=sign-on-not-confirmed')
    expect(await who(other)).toMatchObject({ code: 'not-signed-in' })
  })

  test('an answer that comes too late is refused', async () => {
    const browser = new Browser()
    const back = await browser.signInAtProvider(`${url}/api/v1/session/oidc`, { login: 'bob', until: callback() })
    http.advance(600_001)
    expect(ledBackBy(await browser.get(back))).toBe('/?sign-on=sign-on-lapsed')
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
      const { status, headers } = await http.request({ url: '/api/v1/session/oidc', key: null })
      expect({ status, to: headers['location'] }).toEqual({ status: 302, to: '/?sign-on=sign-on-unreachable' })
    }
  } finally {
    await http.close()
  }
})
