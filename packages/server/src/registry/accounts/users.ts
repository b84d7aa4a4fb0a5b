import { randomBytes } from 'node:crypto'
import type { ChangeUserOutcome, CreateUserOutcome, EndingSessions, UserChange } from '../account-store.ts'
import { type Actor, MASKED } from '../audit/audit-entry.ts'
import { changedFields, noteOf } from '../audit/note.ts'
import type { AnnouncingRegistry } from '../create-registry.ts'
import { RequestError } from '../request-error.ts'
import type { TimeMs, User, UserRole } from '../types.ts'
import { actorAs } from './actor-as.ts'
import { checkPassword, checkUserName, checkUserRole, userNameOf } from './fields.ts'
import type { Passwords } from './passwords.ts'

export interface NewUserRequest {
  name: string
  role: UserRole
  /** Left out: signs in by single sign-on only, until a password is set. */
  password?: string
}

export interface UserChangeRequest {
  role?: UserRole
  password?: string
  disabled?: boolean
}

/** Rejects with a RequestError that names the field, its problem and the fix. */
export interface Users {
  create(request: NewUserRequest): Promise<User>
  /** What is left out stays. A new password, another role or being disabled ends the user's sessions. */
  update(name: string, change: UserChangeRequest): Promise<User>
  delete(name: string): Promise<void>
  /** Sets a password that its user has chosen; `keptSessionId` lasts, the others end. */
  setOwnPassword(user: User, next: string, keptSessionId: string): Promise<void>
}

const MAX_USERS = 1000
const ID_SIZE_BYTES = 9

/** Nobody acts without a name. */
export interface UserDesk {
  by(actor: Actor): Users
  /** The first administrator, who acts as himself; rejects with setup-done where a user has a password. */
  createFirst(request: { name: string; password: string }, address: string): Promise<User>
  byName(name: string): Promise<User>
}

export interface UserParts {
  registry: AnnouncingRegistry
  clock: () => TimeMs
  passwords: Passwords
}

export function createUsers(parts: UserParts): UserDesk {
  const byName = async (name: string): Promise<User> => {
    const user = await parts.registry.store.userByName(userNameOf(name))
    if (!user) throw userNotFound(name)
    return user
  }
  return {
    byName,
    by: actor => ({
      create: request => create(parts, request, { condition: 'any', actorFor: () => actor }),
      ...changing({ ...parts, byName }, actor),
    }),
    createFirst: (request, address) =>
      create(parts, { ...request, role: 'admin' }, { condition: 'first', actorFor: user => actorAs(user, address) }),
  }
}

interface Creation {
  condition: 'any' | 'first'
  actorFor: (made: User) => Actor
}

async function create(
  { registry, clock, passwords }: UserParts,
  { name: typed, role, password }: NewUserRequest,
  { condition, actorFor }: Creation,
): Promise<User> {
  const { store } = registry
  const name = checkUserName(typed)
  if ((await store.listUsers()).length >= MAX_USERS) throw tooManyUsers()
  const user: User = {
    id: `us${randomBytes(ID_SIZE_BYTES).toString('base64url')}`,
    name,
    role: checkUserRole(role),
    passwordHash: password === undefined ? null : await passwords.hash(checkPassword(password, name)),
    createdAt: clock(),
    lastSignInAt: null,
    disabledAt: null,
  }
  const after = { role, ...(password === undefined ? {} : { password: MASKED }) }
  const note = noteOf(actorFor(user), user.createdAt, { action: 'user.create', target: name, after })
  const outcome = await store.createUser(user, condition, note)
  if (outcome !== 'created') throw notCreated(outcome, name)
  return user
}

type ChangingParts = UserParts & Pick<UserDesk, 'byName'>

function changing(
  { registry, clock, passwords, byName }: ChangingParts,
  actor: Actor,
): Pick<Users, 'update' | 'delete' | 'setOwnPassword'> {
  const { store } = registry
  const told = ({ id, name }: User, outcome: ChangeUserOutcome): void => {
    if (outcome === 'user-not-found') throw userNotFound(name)
    if (outcome === 'last-admin') throw lastAdmin(name)
    registry.announce({ kind: 'sessions-changed', userId: id, sessionIds: 'all', at: clock() })
  }
  const update = async (user: User, change: Omit<UserChange, 'now'>): Promise<void> => {
    const now = clock()
    const note = noteOf(actor, now, { action: 'user.update', target: user.name, ...userFields(user, change) })
    told(user, await store.updateUser(user.id, { now, ...change }, note))
  }
  return {
    async update(name, { role, password, disabled }) {
      const user = await byName(name)
      const isSwitched = disabled !== undefined && disabled !== (user.disabledAt !== null)
      const endsSessions = password !== undefined || disabled === true || (role !== undefined && role !== user.role)
      await update(user, {
        ...(role === undefined ? {} : { role: checkUserRole(role) }),
        ...(password === undefined ? {} : { passwordHash: await passwords.hash(checkPassword(password, user.name)) }),
        ...(isSwitched ? { disabledAt: disabled ? clock() : null } : {}),
        endSessions: endsSessions ? { kind: 'all' } : null,
      })
      return byName(user.name)
    },
    async delete(name) {
      const user = await byName(name)
      const now = clock()
      const note = noteOf(actor, now, { action: 'user.delete', target: user.name, before: { role: user.role } })
      told(user, await store.deleteUser(user.id, now, note))
    },
    async setOwnPassword(user, next, keptSessionId) {
      const passwordHash = await passwords.hash(checkPassword(next, user.name, 'next'))
      const endSessions: EndingSessions = { kind: 'all-but', id: keptSessionId }
      await update(user, { passwordHash, endSessions })
    },
  }
}

/** What a change does to a user, as the audit log shows it. */
function userFields(user: User, { role, passwordHash, disabledAt }: Omit<UserChange, 'now'>) {
  const fields = changedFields(
    { role: user.role, disabled: user.disabledAt !== null },
    { role, disabled: disabledAt === undefined ? undefined : disabledAt !== null },
  )
  if (passwordHash === undefined) return fields
  const old = user.passwordHash === null ? null : MASKED
  return { before: { ...fields.before, password: old }, after: { ...fields.after, password: MASKED } }
}

function notCreated(outcome: Exclude<CreateUserOutcome, 'created'>, name: string): RequestError {
  if (outcome === 'setup-done') return setupDone()
  return new RequestError('user-exists', {
    problem: `name: there is a user ${name} already`,
    fix: 'choose another name, or change that user',
    field: 'name',
  })
}

export const setupDone = (): RequestError =>
  new RequestError('setup-done', {
    problem: 'A user has a password already, so there is nothing to set up',
    fix: 'sign in, or let an administrator set a password: hatchway user set NAME --password',
  })

const userNotFound = (name: string): RequestError =>
  new RequestError('user-not-found', {
    problem: `There is no user ${JSON.stringify(name)}`,
    fix: 'list the users and use the name of one',
    field: 'name',
  })

const lastAdmin = (name: string): RequestError =>
  new RequestError('last-admin', {
    problem: `${name} is the only administrator who can sign in`,
    fix: 'make another user an administrator first',
    field: 'name',
  })

const tooManyUsers = (): RequestError =>
  new RequestError('quota-exceeded', {
    problem: `There are ${MAX_USERS} users already, disabled ones included`,
    fix: 'delete one that is not needed any more',
  })
