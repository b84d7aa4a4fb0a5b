import type { ProtocolLevel } from '../../../mqtt/index.ts'
import type { Identity } from '../../port.ts'
import type { SubscriptionOptions } from '../topic-tree.ts'

/** A will that is published if the session's connection ends without a goodbye, or that waits for its delay. */
export interface StoredWill {
  /** The message as a PUBLISH packet of `level`, without packet identifier. */
  readonly packet: Uint8Array
  readonly level: 4 | 5
  readonly qos: 0 | 1 | 2
  readonly delaySeconds: number
}

/** A session without its subscriptions and messages. `key` is its number for as long as it lasts, and never another's. */
export interface SessionRecord {
  readonly key: number
  readonly sessionId: string
  readonly identity: Identity
  readonly level: ProtocolLevel
  /** Session Expiry Interval in force, 0xFFFFFFFF = never. */
  readonly expirySeconds: number
  /** When its connection ended, milliseconds since 1970; null = it has one, or had when the process died. */
  readonly absentSinceMs: number | null
  /** Messages up to this one may have been sent before its connection ended: DUP is set when they are sent again. */
  readonly sentUpTo: number
  readonly will: StoredWill | null
}

/** A message, held once however many sessions wait for it. */
export interface MessageRecord {
  /** Ascending in the order of arrival. */
  readonly id: number
  /** The PUBLISH packet as it came; its first byte and packet identifier mean nothing. */
  readonly packet: Uint8Array
  readonly level: 4 | 5
  /** Milliseconds since 1970, 0 = never. */
  readonly expiresAtMs: number
}

/** One message on its way to one session. */
export interface EntryRecord {
  readonly sessionKey: number
  /** Ascending in the order in which the session gets them. */
  readonly sequence: number
  readonly messageId: number
  readonly packetId: number
  /** Of the PUBLISH: QoS and RETAIN. */
  readonly firstByte: number
  readonly identifiers: readonly number[]
  /** The `$share/{group}/{filter}` whose other members get it if the session ends; null = it came by none. */
  readonly sharedFilter: string | null
  /** PUBREC has come: PUBREL is what is sent. */
  readonly isReleased: boolean
}

/** The last message of a topic that was published with RETAIN. */
export interface RetainedRecord {
  readonly topic: string
  /** The PUBLISH packet as it came; its packet identifier means nothing. */
  readonly packet: Uint8Array
  readonly level: 4 | 5
  /** The session it came from, empty for the platform. */
  readonly from: string
  /** Milliseconds since 1970, 0 = never. */
  readonly expiresAtMs: number
}

/** One step of what the store must hold, in terms that may be applied twice without harm. */
export type Change =
  | { readonly do: 'put-session'; readonly session: SessionRecord }
  /** With all that hangs on it; messages are removed on their own. */
  | { readonly do: 'remove-session'; readonly sessionKey: number }
  | {
      readonly do: 'subscribe'
      readonly sessionKey: number
      readonly filter: string
      readonly options: SubscriptionOptions
      /** Retained messages that match are still to be sent on its account. */
      readonly owesRetained: boolean
    }
  | { readonly do: 'unsubscribe'; readonly sessionKey: number; readonly filter: string }
  | { readonly do: 'add-message'; readonly message: MessageRecord }
  | { readonly do: 'remove-message'; readonly messageId: number }
  | { readonly do: 'add-entry'; readonly entry: EntryRecord }
  | { readonly do: 'release-entry'; readonly sessionKey: number; readonly sequence: number }
  | { readonly do: 'remove-entry'; readonly sessionKey: number; readonly sequence: number }
  /** A QoS 2 message came from the session's client and is not released. */
  | { readonly do: 'receive'; readonly sessionKey: number; readonly packetId: number }
  | { readonly do: 'forget'; readonly sessionKey: number; readonly packetId: number }
  /** In the place of the one that the topic had. */
  | { readonly do: 'retain'; readonly message: RetainedRecord }
  | { readonly do: 'clear-retained'; readonly topic: string }

export interface StoredSession {
  readonly session: SessionRecord
  readonly subscriptions: ReadonlyMap<string, SubscriptionOptions>
  /** Those of its filters whose retained messages it has not got, or not all. */
  readonly retainedOwed: ReadonlySet<string>
  readonly unreleased: ReadonlySet<number>
  /** By sequence. */
  readonly entries: readonly EntryRecord[]
}

export interface StoredSessions {
  readonly sessions: readonly StoredSession[]
  /** Those that an entry refers to, by id. */
  readonly messages: ReadonlyMap<number, MessageRecord>
  /** One of each topic. */
  readonly retained: readonly RetainedRecord[]
}

export const nothingStored: StoredSessions = { sessions: [], messages: new Map(), retained: [] }

/**
 * Where sessions outlive their connections and this process. The broker holds them in memory, loads them once when it
 * starts, and hands over what changed, one commit at a time. `session-store.suite.ts` is the specification.
 */
export interface SessionStore {
  /** All that is stored. Messages without entries are removed. */
  load(): Promise<StoredSessions>
  /**
   * Applies the changes in their order, all or none; resolves when they are durable. Rejects with `StoreUnavailable` if
   * that failed or took too long: they may be in the store all the same, so the caller hands over the same ones again.
   */
  commit(changes: readonly Change[]): Promise<void>
  close(): Promise<void>
}
