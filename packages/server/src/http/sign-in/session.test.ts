import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  cookieOf,
  FROM_CONSOLE,
  type HttpFixture,
  type Reply,
  startHttp,
  TESTER,
  USER_PASSWORD,
} from '../fixture.suite.ts'

const SESSION = '/api/v1/session'
const SETUP = '/api/v1/setup'

let http: HttpFixture
let users = 0
beforeAll(async () => {
  http = await startHttp()
})
afterAll(() => http.close())

const post = (url: string, body: object, headers: Record<string, string> = {}): Promise<Reply> =>
  http.request({
    method: 'POST',
    url,
    key: null,
    headers: { ...FROM_CONSOLE, ...headers },
    body,
    // Each test fails from an address of its own.
    remoteAddress: `127.0.0.${users + 1}`,
  })
const signIn = (name: string, password = USER_PASSWORD): Promise<Reply> => post(SESSION, { name, password })
const show = (cookie: string): Promise<Reply> => http.request({ url: SESSION, cookie })
/** Asks through the session, and waits until that is noted: the request itself does not. */
const ask = async (cookie: string): Promise<void> => {
  expect((await show(cookie)).status).toBe(200)
  const token = cookie.split('=')[1] ?? ''
  const isNoted = async (): Promise<void> => {
    const known = await http.registry.sessionByToken(token)
    expect(new Date(known?.session.lastSeenAt ?? 0).toISOString()).toBe(http.nowIso())
  }
  await vi.waitFor(isNoted, { timeout: 20_000 })
}
const newName = (): string => `user${++users}`

describe('before there is a user', () => {
  test('nobody is signed in, and the answer says that a password is to be set', async () => {
    expect(await show('')).toMatchObject({
      status: 401,
      body: { code: 'not-signed-in', setup: true, signIn: { password: true, oidc: null } },
    })
  })

  test('a link that is made up, altered or too old sets nothing', async () => {
    const { token } = await http.accounts.setupToken(TESTER)
    const [end = '', signature = ''] = token.split('.')
    const later = (Number.parseInt(end, 36) + 3600).toString(36)
    for (const bad of ['', 'x', `${later}.${signature}`, `${end}.${'A'.repeat(43)}`, `${token}=`]) {
      const reply = await post(SETUP, { token: bad, name: 'root', password: USER_PASSWORD })
      expect([403, 422]).toContain(reply.status)
    }
    http.advance(24 * 3_600_000 + 1000)
    const late = await post(SETUP, { token, name: 'root', password: USER_PASSWORD })
    expect(late).toMatchObject({ status: 403, body: { code: 'setup-link-invalid', field: 'token' } })
  })

  test('a weak password is refused, and the link stays good', async () => {
    const { token } = await http.accounts.setupToken(TESTER)
    for (const password of ['short', 'aaaaaaaaaaaaaaaaaaaa', 'rootrootrootroot']) {
      expect(await post(SETUP, { token, name: 'root', password })).toMatchObject({
        status: 422,
        body: { field: 'password' },
      })
    }
    const reply = await post(SETUP, { token, name: 'Root', password: USER_PASSWORD })
    expect(reply).toMatchObject({ status: 200, body: { user: { name: 'root', role: 'admin' }, via: 'password' } })
    expect(await show(cookieOf(reply))).toMatchObject({ status: 200, body: { user: { name: 'root' } } })
  })

  test('the link works once, and no other can be made', async () => {
    const again = await http.request({ method: 'POST', url: '/api/v1/users/setup-link' })
    expect(again).toMatchObject({ status: 409, body: { code: 'setup-done' } })
    expect((await show('')).body).toMatchObject({ setup: false })
  })
})

describe('signing in', () => {
  test('gives a cookie that no script and no other site gets at', async () => {
    const name = newName()
    await http.users.create({ name, role: 'viewer', password: USER_PASSWORD })
    const reply = await signIn(` ${name.toUpperCase()} `)
    expect(reply.status).toBe(200)
    expect(reply.headers['set-cookie']).toMatch(
      /^hatchway-session=[A-Za-z0-9_-]{43}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    const token = cookieOf(reply).split('=')[1] ?? ''
    expect(reply.text).not.toContain(token)
    expect(JSON.stringify(http.logged)).not.toContain(token)
    expect(JSON.stringify(http.logged)).not.toContain(USER_PASSWORD)
  })

  test('says the same for a wrong password, an unknown name, and a user who is disabled or has no password', async () => {
    const [known, disabled, bare] = [newName(), newName(), newName()]
    for (const name of [known, disabled]) {
      await http.users.create({ name, role: 'viewer', password: USER_PASSWORD })
    }
    await http.users.create({ name: bare, role: 'viewer' })
    await http.users.update(disabled, { disabled: true })
    const replies = [await signIn(known, 'wrong wrong wrong'), await signIn('nobody'), await signIn(disabled)]
    replies.push(await signIn(bare))
    for (const { status, body, headers } of replies) {
      expect({ status, body }).toEqual({ status: 401, body: replies[0]?.body })
      expect(body).toMatchObject({ code: 'sign-in-refused' })
      expect(headers['set-cookie']).toBeUndefined()
    }
  })

  test('takes the same password however its characters are composed', async () => {
    const name = newName()
    await http.users.create({ name, role: 'viewer', password: 'caf\u00e9 cr\u00e8me br\u00fbl\u00e9e' })
    expect((await signIn(name, 'cafe\u0301 cre\u0300me bru\u0302le\u0301e')).status).toBe(200)
  })

  test('has to wait longer after each failure, the right password too, and then gets in', async () => {
    const name = newName()
    await http.users.create({ name, role: 'viewer', password: USER_PASSWORD })
    for (let failures = 0; failures < 5; failures++) expect((await signIn(name, 'wrong')).status).toBe(401)
    const waits: number[] = []
    for (let round = 0; round < 8; round++) {
      const reply = await signIn(name)
      expect(reply).toMatchObject({ status: 429, body: { code: 'sign-in-delayed' } })
      const seconds = Number(reply.headers['retry-after'])
      waits.push(seconds)
      http.advance(seconds * 1000)
      expect((await signIn(name, 'wrong')).status).toBe(401)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    http.advance(60_000)
    expect((await signIn(name)).status).toBe(200)
    expect((await signIn(name, 'wrong')).status).toBe(401)
    expect((await signIn(name)).status).toBe(200)
  })

  test('many attempts at the same instant get no further than one after the other', async () => {
    const name = newName()
    await http.users.create({ name, role: 'viewer', password: USER_PASSWORD })
    const replies = await Promise.all(Array.from({ length: 15 }, () => signIn(name, 'wrong')))
    expect(replies.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(10)
  })

  test('one address has to wait as well, whatever names it tries', async () => {
    const visit = (name: string) =>
      http.accounts.signIn({ name, password: 'x' }, { address: '192.0.2.9', userAgent: '' })
    for (let at = 0; at < 20; at++) expect(await visit(`guess${at}`)).toEqual({ ok: false, reason: 'sign-in-refused' })
    expect(await visit('guess-again')).toMatchObject({ reason: 'sign-in-delayed', waitMs: 1000 })
    const elsewhere = await http.accounts.signIn(
      { name: 'guess-again', password: 'x' },
      { address: '192.0.2.10', userAgent: '' },
    )
    expect(elsewhere).toMatchObject({ reason: 'sign-in-refused' })
  })

  test('a session that somebody else laid into the browser is not taken over, and ends', async () => {
    const [mine, theirs] = [newName(), newName()]
    const planted = await http.signIn({ role: 'viewer', name: theirs })
    await http.users.create({ name: mine, role: 'viewer', password: USER_PASSWORD })
    const body = { name: mine, password: USER_PASSWORD }
    const reply = await post(SESSION, body, { cookie: planted })
    expect(cookieOf(reply)).not.toBe(planted)
    expect((await show(planted)).status).toBe(401)
    expect(await show(cookieOf(reply))).toMatchObject({ body: { user: { name: mine } } })
  })
})

describe('a session', () => {
  test('ends when nothing is asked for the idle time, and not before', async () => {
    const cookie = await http.signIn({ role: 'viewer', name: newName() })
    for (let round = 0; round < 3; round++) {
      http.advance(3_500_000)
      await ask(cookie)
    }
    http.advance(3_600_001)
    expect((await show(cookie)).status).toBe(401)
    expect(await http.request({ url: '/api/v1/products', cookie })).toMatchObject({
      status: 401,
      body: { code: 'not-signed-in' },
    })
  })

  test('ends after its longest time, however busy', async () => {
    const cookie = await http.signIn({ role: 'viewer', name: newName() })
    for (let hour = 0; hour < 24; hour++) {
      http.advance(3_590_000)
      await ask(cookie)
    }
    http.advance(240_000)
    expect((await show(cookie)).status).toBe(401)
  })

  test('ends by signing out, here only', async () => {
    const name = newName()
    const here = await http.signIn({ role: 'viewer', name })
    const there = cookieOf(await signIn(name))
    const reply = await http.request({ method: 'DELETE', url: SESSION, cookie: here })
    expect(reply).toMatchObject({ status: 204 })
    expect(reply.headers['set-cookie']).toMatch(/^hatchway-session=; Max-Age=0; Path=\//)
    expect((await show(here)).status).toBe(401)
    expect((await show(there)).status).toBe(200)
    expect((await http.request({ method: 'DELETE', url: SESSION, cookie: here })).status).toBe(204)
  })

  test('signing out everywhere ends all of them', async () => {
    const name = newName()
    const cookies = [await http.signIn({ role: 'viewer', name }), cookieOf(await signIn(name))]
    expect((await http.request({ method: 'DELETE', url: '/api/v1/sessions', cookie: cookies[0] ?? '' })).status).toBe(
      204,
    )
    for (const cookie of cookies) expect((await show(cookie)).status).toBe(401)
  })

  test('is listed with where it is, and ended one by one', async () => {
    const name = newName()
    const here = await http.signIn({ role: 'viewer', name })
    const there = await http.request({
      method: 'POST',
      url: SESSION,
      key: null,
      headers: { ...FROM_CONSOLE, 'user-agent': '电脑'.repeat(1000) },
      body: { name, password: USER_PASSWORD },
    })
    expect(there.status).toBe(200)
    const list = async (): Promise<{ id: string; current: boolean }[]> => {
      const reply = await http.request({ url: '/api/v1/sessions', cookie: here })
      return (reply.body as { items: { id: string; current: boolean }[] }).items
    }
    const [other, ...more] = (await list()).filter(({ current }) => !current)
    expect(more).toEqual([])
    expect(other).toMatchObject({ user: name, address: expect.stringMatching(/^127\.0\.0\./), via: 'password' })
    const end = (id: string) => http.request({ method: 'DELETE', url: `/api/v1/sessions/${id}`, cookie: here })
    expect((await end(other?.id ?? '')).status).toBe(204)
    expect((await show(cookieOf(there))).status).toBe(401)
    expect(await end(other?.id ?? '')).toMatchObject({ status: 404, body: { code: 'session-not-found' } })
    expect(await list()).toHaveLength(1)
  })

  test('of another user is seen and ended by administrators only', async () => {
    const name = newName()
    const theirs = await http.signIn({ role: 'viewer', name })
    const viewer = await http.signIn({ role: 'viewer', name: newName() })
    const url = `/api/v1/sessions?user=${name}`
    expect((await http.request({ url, cookie: viewer })).status).toBe(403)
    expect((await http.request({ method: 'DELETE', url, cookie: viewer })).status).toBe(403)
    expect((await http.request({ url })).body).toMatchObject({ items: [{ user: name, current: false }] })
    expect((await http.request({ method: 'DELETE', url })).status).toBe(204)
    expect((await show(theirs)).status).toBe(401)
    expect(await http.request({ url: '/api/v1/sessions' })).toMatchObject({ status: 400, body: { field: 'user' } })
  })

  test('a user has twenty at most: the one that was quiet the longest goes', async () => {
    const name = newName()
    const first = await http.signIn({ role: 'viewer', name })
    for (let at = 0; at < 20; at++) {
      http.advance(1000)
      expect((await signIn(name)).status).toBe(200)
    }
    expect((await show(first)).status).toBe(401)
    const { items } = (await http.request({ url: `/api/v1/sessions?user=${name}` })).body as { items: unknown[] }
    expect(items).toHaveLength(20)
  })

  test.each([
    ['two of the same name', (cookie: string) => `${cookie}; hatchway-session=x`],
    ['an unknown one', () => `hatchway-session=${'A'.repeat(43)}`],
    ['one of another form', () => 'hatchway-session=abc'],
    ['an empty one', () => 'hatchway-session='],
  ])('a cookie that is %s signs nobody in', async (_, cookieFrom) => {
    const cookie = cookieFrom(await http.signIn({ role: 'viewer', name: newName() }))
    expect((await http.request({ url: '/api/v1/products', cookie })).status).toBe(401)
  })

  test('stands among other cookies', async () => {
    const cookie = await http.signIn({ role: 'viewer', name: newName() })
    expect((await show(`theme=dark; ${cookie}; lang=zh`)).status).toBe(200)
  })
})
