import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cookieOf, type HttpFixture, startHttp, USER_PASSWORD } from '../fixture.suite.ts'

const USERS = '/api/v1/users'

describe('users', () => {
  let http: HttpFixture
  let admin: string
  beforeAll(async () => {
    http = await startHttp()
    admin = await http.signIn({ role: 'admin' })
  })
  afterAll(() => http.close())

  const create = (body: object) => http.request({ method: 'POST', url: USERS, cookie: admin, body })
  const change = (name: string, body: object) =>
    http.request({ method: 'PATCH', url: `${USERS}/${name}`, cookie: admin, body })
  const status = async (cookie: string): Promise<number> =>
    (await http.request({ url: '/api/v1/session', cookie })).status

  test('are created and listed, never with anything of their password', async () => {
    const reply = await create({ name: 'Li.Na@example.com', role: 'operator', password: USER_PASSWORD })
    const user = {
      name: 'li.na@example.com',
      role: 'operator',
      disabled: false,
      hasPassword: true,
      createdAt: http.nowIso(),
      lastSignInAt: null,
    }
    expect(reply).toMatchObject({ status: 201, body: user })
    expect(reply.headers['location']).toBe('/api/v1/users/li.na%40example.com')
    const list = await http.request({ url: USERS, cookie: admin })
    expect(list.body).toMatchObject({ items: [{ name: 'admin', lastSignInAt: http.nowIso() }, user] })
    expect(list.text).not.toMatch(/scrypt|hash/)
    expect(await create({ name: 'LI.NA@example.com', role: 'viewer' })).toMatchObject({
      status: 409,
      body: { code: 'user-exists', field: 'name' },
    })
  })

  test.each(['', ' ', 'me', 'ann bob', '李娜', 'аnn', '.ann', 'a'.repeat(65), 'ann/../bob', 'a\u0000b'])(
    '%j is no user name',
    async name => {
      expect(await create({ name, role: 'viewer' })).toMatchObject({ status: 422, body: { field: 'name' } })
    },
  )

  test('lose their sessions with another role, another password, by being disabled and by being deleted', async () => {
    const changes: [string, object][] = [
      ['role', { role: 'operator' }],
      ['password', { password: 'another good password' }],
      ['disabled', { disabled: true }],
    ]
    for (const [name, body] of changes) {
      const cookie = await http.signIn({ role: 'viewer', name })
      expect((await change(name, body)).status).toBe(200)
      expect(await status(cookie)).toBe(401)
    }
    const cookie = await http.signIn({ role: 'viewer', name: 'deleted' })
    expect((await http.request({ method: 'DELETE', url: `${USERS}/deleted`, cookie: admin })).status).toBe(204)
    expect(await status(cookie)).toBe(401)
  })

  test('that are enabled again sign in again', async () => {
    await http.signIn({ role: 'viewer', name: 'back' })
    expect((await change('back', { disabled: true })).body).toMatchObject({ disabled: true })
    expect((await change('back', { disabled: false })).body).toMatchObject({ disabled: false })
    const body = { name: 'back', password: USER_PASSWORD }
    expect((await http.request({ method: 'POST', url: '/api/v1/session', cookie: '', body })).status).toBe(200)
  })

  test('the last administrator can be neither deleted, disabled nor made less', async () => {
    const deletion = await http.request({ method: 'DELETE', url: `${USERS}/admin`, cookie: admin })
    for (const reply of [
      deletion,
      await change('admin', { disabled: true }),
      await change('admin', { role: 'viewer' }),
    ]) {
      expect(reply).toMatchObject({ status: 409, body: { code: 'last-admin' } })
    }
    expect(await status(admin)).toBe(200)
  })

  test('change their own password if they know it; their other sessions end', async () => {
    const here = await http.signIn({ role: 'viewer', name: 'self' })
    const signIn = (password: string) =>
      http.request({ method: 'POST', url: '/api/v1/session', cookie: '', body: { name: 'self', password } })
    const there = cookieOf(await signIn(USER_PASSWORD))
    const next = 'a better one than that'
    const set = (current: string, url = `${USERS}/me/password`) =>
      http.request({ method: 'POST', url, cookie: here, body: { current, next } })
    expect(await set('wrong')).toMatchObject({ status: 422, body: { field: 'current' } })
    expect((await set(USER_PASSWORD)).status).toBe(204)
    expect(await status(here)).toBe(200)
    expect(await status(there)).toBe(401)
    expect((await signIn(USER_PASSWORD)).status).toBe(401)
    expect((await signIn(next)).status).toBe(200)
  })

  test('guessing one’s present password is slowed down as signing in is', async () => {
    const cookie = await http.signIn({ role: 'viewer', name: 'guessed' })
    const body = { current: 'wrong', next: 'a better one than that' }
    const set = () => http.request({ method: 'POST', url: `${USERS}/me/password`, cookie, body })
    for (let at = 0; at < 5; at++) expect((await set()).status).toBe(422)
    expect(await set()).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
  })

  test('that are not there are not found', async () => {
    expect(await change('nobody', { role: 'viewer' })).toMatchObject({ status: 404, body: { code: 'user-not-found' } })
  })

  test('an API key has no password to change', async () => {
    const body = { current: 'x', next: 'a better one than that' }
    expect((await http.request({ method: 'POST', url: `${USERS}/me/password`, body })).status).toBe(403)
  })
})
