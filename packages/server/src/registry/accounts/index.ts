/** People who sign in: users, passwords, sessions. */
export { type Accounts, createAccounts, type PasswordChange, type SignInOutcome } from './accounts.ts'
export { actorAs } from './actor-as.ts'
export type { NewSession, Sessions, Visitor } from './sessions.ts'
export type { ForeignIdentity, Users } from './users.ts'
