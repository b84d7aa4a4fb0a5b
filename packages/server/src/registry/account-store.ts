import type { AuditNote } from './audit/audit-entry.ts'
import type { Session, SignedIn, TimeMs, User } from './types.ts'

/** Users and their sessions. As for every store: a promise of a changing call resolves after the change is durable. */
export interface AccountStore {
  /** `first`: only as long as no user has a password. */
  createUser(user: User, condition: 'any' | 'first', note?: AuditNote): Promise<CreateUserOutcome>
  userByName(name: string): Promise<User | undefined>
  /** By name; all of them, which are few. */
  listUsers(): Promise<readonly User[]>
  /** Ends sessions in the same transaction; those who change the last administrators at once can't both win. */
  updateUser(id: string, change: UserChange, note?: AuditNote): Promise<ChangeUserOutcome>
  /** With the sessions. */
  deleteUser(id: string, now: TimeMs, note?: AuditNote): Promise<ChangeUserOutcome>

  /** False if the user is gone or disabled. Drops the user's oldest sessions beyond the limit, and whatever has ended. */
  createSession(session: Session, limits: SessionLimits, note?: AuditNote): Promise<boolean>
  sessionByTokenHash(tokenHash: string): Promise<SignedIn | undefined>
  /** Newest first; those that have ended may be among them. */
  listSessions(userId: string): Promise<readonly Session[]>
  noteSessionSeen(id: string, seen: { at: TimeMs; address: string }): Promise<void>
  /** The ids of those that were there. */
  endSessions(ending: EndedSessions, note?: AuditNote): Promise<readonly string[]>
}

export type CreateUserOutcome = 'created' | 'user-exists' | 'setup-done'
export type ChangeUserOutcome = 'changed' | 'user-not-found' | 'last-admin'

export interface UserChange {
  now: TimeMs
  role?: User['role']
  passwordHash?: string
  oidcSubject?: string
  disabledAt?: TimeMs | null
  /** Those that this change ends; null = none. */
  endSessions: EndingSessions | null
}

export type EndingSessions = { kind: 'all' } | { kind: 'one'; id: string } | { kind: 'all-but'; id: string }

export interface EndedSessions {
  userId: string
  which: EndingSessions
  now: TimeMs
}

export interface SessionLimits {
  idleMs: number
  maxPerUser: number
}
