import type { AccountStore, EndingSessions } from '../account-store.ts'
import type { ForeignChange } from '../changes.ts'
import { type SessionRow, session, type UserRow, user } from '../sql/rows.ts'
import type { TimeMs } from '../types.ts'
import { auditedTransaction } from './audit.ts'
import type { Database, Statement, Session as Transaction } from './database.ts'
import type { Notices } from './notices.ts'

type Changing = Pick<
  AccountStore,
  'createUser' | 'updateUser' | 'deleteUser' | 'createSession' | 'noteSessionSeen' | 'endSessions'
>
type UserChanging = Pick<Changing, 'createUser' | 'updateUser' | 'deleteUser'>

// Who may do what changes rarely, and rules such as "one administrator stays" are about all users at once.
const LOCK_USERS: Statement = { text: 'LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE' }
const USER: Statement = { text: 'SELECT * FROM users WHERE id = $1' }
const TAKEN: Statement = { text: 'SELECT id FROM users WHERE name = $1' }
const WITH_PASSWORD: Statement = { text: 'SELECT id FROM users WHERE password_hash IS NOT NULL LIMIT 1' }
const OTHER_ADMIN: Statement = {
  text: `SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> $1 LIMIT 1`,
}
const INSERT_USER: Statement = {
  text: `INSERT INTO users (id, name, role, password_hash, oidc_subject, created_at, last_sign_in_at, disabled_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
}
const UPDATE_USER: Statement = {
  text: 'UPDATE users SET role = $2, password_hash = $3, disabled_at = $4, oidc_subject = $5 WHERE id = $1',
}
const DROP_USER: Statement = { text: 'DELETE FROM users WHERE id = $1' }

export function accountChanges(database: Database, notices: Notices): Changing {
  return { ...userChanges(database, notices), ...sessionChanges(database, notices) }
}

function userChanges(database: Database, notices: Notices): UserChanging {
  const found = async (transaction: Transaction, statement: Statement, value?: string): Promise<boolean> =>
    (await transaction.query(statement, value === undefined ? [] : [value])).length > 0
  const locked = async (transaction: Transaction, id: string): Promise<UserRow | undefined> => {
    await transaction.query(LOCK_USERS)
    return (await transaction.query<UserRow>(USER, [id]))[0]
  }
  const isLastAdmin = async (transaction: Transaction, { id, role, disabled_at }: UserRow): Promise<boolean> =>
    role === 'admin' && disabled_at === null && !(await found(transaction, OTHER_ADMIN, id))
  return {
    createUser: (made, condition, note) =>
      auditedTransaction(database, note, async transaction => {
        await transaction.query(LOCK_USERS)
        if (condition === 'first' && (await found(transaction, WITH_PASSWORD))) return 'setup-done'
        if (await found(transaction, TAKEN, made.name)) return 'user-exists'
        const { id, name, role, passwordHash, oidcSubject, createdAt, lastSignInAt, disabledAt } = made
        const values = [id, name, role, passwordHash, oidcSubject, createdAt, lastSignInAt, disabledAt]
        await transaction.change(INSERT_USER, values)
        return 'created'
      }),
    updateUser: (id, { now, role, passwordHash, oidcSubject, disabledAt, endSessions }, note) =>
      auditedTransaction(database, note, async transaction => {
        const row = await locked(transaction, id)
        if (!row) return 'user-not-found'
        const next = {
          role: role ?? row.role,
          passwordHash: passwordHash ?? row.password_hash,
          oidcSubject: oidcSubject ?? row.oidc_subject,
          disabledAt: disabledAt === undefined ? row.disabled_at : disabledAt,
        }
        const staysAdmin = next.role === 'admin' && next.disabledAt === null
        if (!staysAdmin && (await isLastAdmin(transaction, row))) return 'last-admin'
        await transaction.change(UPDATE_USER, [id, next.role, next.passwordHash, next.disabledAt, next.oidcSubject])
        if (endSessions) await end(transaction, id, endSessions)
        await notices.send(transaction, [changedSessions(id, 'all', now)])
        return 'changed'
      }),
    deleteUser: (id, now, note) =>
      auditedTransaction(database, note, async transaction => {
        const row = await locked(transaction, id)
        if (!row) return 'user-not-found'
        if (await isLastAdmin(transaction, row)) return 'last-admin'
        await transaction.change(DROP_USER, [id]) // and by its foreign key every session
        await notices.send(transaction, [changedSessions(id, 'all', now)])
        return 'changed'
      }),
  }
}

const changedSessions = (userId: string, sessionIds: readonly string[] | 'all', at: TimeMs): ForeignChange => ({
  kind: 'sessions-changed',
  userId,
  sessionIds,
  at,
})

const INSERT_SESSION: Statement = {
  text: `INSERT INTO sessions (id, user_id, token_hash, via, created_at, last_seen_at, expires_at, address, user_agent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
}
// First of all: its lock of the table must not come after one of a row, or two would wait for each other.
const SIGNED_IN: Statement = { text: 'UPDATE users SET last_sign_in_at = $2 WHERE id = $1 AND disabled_at IS NULL' }
const DROP_ENDED: Statement = { text: 'DELETE FROM sessions WHERE expires_at <= $1 OR last_seen_at <= $2' }
const DROP_OLDEST: Statement = {
  text: `DELETE FROM sessions WHERE user_id = $1 AND id NOT IN
    (SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC, id LIMIT $2)`,
}
const SEEN: Statement = {
  text: 'UPDATE sessions SET last_seen_at = greatest(last_seen_at, $2::bigint), address = $3 WHERE id = $1',
}

function sessionChanges(database: Database, notices: Notices): Omit<Changing, keyof UserChanging> {
  return {
    createSession: (made, { idleMs, maxPerUser }, note) =>
      auditedTransaction(database, note, async transaction => {
        const { id, userId, tokenHash, via, createdAt, lastSeenAt, expiresAt, address, userAgent } = made
        if ((await transaction.change(SIGNED_IN, [userId, createdAt])) === 0) return false
        await transaction.change(DROP_ENDED, [createdAt, createdAt - idleMs])
        await transaction.change(DROP_OLDEST, [userId, maxPerUser - 1])
        const values = [id, userId, tokenHash, via, createdAt, lastSeenAt, expiresAt, address, userAgent]
        await transaction.change(INSERT_SESSION, values)
        return true
      }),
    async noteSessionSeen(id, { at, address }) {
      await database.transaction(transaction => transaction.change(SEEN, [id, at, address]))
    },
    endSessions: ({ userId, which, now }, note) =>
      auditedTransaction(database, note, async transaction => {
        const ended = await end(transaction, userId, which)
        if (ended.length > 0) await notices.send(transaction, [changedSessions(userId, ended, now)])
        return ended
      }),
  }
}

const ENDING: Readonly<Record<EndingSessions['kind'], Statement>> = {
  all: { text: 'DELETE FROM sessions WHERE user_id = $1 RETURNING id' },
  one: { text: 'DELETE FROM sessions WHERE user_id = $1 AND id = $2 RETURNING id' },
  'all-but': { text: 'DELETE FROM sessions WHERE user_id = $1 AND id <> $2 RETURNING id' },
}

async function end(transaction: Transaction, userId: string, which: EndingSessions): Promise<string[]> {
  const values = which.kind === 'all' ? [userId] : [userId, which.id]
  return (await transaction.query<{ id: string }>(ENDING[which.kind], values)).map(({ id }) => id)
}

type SignedInRow = SessionRow & { owner: UserRow }

const BY_NAME: Statement = { text: 'SELECT * FROM users WHERE name = $1' }
const BY_HASH: Statement = {
  name: 'session-by-hash',
  text: 'SELECT s.*, to_json(u) AS owner FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1',
}
const USERS: Statement = { text: 'SELECT * FROM users ORDER BY name' }
const OF_USER: Statement = { text: 'SELECT * FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, id' }

/** Lookups on the way of a request. */
export function accountLookups(database: Database): Pick<AccountStore, 'userByName' | 'sessionByTokenHash'> {
  return {
    async userByName(name) {
      const [row] = await database.read<UserRow>(BY_NAME, [name])
      return row && user(row)
    },
    async sessionByTokenHash(tokenHash) {
      const [row] = await database.read<SignedInRow>(BY_HASH, [tokenHash])
      return row && { session: session(row), user: user(row.owner) }
    },
  }
}

export function accountLists(database: Database): Pick<AccountStore, 'listUsers' | 'listSessions'> {
  return {
    listUsers: async () => (await database.list<UserRow>(USERS)).map(user),
    listSessions: async userId => (await database.list<SessionRow>(OF_USER, [userId])).map(session),
  }
}
