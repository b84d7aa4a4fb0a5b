import type { SubscriptionOptions } from '../../topic-tree.ts'
import type { Change, EntryRecord, MessageRecord, RetainedRecord, SessionRecord, StoredWill } from '../session-store.ts'

/** Bytes as base64: answers travel as JSON. */
type Portable<Value> = { readonly [Name in keyof Value]: Value[Name] extends Uint8Array ? string : Value[Name] }

export type PortableMessage = Portable<MessageRecord>
export type PortableRetained = Portable<RetainedRecord>
export type PortableSession = Omit<SessionRecord, 'will'> & { readonly will: Portable<StoredWill> | null }

/** How many bytes there are: changes are many, so all their bytes travel beside the JSON, one after another. */
type Packed<Value> = { readonly [Name in keyof Value]: Value[Name] extends Uint8Array ? number : Value[Name] }

export type PackedSession = Omit<SessionRecord, 'will'> & { readonly will: Packed<StoredWill> | null }
export type PackedChange =
  | Exclude<Change, { do: 'put-session' | 'add-message' | 'retain' }>
  | { readonly do: 'put-session'; readonly session: PackedSession }
  | { readonly do: 'add-message'; readonly message: Packed<MessageRecord> }
  | { readonly do: 'retain'; readonly message: Packed<RetainedRecord> }

/** Pages go on after the last row of the one before; the first is asked for with -1 (and an empty `filter`). */
export type StoreCalls = {
  commit(changes: readonly PackedChange[], bytes?: Uint8Array): void
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

/** The changes, and their bytes in memory that can be given away. */
export function pack(changes: readonly Change[]): { changes: PackedChange[]; bytes: Uint8Array<ArrayBuffer> } {
  const parts: Uint8Array[] = []
  const packed = changes.map(change => packChange(change, parts))
  const bytes = new Uint8Array(parts.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { changes: packed, bytes }
}

function packChange(change: Change, parts: Uint8Array[]): PackedChange {
  const sizeOf = (bytes: Uint8Array): number => {
    parts.push(bytes)
    return bytes.length
  }
  switch (change.do) {
    case 'add-message':
      return { do: change.do, message: { ...change.message, packet: sizeOf(change.message.packet) } }
    case 'retain':
      return { do: change.do, message: { ...change.message, packet: sizeOf(change.message.packet) } }
    case 'put-session': {
      const { session } = change
      const will = session.will === null ? null : { ...session.will, packet: sizeOf(session.will.packet) }
      return { do: change.do, session: { ...session, identity: portableIdentity(session), will } }
    }
    default:
      return change
  }
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
