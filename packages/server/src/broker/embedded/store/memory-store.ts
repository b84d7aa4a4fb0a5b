import { StoreUnavailable } from '../../../storage/store-unavailable.ts'
import type { SubscriptionOptions } from '../topic-tree.ts'
import type {
  Change,
  EntryRecord,
  MessageRecord,
  RetainedRecord,
  SessionRecord,
  SessionStore,
  StoredSessions,
} from './session-store.ts'

interface Kept {
  session: SessionRecord
  readonly subscriptions: Map<string, SubscriptionOptions>
  readonly retainedOwed: Set<string>
  readonly unreleased: Set<number>
  readonly entries: Map<number, EntryRecord>
}

/** Sessions that outlive their connections, but not the process. Its contents are as a database would give them back. */
export class MemoryStore implements SessionStore {
  readonly #sessions = new Map<number, Kept>()
  readonly #messages = new Map<number, MessageRecord>()
  readonly #retained = new Map<string, RetainedRecord>()
  #isClosed = false

  async load(): Promise<StoredSessions> {
    const kept = [...this.#sessions.values()].sort((one, other) => one.session.key - other.session.key)
    const sessions = kept.map(({ session, subscriptions, retainedOwed, unreleased, entries }) => ({
      session,
      subscriptions: new Map(subscriptions),
      retainedOwed: new Set(retainedOwed),
      unreleased: new Set(unreleased),
      entries: [...entries.values()].sort((one, other) => one.sequence - other.sequence),
    }))
    const used = new Set(sessions.flatMap(({ entries }) => entries.map(({ messageId }) => messageId)))
    for (const id of this.#messages.keys()) if (!used.has(id)) this.#messages.delete(id)
    return { sessions, messages: new Map(this.#messages), retained: [...this.#retained.values()] }
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#isClosed) throw new StoreUnavailable('the store is closing')
    for (const change of changes) this.#apply(change)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #apply(change: Change): void {
    switch (change.do) {
      case 'put-session':
        this.#put(change.session)
        break
      case 'remove-session':
        this.#sessions.delete(change.sessionKey)
        break
      case 'subscribe':
        this.#subscribe(change)
        break
      case 'unsubscribe':
        this.#sessions.get(change.sessionKey)?.subscriptions.delete(change.filter)
        this.#sessions.get(change.sessionKey)?.retainedOwed.delete(change.filter)
        break
      case 'add-message':
        this.#messages.set(change.message.id, { ...change.message, packet: Buffer.from(change.message.packet) })
        break
      case 'remove-message':
        this.#messages.delete(change.messageId)
        break
      case 'add-entry':
        this.#sessions.get(change.entry.sessionKey)?.entries.set(change.entry.sequence, change.entry)
        break
      case 'release-entry':
        this.#release(change.sessionKey, change.sequence)
        break
      case 'remove-entry':
        this.#sessions.get(change.sessionKey)?.entries.delete(change.sequence)
        break
      case 'receive':
        this.#sessions.get(change.sessionKey)?.unreleased.add(change.packetId)
        break
      case 'forget':
        this.#sessions.get(change.sessionKey)?.unreleased.delete(change.packetId)
        break
      case 'retain':
        this.#retained.set(change.message.topic, { ...change.message, packet: Buffer.from(change.message.packet) })
        break
      case 'clear-retained':
        this.#retained.delete(change.topic)
        break
      default:
        change satisfies never
    }
  }

  #put(session: SessionRecord): void {
    const kept = this.#sessions.get(session.key)
    if (kept !== undefined) kept.session = session
    else this.#sessions.set(session.key, newKept(session))
  }

  #subscribe({ sessionKey, filter, options, owesRetained }: Extract<Change, { do: 'subscribe' }>): void {
    const kept = this.#sessions.get(sessionKey)
    kept?.subscriptions.set(filter, options)
    if (owesRetained) kept?.retainedOwed.add(filter)
    else kept?.retainedOwed.delete(filter)
  }

  #release(sessionKey: number, sequence: number): void {
    const entries = this.#sessions.get(sessionKey)?.entries
    const entry = entries?.get(sequence)
    if (entry !== undefined) entries?.set(sequence, { ...entry, isReleased: true })
  }
}

function newKept(session: SessionRecord): Kept {
  return { session, subscriptions: new Map(), retainedOwed: new Set(), unreleased: new Set(), entries: new Map() }
}
