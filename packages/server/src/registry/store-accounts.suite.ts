import { describe, expect, test } from 'vitest'
import type { SessionLimits } from './account-store.ts'
import { NOW, type StoreFixture } from './store-fixture.suite.ts'
import type { Session, User } from './types.ts'

const LIMITS: SessionLimits = { idleMs: 1000, maxPerUser: 3 }

export function describeAccounts(fixture: () => StoreFixture): void {
  const store = () => fixture().store
  const newUser = (over: Partial<User> = {}): User => {
    const name = fixture().unique('user')
    const times = { createdAt: NOW, lastSignInAt: null, disabledAt: null }
    return { id: `id-${name}`, name, role: 'viewer', passwordHash: null, oidcSubject: null, ...times, ...over }
  }
  const made = async (over: Partial<User> = {}): Promise<User> => {
    const user = newUser(over)
    expect(await store().createUser(user, 'any')).toBe('created')
    return user
  }
  const newSession = (userId: string, over: Partial<Session> = {}): Session => {
    const id = fixture().unique('session')
    const times = { createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW + 60_000 }
    const seen = { address: '192.0.2.1', userAgent: '浏览器' }
    return { id, userId, tokenHash: id.padEnd(64, '0'), via: 'password', ...times, ...seen, ...over }
  }
  const signedIn = async (userId: string, over: Partial<Session> = {}): Promise<Session> => {
    const session = newSession(userId, over)
    expect(await store().createSession(session, LIMITS)).toBe(true)
    return session
  }

  describe('users', () => {
    test('are read back by name and in the list', async () => {
      const user = await made({ role: 'admin', passwordHash: '$scrypt$x', disabledAt: NOW })
      expect(await store().userByName(user.name)).toEqual(user)
      expect(await store().listUsers()).toContainEqual(user)
      expect(await store().userByName('nobody')).toBeUndefined()
    })

    test('a name that is taken makes none', async () => {
      const user = await made()
      expect(await store().createUser({ ...newUser(), name: user.name }, 'any')).toBe('user-exists')
    })

    test('the first is made only while nobody has a password; of two at once one is', async () => {
      for (const { id } of await store().listUsers()) await store().deleteUser(id, NOW)
      await store().createUser(newUser(), 'any')
      const first = [newUser({ passwordHash: 'x', role: 'admin' }), newUser({ passwordHash: 'x', role: 'admin' })]
      const outcomes = await Promise.all(first.map(user => store().createUser(user, 'first')))
      expect([...outcomes].sort()).toEqual(['created', 'setup-done'])
    })

    test('a change leaves what it does not name', async () => {
      const user = await made({ passwordHash: 'old' })
      const change = { now: NOW, endSessions: null }
      expect(await store().updateUser(user.id, { ...change, role: 'operator' })).toBe('changed')
      expect(await store().updateUser(user.id, { ...change, passwordHash: 'new' })).toBe('changed')
      expect(await store().updateUser(user.id, { ...change, oidcSubject: user.id })).toBe('changed')
      expect(await store().updateUser(user.id, { ...change, disabledAt: NOW })).toBe('changed')
      const changed = { ...user, role: 'operator', passwordHash: 'new', oidcSubject: user.id, disabledAt: NOW }
      expect(await store().userByName(user.name)).toEqual(changed)
      expect(await store().updateUser(user.id, { ...change, disabledAt: null })).toBe('changed')
      expect(await store().userByName(user.name)).toEqual({ ...changed, disabledAt: null })
      expect(await store().updateUser('nobody', change)).toBe('user-not-found')
      expect(await store().deleteUser('nobody', NOW)).toBe('user-not-found')
    })

    test('one administrator who can sign in stays, whoever changes both at once', async () => {
      const admins = [await made({ role: 'admin' }), await made({ role: 'admin' })]
      for (const { id, role } of await store().listUsers()) {
        if (role === 'admin' && admins.every(admin => admin.id !== id)) await store().deleteUser(id, NOW)
      }
      const [one, two] = admins.map(({ id }) => id)
      const outcomes = await Promise.all([
        store().updateUser(one ?? '', { now: NOW, disabledAt: NOW, endSessions: null }),
        store().deleteUser(two ?? '', NOW),
      ])
      expect([...outcomes].sort()).toEqual(['changed', 'last-admin'])
      const left = (await store().listUsers()).filter(user => user.role === 'admin' && user.disabledAt === null)
      expect(left).toHaveLength(1)
    })
  })

  describe('sessions', () => {
    test('are found by the hash of their token, with their user', async () => {
      const user = await made()
      const session = await signedIn(user.id)
      expect(await store().sessionByTokenHash(session.tokenHash)).toEqual({
        session,
        user: { ...user, lastSignInAt: NOW },
      })
      expect(await store().sessionByTokenHash('nothing')).toBeUndefined()
    })

    test('of nobody, and of a user who is disabled, are not made', async () => {
      const disabled = await made({ disabledAt: NOW })
      for (const userId of ['nobody', disabled.id]) {
        expect(await store().createSession(newSession(userId), LIMITS)).toBe(false)
      }
    })

    test('go when they have ended, or are too many', async () => {
      const user = await made()
      const old = await signedIn(user.id, { expiresAt: NOW + 10 })
      const idle = await signedIn(user.id, { lastSeenAt: NOW - 500 })
      const kept: Session[] = []
      for (const seconds of [1, 2, 3, 4]) {
        const at = NOW + seconds * 100
        kept.push(await signedIn(user.id, { createdAt: at, lastSeenAt: at }))
      }
      const later = NOW + 600
      kept.push(await signedIn(user.id, { createdAt: later, lastSeenAt: later }))
      expect(await store().listSessions(user.id)).toEqual(kept.slice(-3).reverse())
      for (const { tokenHash } of [old, idle]) expect(await store().sessionByTokenHash(tokenHash)).toBeUndefined()
    })

    test('note when and from where they were last seen, and never go back in time', async () => {
      const user = await made()
      const session = await signedIn(user.id)
      await store().noteSessionSeen(session.id, { at: NOW + 50, address: '192.0.2.2' })
      await store().noteSessionSeen(session.id, { at: NOW + 40, address: '192.0.2.3' })
      const seen = { ...session, lastSeenAt: NOW + 50, address: '192.0.2.3' }
      expect(await store().listSessions(user.id)).toEqual([seen])
    })

    test('end one by one, all but one, or all, and only those of their user', async () => {
      const [user, other] = [await made(), await made()]
      const sessions = [await signedIn(user.id), await signedIn(user.id), await signedIn(user.id)]
      const [one = '', two = '', three = ''] = sessions.map(({ id }) => id)
      const theirs = await signedIn(other.id)
      expect(await store().endSessions({ userId: user.id, which: { kind: 'one', id: theirs.id }, now: NOW })).toEqual(
        [],
      )
      expect(await store().endSessions({ userId: user.id, which: { kind: 'one', id: one }, now: NOW })).toEqual([one])
      expect(await store().endSessions({ userId: user.id, which: { kind: 'all-but', id: two }, now: NOW })).toEqual([
        three,
      ])
      expect(await store().endSessions({ userId: user.id, which: { kind: 'all' }, now: NOW })).toEqual([two])
      expect(await store().listSessions(other.id)).toEqual([theirs])
    })

    test('end with a change that says so, and with their user', async () => {
      const user = await made()
      const [kept, gone] = [await signedIn(user.id), await signedIn(user.id)]
      const endSessions = { kind: 'all-but', id: kept.id } as const
      await store().updateUser(user.id, { now: NOW, passwordHash: 'x', endSessions })
      expect(await store().sessionByTokenHash(gone.tokenHash)).toBeUndefined()
      expect(await store().sessionByTokenHash(kept.tokenHash)).toBeDefined()
      expect(await store().deleteUser(user.id, NOW)).toBe('changed')
      expect(await store().sessionByTokenHash(kept.tokenHash)).toBeUndefined()
    })
  })
}
