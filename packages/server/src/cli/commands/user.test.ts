import { afterEach, describe, expect, it } from 'vitest'
import { type FakeApi, type Seen, startFakeApi } from '../testing/fake-api.ts'
import { type IoChange, type Ran, run } from '../testing/fake-io.ts'

const user = {
  name: 'ann',
  role: 'operator',
  disabled: false,
  hasPassword: true,
  createdAt: '2026-01-31T12:00:00.000Z',
  lastSignInAt: null,
}
const PASSWORD = 'correct horse battery'

const opened: FakeApi[] = []
afterEach(async () => {
  for (const api of opened.splice(0)) await api.close()
})
async function ask(line: string, json: unknown, change: IoChange = {}): Promise<Ran & { seen: Seen[] }> {
  const api = await startFakeApi(() => ({ json }))
  opened.push(api)
  const ran = await run([...line.split(' '), '--server', api.url, '--token', 'key'], change)
  return { ...ran, seen: api.seen }
}
const typed = (...answers: string[]): IoChange => ({
  isInteractive: true,
  askSecret: async () => answers.shift() ?? '',
})
const piped: IoChange = { readStdin: async () => `${PASSWORD}\n` }
const bodyOf = ({ seen }: { seen: Seen[] }): unknown => (seen[0]?.body ? JSON.parse(seen[0].body) : null)

describe('user', () => {
  it.each<[string, IoChange, unknown, string, string, unknown]>([
    ['user add ann --role operator', {}, user, 'POST', '/api/v1/users', { name: 'ann', role: 'operator' }],
    [
      'user add ann --role operator --password',
      piped,
      user,
      'POST',
      '/api/v1/users',
      { name: 'ann', role: 'operator', password: PASSWORD },
    ],
    ['user set ann --role viewer', {}, user, 'PATCH', '/api/v1/users/ann', { role: 'viewer' }],
    ['user set ann --disable', {}, user, 'PATCH', '/api/v1/users/ann', { disabled: true }],
    ['user set ann@b.c --enable', {}, user, 'PATCH', '/api/v1/users/ann%40b.c', { disabled: false }],
    ['user set ann --password', typed(PASSWORD, PASSWORD), user, 'PATCH', '/api/v1/users/ann', { password: PASSWORD }],
    ['user delete ann --yes', {}, undefined, 'DELETE', '/api/v1/users/ann', null],
    ['user list', {}, { items: [user] }, 'GET', '/api/v1/users', null],
    [
      'user setup-link',
      {},
      { url: 'http://h/setup#token=t', expiresAt: user.createdAt },
      'POST',
      '/api/v1/users/setup-link',
      null,
    ],
  ])('%s asks the API', async (line, change, json, method, url, body) => {
    const ran = await ask(line, json, change)
    expect(ran).toMatchObject({ code: 0, stderr: '', seen: [{ method, url }] })
    expect(bodyOf(ran)).toEqual(body)
    expect(ran.stdout + ran.stderr).not.toContain(PASSWORD)
  })

  it.each([
    ['user set ann', 2, 'Nothing to change'],
    ['user set ann --disable --enable', 2, 'exclude each other'],
    ['user add ../x --role viewer', 2, 'A user name is'],
    ['user add ann --role application', 2, 'Allowed choices are admin, operator, viewer'],
    ['user add ann', 2, "required option '--role <role>' not specified"],
    ['user delete ann', 2, 'add --yes'],
  ])('%s is refused before anything is asked', async (line, code, said) => {
    const ran = await ask(line, user)
    expect(ran).toMatchObject({ code, seen: [] })
    expect(ran.stderr).toContain(said)
  })

  it('changes nothing where the two passwords that were typed differ', async () => {
    const ran = await ask('user set ann --password', user, typed(PASSWORD, 'another'))
    expect(ran).toMatchObject({ code: 1, seen: [] })
    expect(ran.stderr).toContain('The two differ')
  })

  it('tells how to make the first one', async () => {
    expect((await ask('user list', { items: [] })).stdout).toContain('hatchway user setup-link')
    const { stdout } = await ask('user setup-link', { url: 'http://h/setup#token=t', expiresAt: user.createdAt })
    expect(stdout).toContain('http://h/setup#token=t\n')
  })
})
