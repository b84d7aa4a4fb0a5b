import type { TimeMs } from '../types.ts'

/** Who acts, and from where. */
export interface Actor {
  kind: 'user' | 'key' | 'server'
  id: string
  name: string
  /** Peer address; null for the server itself. */
  address: string | null
  via: 'console' | 'api' | 'cli'
}

/** What the server does of itself when it starts. */
export const THE_SERVER: Actor = { kind: 'server', id: 'server', name: 'server', address: null, via: 'cli' }

/** Fields that an act has changed, secrets masked. */
export type AuditFields = Readonly<Record<string, unknown>>

/** An act, as it is told to the store together with the change itself: both are durable, or neither. */
export interface AuditNote {
  at: TimeMs
  actor: Pick<Actor, 'kind' | 'id' | 'name'>
  /** `device.disable` and the like. */
  action: string
  /** What it was done to: `productKey/deviceName`, a ProductKey, the id of a key, the name of a user. */
  target: string
  before: AuditFields | null
  after: AuditFields | null
  address: Actor['address']
  via: Actor['via']
}

export interface AuditEntry extends AuditNote {
  /** From 1, without gaps. */
  id: number
  /** SHA-256 over this entry and the hash of the one before, 64 lower-case hex. */
  hash: string
}

export interface AuditQuery {
  /** The id or the name of who acted. */
  actor?: string
  /** An action, or its beginning: `device.` */
  action?: string
  /** A target, or its beginning. */
  target?: string
  since?: TimeMs
  /** Entries with a higher id, oldest first: for checking the chain. Without it: newest first. */
  afterId?: number
  limit: number
  cursor?: string
}

/** Stands in the place of a secret. */
export const MASKED = '***'
