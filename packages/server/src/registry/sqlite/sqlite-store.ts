import type { ReasonCode } from '@hatchway/protocol'
import { DatabaseThread, type ThreadSettings } from '../../storage/database-thread.ts'
import type { Failure } from '../../storage/messages.ts'
import type { AccountStore } from '../account-store.ts'
import type { AuditNote } from '../audit/audit-entry.ts'
import { noteOfDevices } from '../audit/settled-note.ts'
import { inChunks, ROWS_PER_CALL } from '../sql/chunks.ts'
import { orphanSweeper } from '../sql/orphan-sweeper.ts'
import { Conflict, InvalidCursor, type RegistrationOutcome, type RegistrationRequest, type Store } from '../store.ts'
import type { JournalEntry, NewJournalEntry, TimeMs } from '../types.ts'
import type { ListCalls, ReadCalls, RegistrationReply, Role, ThreadOptions, WriteCalls } from './calls.ts'

export interface SqliteStoreOptions {
  /** The database file; its directory must exist. `-wal` and `-shm` files stand beside it while it is open. */
  file: string
  /** 32 bytes; seals the secrets. */
  masterKey: Uint8Array
  /** The module that exports `rules: RegistrationRules`; the writing thread imports it. */
  rulesModule: URL | string
  clock?: () => TimeMs
  /** How long changing calls are gathered for one commit, from the first on. */
  groupCommitWindowMs?: number
  /** So many changing calls are committed without waiting for the window's end. */
  groupCommitRows?: number
  /** After so long a call is rejected with `store-slow`. What it asked may still be done. */
  callTimeoutMs?: number
  /** The newest entries that the journal keeps. */
  journalLimit?: number
  /** The database grows to at most this; beyond it, changes are refused as on a full disk. */
  sizeLimitBytes?: number
  maxWaitingCalls?: number
}

// The published package holds JavaScript, a checkout TypeScript.
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
/** In a storm a device waits this much longer for its commit, and the server pays for fewer of them. */
const BUSY_WINDOW_FACTOR = 10
const DEFAULT_MAX_WAITING_CALLS = 20_000
const MAX_WAITING_LISTS = 200

interface Threads {
  write: DatabaseThread<WriteCalls>
  read: DatabaseThread<ReadCalls>
  list: DatabaseThread<ListCalls>
}

/**
 * The registry in one SQLite file, on Node's own `node:sqlite`: WAL, synchronous=FULL, group commit. Three threads, so
 * that
 * neither the event loop nor a CONNECT's lookup waits for the disk or for a long list.
 *
 * Rejects with one clear sentence if the file is no database, is damaged, is of a newer version, or has another master
 * key.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const clock = options.clock ?? Date.now
  const threads: Threads = {
    write: new DatabaseThread<WriteCalls>(threadSettings(options, 'write', clock())),
    read: new DatabaseThread<ReadCalls>(threadSettings(options, 'read', clock())),
    list: new DatabaseThread<ListCalls>(threadSettings(options, 'list', clock())), // started by its first call
  }
  const sweeper = orphanSweeper(
    () => threads.write.call('sweepOrphans', { devices: ROWS_PER_CALL }),
    () => undefined, // a failure leaves them to the next sweep
  )
  const close = async (): Promise<void> => {
    sweeper.stop()
    await Promise.all([threads.read.close(), threads.list.close()])
    await threads.write.close() // last, so that it folds the write-ahead log into the file
  }
  try {
    await threads.write.start()
    await threads.read.start()
    if (await threads.read.call('hasOrphans', {})) sweeper.sweep()
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...registration(threads),
    ...products(threads, sweeper.sweep),
    ...devices(threads),
    ...apiKeys(threads),
    ...accounts(threads),
    ...journal(threads),
    appendAudit: notes => threads.write.call('appendAudit', notes),
    listAudit: query => threads.list.call('listAudit', query),
    noteActivity: (gateway, minutes) => threads.write.call('noteActivity', { gateway, minutes }),
    activity: sinceMinute => threads.list.call('activity', { sinceMinute }),
    counts: () => threads.list.call('counts', {}),
    status: async () => ({ sizeBytes: await threads.list.call('sizeBytes', {}), gateways: [] }),
    async check() {
      await Promise.all([threads.write.call('writeCheck', { now: clock() }), threads.read.call('readCheck', {})])
    },
    close,
  }
}

function threadSettings(options: SqliteStoreOptions, role: Role, now: TimeMs): ThreadSettings {
  const callTimeoutMs = options.callTimeoutMs ?? 5000
  const windowMs = role === 'write' ? (options.groupCommitWindowMs ?? 5) : 0
  const thread: ThreadOptions = {
    role,
    file: options.file,
    masterKey: Uint8Array.from(options.masterKey),
    rulesModule: String(options.rulesModule),
    journalLimit: options.journalLimit ?? 100_000,
    busyTimeoutMs: Math.floor(callTimeoutMs / 2), // so that a lock held elsewhere is told by its name
    sizeLimitBytes: options.sizeLimitBytes ?? null,
    firstStart: { now },
  }
  return {
    module: WORKER,
    name: `database-${role}`,
    data: { first: thread, again: { ...thread, firstStart: null } satisfies ThreadOptions },
    errorOf,
    callTimeoutMs,
    windowMs,
    busyWindowMs: windowMs * BUSY_WINDOW_FACTOR,
    windowCalls: options.groupCommitRows ?? 64,
    maxWaitingCalls: role === 'list' ? MAX_WAITING_LISTS : (options.maxWaitingCalls ?? DEFAULT_MAX_WAITING_CALLS),
  }
}

function errorOf({ kind, error, reason }: Failure): Error | undefined {
  if (kind === 'conflict') return new Conflict(reason as ReasonCode, error) // the thread sent a Conflict's own
  return kind === 'cursor' ? new InvalidCursor(error) : undefined
}

type Noted = Exclude<keyof WriteCalls, 'audited'>

/** A changing call, with the note of the act if there is one. */
function change<Name extends Noted>(
  { write }: Threads,
  note: AuditNote | undefined,
  ...[name, argument]: [name: Name, argument: Parameters<WriteCalls[Name]>[0]]
): Promise<ReturnType<WriteCalls[Name]>> {
  if (note === undefined) return write.call(name, argument)
  return write.call('audited', { call: [name, argument], note }) as Promise<ReturnType<WriteCalls[Name]>>
}

function registration({ write }: Threads): Pick<Store, 'register' | 'activate'> {
  const outcome = (request: RegistrationRequest, reply: RegistrationReply): RegistrationOutcome => {
    if (!reply.ok) return reply
    const { journalId, ...issued } = reply
    return { ...issued, journal: { ...request.journal, id: journalId } }
  }
  return {
    register: async request => outcome(request, await write.call('register', request)),
    activate: request => write.call('activate', request),
  }
}

function products(
  threads: Threads,
  onDeleted: () => void,
): Pick<Store, 'createProduct' | 'product' | 'productView' | 'listProducts' | 'updateProduct' | 'deleteProduct'> {
  const { read, list } = threads
  return {
    createProduct: (product, note) => change(threads, note, 'createProduct', product),
    product: productKey => read.call('product', { productKey }),
    productView: productKey => read.call('productView', { productKey }),
    listProducts: query => list.call('listProducts', query),
    updateProduct: (productKey, changed, now, note) =>
      change(threads, note, 'updateProduct', { productKey, change: changed, now }),
    async deleteProduct(productKey, note) {
      const deleted = await change(threads, note, 'deleteProduct', { productKey })
      if (deleted) onDeleted()
      return deleted
    },
  }
}

type Devices = Pick<
  Store,
  | 'createDevices'
  | 'device'
  | 'deviceView'
  | 'deviceConnections'
  | 'listDevices'
  | 'changeDevice'
  | 'deleteDevice'
  | 'changeDevices'
  | 'notePresence'
>

function devices(threads: Threads): Devices {
  const { write, read, list } = threads
  return {
    createDevices: (rows, note) =>
      inChunks(rows, chunk => change(threads, note && noteOfDevices(note, chunk.map(nameOf)), 'createDevices', chunk)),
    device: (productKey, deviceName) => read.call('device', { productKey, deviceName }),
    deviceView: (productKey, deviceName) => read.call('deviceView', { productKey, deviceName }),
    deviceConnections: (productKey, deviceName) => read.call('deviceConnections', { productKey, deviceName }),
    listDevices: query => list.call('listDevices', query),
    changeDevice: (productKey, deviceName, changed, note) =>
      change(threads, note, 'changeDevice', { productKey, deviceName, change: changed }),
    deleteDevice: (productKey, deviceName, note) => change(threads, note, 'deleteDevice', { productKey, deviceName }),
    changeDevices: (productKey, names, changed, note) =>
      inChunks(names, deviceNames =>
        change(threads, note && noteOfDevices(note, deviceNames), 'changeDevices', {
          ...{ productKey, deviceNames, change: changed },
        }),
      ),
    notePresence: changes => inChunks(changes, chunk => write.call('notePresence', chunk)),
  }
}

const nameOf = ({ deviceName }: { deviceName: string }): string => deviceName

type ApiKeys = Pick<Store, 'createApiKey' | 'apiKey' | 'apiKeyBySecretHash' | 'listApiKeys' | 'revokeApiKey'>

function apiKeys(threads: Threads): ApiKeys {
  const { read, list } = threads
  return {
    createApiKey: (key, note) => change(threads, note, 'createApiKey', key),
    apiKey: id => read.call('apiKey', { id }),
    apiKeyBySecretHash: secretHash => read.call('apiKeyBySecretHash', { secretHash }),
    listApiKeys: () => list.call('listApiKeys', {}),
    revokeApiKey: (id, now, note) => change(threads, note, 'revokeApiKey', { id, now }),
  }
}

function accounts(threads: Threads): AccountStore {
  const { write, read } = threads
  return {
    createUser: (user, condition, note) => change(threads, note, 'createUser', { user, condition }),
    userByName: name => read.call('userByName', { name }),
    listUsers: () => read.call('listUsers', {}),
    updateUser: (id, changed, note) => change(threads, note, 'updateUser', { id, change: changed }),
    deleteUser: (id, _now, note) => change(threads, note, 'deleteUser', { id }),
    createSession: (session, limits, note) => change(threads, note, 'createSession', { session, limits }),
    sessionByTokenHash: tokenHash => read.call('sessionByTokenHash', { tokenHash }),
    listSessions: userId => read.call('listSessions', { userId }),
    noteSessionSeen: (id, { at, address }) => write.call('noteSessionSeen', { id, at, address }),
    endSessions: (ending, note) => change(threads, note, 'endSessions', ending),
  }
}

function journal({ write, list }: Threads): Pick<Store, 'appendJournal' | 'listJournal'> {
  const append = async (entries: readonly NewJournalEntry[]): Promise<JournalEntry[]> => {
    const ids = await write.call('appendJournal', entries)
    return entries.map((entry, at) => ({ ...entry, id: ids[at]! })) // one id for each entry
  }
  return {
    appendJournal: entries => inChunks(entries, append),
    listJournal: query => list.call('listJournal', query),
  }
}
