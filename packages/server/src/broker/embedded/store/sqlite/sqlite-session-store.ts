import { DatabaseThread } from '../../../../storage/database-thread.ts'
import type { SubscriptionOptions } from '../../topic-tree.ts'
import type {
  EntryRecord,
  MessageRecord,
  RetainedRecord,
  SessionStore,
  StoredSession,
  StoredSessions,
} from '../session-store.ts'
import { fromPortable, pack, type StoreCalls, type StoreThreadOptions } from './calls.ts'

export interface SqliteSessionStoreOptions {
  /** The database file; its directory must exist. `-wal` and `-shm` files stand beside it while it is open. */
  readonly file: string
  /** After so long a commit is rejected with `store-slow`. It may still be done. */
  readonly callTimeoutMs?: number
}

// The published package holds JavaScript, a checkout TypeScript.
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
const ROWS_PER_PAGE = 5000
const PAGE_BYTES = 4 * 1024 * 1024
/** The broker has one commit under way at a time. */
const MAX_WAITING_CALLS = 16

/**
 * Sessions in one SQLite file, on Node's own `node:sqlite`: WAL, synchronous=FULL, in a thread of its own.
 *
 * Rejects with one clear sentence if the file is no database, is damaged, or is of a newer version.
 */
export async function openSqliteSessionStore(options: SqliteSessionStoreOptions): Promise<SessionStore> {
  const { file, callTimeoutMs = 5000 } = options
  const first: StoreThreadOptions = { file, busyTimeoutMs: Math.floor(callTimeoutMs / 2), create: true }
  const thread = new DatabaseThread<StoreCalls>({
    module: WORKER,
    name: 'database-sessions',
    data: { first, again: { ...first, create: false } },
    windowMs: 0,
    windowCalls: 1,
    maxWaitingCalls: MAX_WAITING_CALLS,
    callTimeoutMs,
  })
  await thread.start().catch(async error => {
    await thread.close()
    throw error
  })
  return {
    load: () => load(thread),
    commit: changes => {
      const packed = pack(changes)
      return thread.call('commit', packed.changes, packed.bytes)
    },
    close: () => thread.close(),
  }
}

async function load(thread: DatabaseThread<StoreCalls>): Promise<StoredSessions> {
  await thread.call('removeUnused', {})
  const limit = ROWS_PER_PAGE
  const sessions = new Map<number, Loading>()
  for await (const session of pages(
    -1,
    last => thread.call('sessions', { after: last, limit }),
    row => row.key,
  )) {
    sessions.set(session.key, newLoading(fromPortable(session)))
  }
  const none = { sessionKey: -1 }
  const nextSubscriptions = (last: { sessionKey: number; filter?: string }) =>
    thread.call('subscriptions', { after: last.sessionKey, filter: last.filter ?? '', limit })
  for await (const { sessionKey, filter, options, owesRetained } of pages(none, nextSubscriptions, row => row)) {
    const session = sessions.get(sessionKey)
    session?.subscriptions.set(filter, options)
    if (owesRetained) session?.retainedOwed.add(filter)
  }
  const nextUnreleased = (last: { sessionKey: number; packetId?: number }) =>
    thread.call('unreleased', { after: last.sessionKey, packetId: last.packetId ?? 0, limit })
  for await (const { sessionKey, packetId } of pages(none, nextUnreleased, row => row)) {
    sessions.get(sessionKey)?.unreleased.add(packetId)
  }
  const nextEntries = (last: { sessionKey: number; sequence?: number }) =>
    thread.call('entries', { after: last.sessionKey, sequence: last.sequence ?? 0, limit })
  for await (const entry of pages(none, nextEntries, row => row)) sessions.get(entry.sessionKey)?.entries.push(entry)
  return {
    sessions: [...sessions.values()],
    messages: await loadMessages(thread),
    retained: await loadRetained(thread),
  }
}

async function loadMessages(thread: DatabaseThread<StoreCalls>): Promise<Map<number, MessageRecord>> {
  const messages = new Map<number, MessageRecord>()
  const next = (after: number) => thread.call('messages', { after, limitBytes: PAGE_BYTES })
  for await (const message of pages(-1, next, row => row.id)) {
    messages.set(message.id, { ...message, packet: Buffer.from(message.packet, 'base64') })
  }
  return messages
}

async function loadRetained(thread: DatabaseThread<StoreCalls>): Promise<RetainedRecord[]> {
  const retained: RetainedRecord[] = []
  const next = (after: string) => thread.call('retained', { after, limitBytes: PAGE_BYTES })
  for await (const message of pages('', next, row => row.topic)) {
    retained.push({ ...message, packet: Buffer.from(message.packet, 'base64') })
  }
  return retained
}

interface Loading extends StoredSession {
  readonly subscriptions: Map<string, SubscriptionOptions>
  readonly retainedOwed: Set<string>
  readonly unreleased: Set<number>
  readonly entries: EntryRecord[]
}

function newLoading(session: StoredSession['session']): Loading {
  return { session, subscriptions: new Map(), retainedOwed: new Set(), unreleased: new Set(), entries: [] }
}

/** All rows, asking for the next page after the last row of the one before. */
async function* pages<Row, Cursor>(
  start: Cursor,
  next: (after: Cursor) => Promise<readonly Row[]>,
  cursorOf: (row: Row) => Cursor,
): AsyncIterable<Row> {
  let rows = await next(start)
  for (let last = rows.at(-1); last !== undefined; last = rows.at(-1)) {
    yield* rows
    rows = await next(cursorOf(last))
  }
}
