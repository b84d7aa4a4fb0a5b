import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { EndingSessions, UserChange } from '../account-store.ts'
import { type SessionRow, session, type UserRow, user } from '../sql/rows.ts'
import type { SignedIn, User } from '../types.ts'
import type { AccountReads, AccountWrites } from './calls.ts'
import { all, one, type Writer } from './writer.ts'

export function accountCalls({ db }: Writer): AccountWrites {
  return { ...userCalls(db), ...sessionCalls(db) }
}

type UserCalls = Pick<AccountWrites, 'createUser' | 'updateUser' | 'deleteUser'>

function userCalls(db: DatabaseSync): UserCalls {
  const byId = db.prepare('SELECT * FROM users WHERE id = ?')
  const byName = db.prepare('SELECT id FROM users WHERE name = ?')
  const withPassword = db.prepare('SELECT id FROM users WHERE password_hash IS NOT NULL LIMIT 1')
  const otherAdmin = db.prepare("SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> ? LIMIT 1")
  const insert = db.prepare(`INSERT INTO users
    (id, name, role, password_hash, oidc_subject, created_at, last_sign_in_at, disabled_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  const update = db.prepare(
    'UPDATE users SET role = ?, password_hash = ?, oidc_subject = ?, disabled_at = ? WHERE id = ?',
  )
  const drop = db.prepare('DELETE FROM users WHERE id = ?')
  const ending = endSessions(db)
  const isLastAdmin = ({ id, role, disabled_at }: UserRow): boolean =>
    role === 'admin' && disabled_at === null && one(otherAdmin, id) === undefined
  return {
    createUser({ user: made, condition }) {
      if (condition === 'first' && one(withPassword)) return 'setup-done'
      if (one(byName, made.name)) return 'user-exists'
      const { id, name, role, passwordHash, oidcSubject, createdAt, lastSignInAt, disabledAt } = made
      insert.run(id, name, role, passwordHash, oidcSubject, createdAt, lastSignInAt, disabledAt)
      return 'created'
    },
    updateUser({ id, change }) {
      const row = one<UserRow>(byId, id)
      if (!row) return 'user-not-found'
      const next = changedUser(user(row), change)
      const staysAdmin = next.role === 'admin' && next.disabledAt === null
      if (!staysAdmin && isLastAdmin(row)) return 'last-admin'
      update.run(next.role, next.passwordHash, next.oidcSubject, next.disabledAt, id)
      if (change.endSessions) ending(id, change.endSessions)
      return 'changed'
    },
    deleteUser({ id }) {
      const row = one<UserRow>(byId, id)
      if (!row) return 'user-not-found'
      if (isLastAdmin(row)) return 'last-admin'
      drop.run(id) // and by its foreign key every session
      return 'changed'
    },
  }
}

const changedUser = (before: User, { role, passwordHash, oidcSubject, disabledAt }: UserChange): User => ({
  ...before,
  ...(role === undefined ? {} : { role }),
  ...(passwordHash === undefined ? {} : { passwordHash }),
  ...(oidcSubject === undefined ? {} : { oidcSubject }),
  ...(disabledAt === undefined ? {} : { disabledAt }),
})

function sessionCalls(db: DatabaseSync): Omit<AccountWrites, keyof UserCalls> {
  const insert = db.prepare(`INSERT INTO sessions
    (id, user_id, token_hash, via, created_at, last_seen_at, expires_at, address, user_agent)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const signedIn = db.prepare('UPDATE users SET last_sign_in_at = ? WHERE id = ? AND disabled_at IS NULL')
  const dropEnded = db.prepare('DELETE FROM sessions WHERE expires_at <= ? OR last_seen_at <= ?')
  const dropOldest = db.prepare(`DELETE FROM sessions WHERE user_id = ? AND id NOT IN
    (SELECT id FROM sessions WHERE user_id = ? ORDER BY last_seen_at DESC, id LIMIT ?)`)
  const seen = db.prepare('UPDATE sessions SET last_seen_at = max(last_seen_at, ?), address = ? WHERE id = ?')
  const ending = endSessions(db)
  return {
    createSession({ session: made, limits }) {
      const { id, userId, tokenHash, via, createdAt, lastSeenAt, expiresAt, address, userAgent } = made
      if (signedIn.run(createdAt, userId).changes === 0) return false
      dropEnded.run(createdAt, createdAt - limits.idleMs)
      dropOldest.run(userId, userId, limits.maxPerUser - 1)
      insert.run(id, userId, tokenHash, via, createdAt, lastSeenAt, expiresAt, address, userAgent)
      return true
    },
    noteSessionSeen: ({ id, at, address }) => void seen.run(at, address, id),
    endSessions: ({ userId, which }) => ending(userId, which),
  }
}

function endSessions(db: DatabaseSync): (userId: string, which: EndingSessions) => string[] {
  const prepared = (condition: string): StatementSync =>
    db.prepare(`DELETE FROM sessions WHERE user_id = ? ${condition} RETURNING id`)
  const ending = { all: prepared(''), one: prepared('AND id = ?'), 'all-but': prepared('AND id <> ?') }
  return (userId, which) => {
    const values = which.kind === 'all' ? [userId] : [userId, which.id]
    return all<{ id: string }>(ending[which.kind], ...values).map(({ id }) => id)
  }
}

export function accountReads(db: DatabaseSync): AccountReads {
  const byName = db.prepare('SELECT * FROM users WHERE name = ?')
  const userById = db.prepare('SELECT * FROM users WHERE id = ?')
  const users = db.prepare('SELECT * FROM users ORDER BY name')
  const byHash = db.prepare('SELECT * FROM sessions WHERE token_hash = ?')
  const ofUser = db.prepare('SELECT * FROM sessions WHERE user_id = ? ORDER BY created_at DESC, id')
  return {
    userByName({ name }) {
      const row = one<UserRow>(byName, name)
      return row && user(row)
    },
    listUsers: () => all<UserRow>(users).map(user),
    sessionByTokenHash({ tokenHash }): SignedIn | undefined {
      const row = one<SessionRow>(byHash, tokenHash)
      const owner = row && one<UserRow>(userById, row.user_id)
      return owner && { session: session(row), user: user(owner) }
    },
    listSessions: ({ userId }) => all<SessionRow>(ofUser, userId).map(session),
  }
}
