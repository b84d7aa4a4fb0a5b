import type { ReasonCode } from '@hatchway/protocol'
import type { ForeignChange } from '../changes.ts'
import { Conflict, InvalidCursor, type Store, StoreUnavailable } from '../store.ts'

/** The calls of a store, by which a process may ask for them. */
export const REMOTE_CALLS = [
  'register',
  'activate',
  'createProduct',
  'product',
  'productView',
  'listProducts',
  'updateProduct',
  'deleteProduct',
  'createDevices',
  'device',
  'deviceView',
  'deviceConnections',
  'listDevices',
  'changeDevice',
  'deleteDevice',
  'changeDevices',
  'createApiKey',
  'apiKey',
  'apiKeyBySecretHash',
  'listApiKeys',
  'revokeApiKey',
  'createUser',
  'userByName',
  'listUsers',
  'updateUser',
  'deleteUser',
  'createSession',
  'sessionByTokenHash',
  'listSessions',
  'noteSessionSeen',
  'endSessions',
  'appendAudit',
  'listAudit',
  'notePresence',
  'appendJournal',
  'listJournal',
  'noteActivity',
  'activity',
  'counts',
  'status',
  'check',
] as const satisfies readonly (keyof Store)[]
export type RemoteCall = (typeof REMOTE_CALLS)[number]

export interface StoreCall {
  kind: 'store-call'
  id: number
  call: RemoteCall
  args: readonly unknown[]
}
/** `value` is left out for undefined. */
export type StoreReply = { kind: 'store-reply'; id: number } & ({ value?: unknown } | { failure: StoreFailure })
export interface StoreChange {
  kind: 'store-change'
  change: ForeignChange
}

/** An error on its way to another process. */
export interface StoreFailure {
  kind: 'store-unavailable' | 'store-slow' | 'conflict' | 'cursor' | 'other'
  message: string
  reason?: ReasonCode
}

export function failureOf(error: unknown): StoreFailure {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof StoreUnavailable) return { kind: error.reason, message }
  if (error instanceof Conflict) return { kind: 'conflict', message, reason: error.reason }
  return { kind: error instanceof InvalidCursor ? 'cursor' : 'other', message }
}

export function errorOf({ kind, message, reason }: StoreFailure): Error {
  if (kind === 'store-unavailable' || kind === 'store-slow') return new StoreUnavailable(message, kind)
  if (kind === 'conflict') return new Conflict(reason ?? 'internal-error', message)
  return kind === 'cursor' ? new InvalidCursor(message) : new Error(message)
}
