import type { Actor } from '../audit/audit-entry.ts'
import { noteOf } from '../audit/note.ts'
import type { AnnouncingRegistry } from '../create-registry.ts'
import { RequestError } from '../request-error.ts'
import type { TimeMs, User } from '../types.ts'
import { actorAs } from './actor-as.ts'
import { userNameOf } from './fields.ts'
import { createPasswords, type PasswordCost } from './passwords.ts'
import { createSessions, type NewSession, type Sessions, type SessionTimes, type Visitor } from './sessions.ts'
import { createSetupTokens } from './setup-token.ts'
import { type DelayLimits, SignInDelays } from './sign-in-delays.ts'
import { createUsers, type ForeignIdentity, setupDone, type UserDesk } from './users.ts'

export type SignInOutcome =
  | { ok: true; session: NewSession }
  | { ok: false; reason: 'sign-in-refused' }
  | { ok: false; reason: 'sign-in-delayed'; waitMs: number }

/** People: who they are, how they get in, and what they are signed in to. */
export interface Accounts {
  readonly users: UserDesk
  readonly sessions: Sessions
  signIn(credentials: { name: string; password: string }, visitor: Visitor): Promise<SignInOutcome>
  /** Signs in whom a provider has identified; rejects with RequestError sign-in-refused. */
  signInIdentified(identity: ForeignIdentity, visitor: Visitor): Promise<NewSession>
  /** Whether no user has a password yet. */
  needsSetup(): Promise<boolean>
  /** A link's token and its end; rejects with RequestError where there is nothing to set up any more. */
  setupToken(actor: Actor): Promise<{ token: string; expiresAt: TimeMs }>
  /** Makes the first administrator. */
  setUp(request: { token: string; name: string; password: string }, visitor: Visitor): Promise<NewSession>
  /** Ends the user's other sessions. False if `current` is wrong; the delays of signing in hold here too. */
  changePassword(request: PasswordChange, visitor: Visitor): Promise<SignInOutcome['ok'] | { waitMs: number }>
}

export interface PasswordChange {
  user: User
  sessionId: string
  current: string
  next: string
}

export interface AccountParts {
  registry: AnnouncingRegistry
  clock: () => TimeMs
  times: SessionTimes
  /** The same for all gateways of one database. */
  setupSecret: Uint8Array
  /** For tests, which have no half second for each password. */
  passwordCost?: PasswordCost
  onError: (error: unknown) => void
}

/** A stranger must not keep a user out for long, hence the short end. */
const NAME_DELAYS: DelayLimits = { freeFailures: 5, firstDelayMs: 1000, maxDelayMs: 60_000 }
/** Many people may share an address. */
const ADDRESS_DELAYS: DelayLimits = { freeFailures: 20, firstDelayMs: 1000, maxDelayMs: 900_000 }
const REMEMBER_PASSWORD_MS = 30_000
/** Longest name that is remembered of those who fail. */
const MAX_NAME_CHARACTERS = 64

export function createAccounts(parts: AccountParts): Accounts {
  const { registry, clock } = parts
  const { store } = registry
  const passwords = createPasswords(parts.passwordCost)
  const users = createUsers({ registry, clock, passwords })
  const sessions = createSessions(parts)
  const setupTokens = createSetupTokens(parts.setupSecret)
  const judge = passwordJudge(passwords.matches, clock)
  // Asked by everybody who is not signed in, and after the first password the answer hardly ever changes.
  let passwordSeenAt = Number.NEGATIVE_INFINITY
  const needsSetup = async (): Promise<boolean> => {
    if (Math.abs(clock() - passwordSeenAt) < REMEMBER_PASSWORD_MS) return false
    if ((await store.listUsers()).every(({ passwordHash }) => passwordHash === null)) return true
    passwordSeenAt = clock()
    return false
  }
  return {
    users,
    sessions,
    needsSetup,
    async signIn({ name, password }, visitor) {
      const known = userNameOf(name).slice(0, MAX_NAME_CHARACTERS)
      const user = await store.userByName(known)
      const hash = user?.disabledAt === null ? user.passwordHash : null
      const verdict = await judge({ name: known, password, hash, address: visitor.address })
      if (!verdict.ok) return verdict
      const session = user && (await sessions.begin(user, 'password', visitor))
      return session ? { ok: true, session } : { ok: false, reason: 'sign-in-refused' }
    },
    async signInIdentified(identity, visitor) {
      const user = await users.identified(identity, visitor.address)
      return begun(await sessions.begin(user, 'oidc', visitor))
    },
    async setupToken(actor) {
      if (!(await needsSetup())) throw setupDone()
      const made = setupTokens.make(clock())
      const after = { expiresAt: new Date(made.expiresAt).toISOString() }
      await store.appendAudit([noteOf(actor, clock(), { action: 'setup-link.create', target: 'users', after })])
      return made
    },
    async setUp({ token, name, password }, visitor) {
      if (!setupTokens.isGood(token, clock())) throw setupLinkInvalid()
      const user = await users.createFirst({ name, password }, visitor.address)
      return begun(await sessions.begin(user, 'password', visitor))
    },
    async changePassword({ user, sessionId, current, next }, { address }) {
      const verdict = await judge({ name: user.name, password: current, hash: user.passwordHash, address })
      if (!verdict.ok) return verdict.reason === 'sign-in-delayed' ? { waitMs: verdict.waitMs } : false
      await users.by(actorAs(user, address)).setOwnPassword(user, next, sessionId)
      return true
    },
  }
}

function begun(session: NewSession | undefined): NewSession {
  if (session) return session
  const problem = 'The user was deleted or disabled at this instant'
  throw new RequestError('sign-in-refused', { problem, fix: 'ask an administrator' })
}

interface Attempt {
  name: string
  password: string
  hash: string | null
  address: string
}
type Verdict = { ok: true } | Extract<SignInOutcome, { ok: false }>

/** Checks a password, in the same time whether there is one or not, unless its name or address has to wait. */
function passwordJudge(
  matches: (password: string, hash: string | null) => Promise<boolean>,
  clock: () => TimeMs,
): (attempt: Attempt) => Promise<Verdict> {
  const byName = new SignInDelays(NAME_DELAYS)
  const byAddress = new SignInDelays(ADDRESS_DELAYS)
  return async ({ name, password, hash, address }) => {
    const now = clock()
    const waitMs = Math.max(byName.waitMs(name, now), byAddress.waitMs(address, now))
    if (waitMs > 0) return { ok: false, reason: 'sign-in-delayed', waitMs }
    byName.begin(name, now)
    byAddress.begin(address, now)
    let isGood: boolean
    try {
      isGood = await matches(password, hash)
    } catch (error) {
      byName.takeBack(name)
      byAddress.takeBack(address)
      throw error
    }
    if (!isGood) return { ok: false, reason: 'sign-in-refused' }
    byName.forget(name)
    byAddress.takeBack(address)
    return { ok: true }
  }
}

const setupLinkInvalid = (): RequestError =>
  new RequestError('setup-link-invalid', {
    problem: 'The link is not one of this server, or its 24 hours are over',
    fix: 'get a new one: hatchway user setup-link',
    field: 'token',
  })
