import { createHash, randomBytes } from 'node:crypto'
import type { EndingSessions, SessionLimits } from '../account-store.ts'
import type { Actor } from '../audit/audit-entry.ts'
import { noteOf } from '../audit/note.ts'
import type { AnnouncingRegistry } from '../create-registry.ts'
import { hashSecret } from '../hash.ts'
import { RequestError } from '../request-error.ts'
import type { Session, SignedIn, SignInWay, TimeMs, User } from '../types.ts'
import { actorAs } from './actor-as.ts'

export interface SessionTimes {
  /** A session without a request ends after so long. */
  idleMs: number
  /** And any session after so long. */
  maxMs: number
}

/** Where a person signs in from. */
export interface Visitor {
  address: string
  userAgent: string
}

/** The token goes into the cookie, and is kept nowhere. */
export interface NewSession extends SignedIn {
  token: string
}

export type SessionOwner = Pick<User, 'id' | 'name'>

export interface Sessions {
  /** Undefined if the user is gone or disabled meanwhile. */
  begin(user: User, via: SignInWay, visitor: Visitor): Promise<NewSession | undefined>
  /** The session of a cookie as long as it lasts; a request through it keeps it from idling out. */
  live(token: string, address: string): Promise<SignedIn | undefined>
  /** Whether it still lasts, without a request through it. */
  lasts(token: string): Promise<boolean>
  endsAt(session: Session): TimeMs
  /** Those that last, newest first. */
  ofUser(userId: string): Promise<readonly Session[]>
  /** Rejects with RequestError where the user has no such session. */
  end(user: SessionOwner, id: string, actor: Actor): Promise<void>
  /** Also where it has ended by itself meanwhile. */
  endIfThere(signedIn: SignedIn, actor: Actor): Promise<void>
  endAll(user: SessionOwner, actor: Actor): Promise<void>
}

const TOKEN_SIZE_BYTES = 32
const TOKEN = /^[A-Za-z0-9_-]{43}$/
const MAX_SESSIONS_A_USER = 20
/** What is noted of a session's activity is at most this much behind. */
const SEEN_STEP_MS = 60_000
const MAX_USER_AGENT_CHARACTERS = 256

export interface SessionParts {
  registry: AnnouncingRegistry
  clock: () => TimeMs
  times: SessionTimes
  /** Told of what nobody waited for. */
  onError: (error: unknown) => void
}

export function createSessions({ registry, clock, times, onError }: SessionParts): Sessions {
  const { store } = registry
  const limits: SessionLimits = { idleMs: times.idleMs, maxPerUser: MAX_SESSIONS_A_USER }
  const endsAt = ({ expiresAt, lastSeenAt }: Session): TimeMs => Math.min(expiresAt, lastSeenAt + times.idleMs)
  const isLive = ({ session, user }: SignedIn): boolean => user.disabledAt === null && clock() < endsAt(session)
  const lasting = async (token: string): Promise<SignedIn | undefined> => {
    const known = TOKEN.test(token) ? await registry.sessionByToken(token) : undefined
    return known && isLive(known) ? known : undefined
  }
  const end = async (owner: SessionOwner, which: EndingSessions, actor: Actor): Promise<boolean> => {
    const now = clock()
    const before = which.kind === 'one' ? { sessionId: which.id } : null
    const action = which.kind === 'one' ? 'session.end' : 'session.end-all'
    const note = noteOf(actor, now, { action, target: owner.name, before })
    const sessionIds = await store.endSessions({ userId: owner.id, which, now }, note)
    if (sessionIds.length === 0) return false
    registry.announce({ kind: 'sessions-changed', userId: owner.id, sessionIds, at: now })
    return true
  }
  return {
    async begin(user, via, { address, userAgent }) {
      const token = randomBytes(TOKEN_SIZE_BYTES).toString('base64url')
      const now = clock()
      const session: Session = {
        id: idOf(token),
        userId: user.id,
        tokenHash: hashSecret(token),
        via,
        createdAt: now,
        lastSeenAt: now,
        expiresAt: now + times.maxMs,
        address,
        userAgent: userAgent.slice(0, MAX_USER_AGENT_CHARACTERS),
      }
      const act = { action: 'session.begin', target: user.name, after: { sessionId: session.id, via } }
      const note = noteOf(actorAs(user, address), now, act)
      return (await store.createSession(session, limits, note)) ? { token, session, user } : undefined
    },
    async live(token, address) {
      const known = await lasting(token)
      if (!known) return undefined
      const { session } = known
      const now = clock()
      if (now - session.lastSeenAt >= SEEN_STEP_MS || address !== session.address) {
        // The request does not wait: at worst the session idles out a little earlier.
        store.noteSessionSeen(session.id, { at: now, address }).catch(onError)
      }
      return known
    },
    lasts: async token => (await lasting(token)) !== undefined,
    endsAt,
    ofUser: async userId => (await store.listSessions(userId)).filter(session => clock() < endsAt(session)),
    async end(owner, id, actor) {
      if (!(await end(owner, { kind: 'one', id }, actor))) throw sessionNotFound(id)
    },
    async endIfThere({ session, user }, actor) {
      await end(user, { kind: 'one', id: session.id }, actor)
    },
    async endAll(owner, actor) {
      await end(owner, { kind: 'all' }, actor)
    },
  }
}

/** Shows nothing of the token: the hash that is stored is another one. */
const idOf = (token: string): string =>
  createHash('sha256').update(`session id ${token}`).digest('base64url').slice(0, 22)

const sessionNotFound = (id: string): RequestError =>
  new RequestError('session-not-found', {
    problem: `There is no session ${JSON.stringify(id)} of this user`,
    fix: 'list the sessions and use the id of one',
    field: 'id',
  })
