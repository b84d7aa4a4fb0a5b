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

/** What a provider of single sign-on vouches for. */
export interface ForeignIdentity {
  issuer: string
  subject: string
  /** A user name, as the provider has it. */
  name: string
  role: UserRole
}

/** Nobody acts without a name. */
export interface UserDesk {
  by(actor: Actor): Users
  /** The first administrator, who acts as himself; rejects with setup-done where a user has a password. */
  createFirst(request: { name: string; password: string }, address: string): Promise<User>
  /** The user whom a provider has identified, made or brought up to date; rejects with sign-in-refused. */
  identified(identity: ForeignIdentity, address: string): Promise<User>
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
    identified: (identity, address) => identified({ ...parts, byName }, identity, address),
  }
}

interface Creation {
  oidcSubject?: string
  condition: 'any' | 'first'
  actorFor: (made: User) => Actor
}

async function create(
  { registry, clock, passwords }: UserParts,
  { name: typed, role, password }: NewUserRequest,
  { condition, actorFor, oidcSubject }: Creation,
): Promise<User> {
  const { store } = registry
  const name = checkUserName(typed)
  if ((await store.listUsers()).length >= MAX_USERS) throw tooManyUsers()
  const user: User = {
    id: `us${randomBytes(ID_SIZE_BYTES).toString('base64url')}`,
    name,
    role: checkUserRole(role),
    passwordHash: password === undefined ? null : await passwords.hash(checkPassword(password, name)),
    oidcSubject: oidcSubject ?? null,
    createdAt: clock(),
    lastSignInAt: null,
    disabledAt: null,
  }
  const after = {
    role,
    ...(password === undefined ? {} : { password: MASKED }),
    ...(oidcSubject === undefined ? {} : { oidcSubject }),
  }
  const note = noteOf(actorFor(user), user.createdAt, { action: 'user.create', target: name, after })
  const outcome = await store.createUser(user, condition, note)
  if (outcome !== 'created') throw notCreated(outcome, name)
  return user
}

async function identified(parts: ChangingParts, identity: ForeignIdentity, address: string): Promise<User> {
  const { store } = parts.registry
  const { name, role } = identity
  const oidcSubject = `${identity.issuer} ${identity.subject}`
  const known = (await store.listUsers()).find(user => user.oidcSubject === oidcSubject)
  const sameName = known ?? (await store.userByName(userNameOf(name)))
  if (sameName === undefined) {
    const actorFor = (user: User): Actor => actorAs(user, address)
    return create(parts, { name, role }, { condition: 'any', oidcSubject, actorFor })
  }
  // A name alone proves nothing: whoever has a password, or another subject, is not taken over.
  const isOther = known === undefined && (sameName.passwordHash !== null || sameName.oidcSubject !== null)
  if (isOther || sameName.disabledAt !== null) throw notLetIn(sameName.name)
  const change = {
    ...(role === sameName.role ? {} : { role }),
    ...(known === undefined ? { oidcSubject } : {}),
  }
  if (Object.keys(change).length > 0) {
    await changer(parts, actorAs(sameName, address))(sameName, { ...change, endSessions: null }).catch(keepLastAdmin)
  }
  return parts.byName(sameName.name)
}

/** The provider has taken the role from the last administrator: he keeps it, or nobody could give it to another. */
const keepLastAdmin = (error: unknown): void => {
  if (!(error instanceof RequestError) || error.reason !== 'last-admin') throw error
}

const notLetIn = (name: string): RequestError =>
  new RequestError('sign-in-refused', {
    problem: `The provider has identified ${name}, and the user of that name here is disabled or another one`,
    fix: 'ask an administrator',
  })

type ChangingParts = UserParts & Pick<UserDesk, 'byName'>

/** Changes a user, notes it, and tells. */
function changer({ registry, clock }: UserParts, actor: Actor) {
  return async (user: User, change: Omit<UserChange, 'now'>): Promise<void> => {
    const now = clock()
    const note = noteOf(actor, now, { action: 'user.update', target: user.name, ...userFields(user, change) })
    const outcome = await registry.store.updateUser(user.id, { now, ...change }, note)
    tell(registry, user, { outcome, at: now })
  }
}

function tell(
  registry: AnnouncingRegistry,
  { id, name }: User,
  { outcome, at }: { outcome: ChangeUserOutcome; at: TimeMs },
): void {
  if (outcome === 'user-not-found') throw userNotFound(name)
  if (outcome === 'last-admin') throw lastAdmin(name)
  registry.announce({ kind: 'sessions-changed', userId: id, sessionIds: 'all', at })
}

function changing(parts: ChangingParts, actor: Actor): Pick<Users, 'update' | 'delete' | 'setOwnPassword'> {
  const { registry, clock, passwords, byName } = parts
  const update = changer(parts, actor)
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
      tell(registry, user, { outcome: await registry.store.deleteUser(user.id, now, note), at: now })
    },
    async setOwnPassword(user, next, keptSessionId) {
      const passwordHash = await passwords.hash(checkPassword(next, user.name, 'next'))
      const endSessions: EndingSessions = { kind: 'all-but', id: keptSessionId }
      await update(user, { passwordHash, endSessions })
    },
  }
}

/** What a change does to a user, as the audit log shows it. */
function userFields(user: User, { role, passwordHash, oidcSubject, disabledAt }: Omit<UserChange, 'now'>) {
  const fields = changedFields(
    { role: user.role, oidcSubject: user.oidcSubject, disabled: user.disabledAt !== null },
    { role, oidcSubject, disabled: disabledAt === undefined ? undefined : disabledAt !== null },
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
