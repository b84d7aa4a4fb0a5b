import type { SubscriptionOptions } from '../../topic-tree.ts'
import type { Change, EntryRecord, MessageRecord, RetainedRecord, SessionRecord, StoredWill } from '../session-store.ts'

/** Bytes as base64: calls and answers travel as JSON. */
type Portable<Value> = { readonly [Name in keyof Value]: Value[Name] extends Uint8Array ? string : Value[Name] }

export type PortableMessage = Portable<MessageRecord>
export type PortableRetained = Portable<RetainedRecord>
export type PortableSession = Omit<SessionRecord, 'will'> & { readonly will: Portable<StoredWill> | null }
export type PortableChange =
  | Exclude<Change, { do: 'put-session' | 'add-message' | 'retain' }>
  | { readonly do: 'put-session'; readonly session: PortableSession }
  | { readonly do: 'add-message'; readonly message: PortableMessage }
  | { readonly do: 'retain'; readonly message: PortableRetained }

/** Pages go on after the last row of the one before; the first is asked for with -1 (and an empty `filter`). */
export type StoreCalls = {
  commit(changes: readonly PortableChange[]): void
  removeUnused(query: Record<never, never>): void
  sessions(page: { after: number; limit: number }): PortableSession[]
  subscriptions(page: { after: number; filter: string; limit: number }): {
    sessionKey: number
    filter: string
    options: SubscriptionOptions
    owesRetained: boolean
  }[]
  unreleased(page: { after: number; packetId: number; limit: number }): { sessionKey: number; packetId: number }[]
  entries(page: { after: number; sequence: number; limit: number }): EntryRecord[]
  /** Until so many bytes are reached, one message at least. */
  messages(page: { after: number; limitBytes: number }): PortableMessage[]
  /** The same, after a topic. */
  retained(page: { after: string; limitBytes: number }): PortableRetained[]
}

export interface StoreThreadOptions {
  readonly file: string
  readonly busyTimeoutMs: number
  /** The file may be made: at the server's start only. */
  readonly create: boolean
}

export function toPortable(change: Change): PortableChange {
  if (change.do === 'add-message') {
    return { do: change.do, message: { ...change.message, packet: base64(change.message.packet) } }
  }
  if (change.do === 'retain') {
    return { do: change.do, message: { ...change.message, packet: base64(change.message.packet) } }
  }
  if (change.do !== 'put-session') return change
  const { session } = change
  const will = session.will === null ? null : { ...session.will, packet: base64(session.will.packet) }
  return { do: change.do, session: { ...session, identity: portableIdentity(session), will } }
}

/** A set would be lost in JSON. */
function portableIdentity({ identity }: SessionRecord): SessionRecord['identity'] {
  if (identity.kind === 'device' || identity.products === 'all') return identity
  return { ...identity, products: [...identity.products] as unknown as Set<string> } // undone by `fromPortable`
}

export function fromPortable({ identity, will, ...session }: PortableSession): SessionRecord {
  const isListed = identity.kind === 'application' && identity.products !== 'all'
  return {
    ...session,
    identity: isListed ? { ...identity, products: new Set(identity.products) } : identity,
    will: will === null ? null : { ...will, packet: Buffer.from(will.packet, 'base64') },
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
