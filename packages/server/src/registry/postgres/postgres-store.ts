import { randomUUID } from 'node:crypto'
import { noteOfDevices } from '../audit/settled-note.ts'
import { createSealer, type Sealer } from '../seal.ts'
import { inChunks, ROWS_PER_CALL } from '../sql/chunks.ts'
import { orphanSweeper } from '../sql/orphan-sweeper.ts'
import type { RegistrationRules, Store } from '../store.ts'
import type { TimeMs } from '../types.ts'
import { accountChanges, accountLists, accountLookups } from './accounts.ts'
import { activity } from './activity.ts'
import { auditChanges, auditLists } from './audit.ts'
import { CallGuard, guarded } from './call-guard.ts'
import { Database, type Statement } from './database.ts'
import { type DeviceCall, deviceCalls } from './device-calls.ts'
import { DeviceLane } from './device-lane.ts'
import { keys } from './keys.ts'
import { Lease } from './lease.ts'
import { lists } from './lists.ts'
import { lookups } from './lookups.ts'
import { Notices } from './notices.ts'
import { openDatabase, startProblem } from './open.ts'
import { products, sweepOrphans } from './products.ts'
import { status } from './status.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database` */
  url: string
  /** 32 bytes; seals the secrets. The same for all gateways of one database. */
  masterKey: Uint8Array
  rules: RegistrationRules
  clock?: () => TimeMs
  /** How long changes of devices are gathered for one transaction, from the first on. */
  groupCommitWindowMs?: number
  /** So many of them are committed without waiting for the window's end. */
  groupCommitRows?: number
  /** After so long a call is rejected with `store-slow`. What it asked may still be done. */
  callTimeoutMs?: number
  /** The newest entries that the journal keeps. With several gateways the smallest limit counts. */
  journalLimit?: number
  maxWaitingCalls?: number
  /** Within so long after a gateway's death its devices begin to go off line. The same for all gateways. */
  gatewayLeaseMs?: number
  /** Told of what nobody waited for: connections that broke while idle, deleted rows that could not be removed yet. */
  onError?: (error: Error) => void
}

/** In a storm a device waits this much longer for its commit, and the database pays for fewer of them. */
const BUSY_WINDOW_FACTOR = 10
const DEFAULT_MAX_WAITING_CALLS = 20_000
const MAX_WAITING_LISTS = 200

/**
 * The registry in one PostgreSQL database, which several gateways may share. What arrives together is one transaction.
 *
 * Rejects with one clear sentence if the database can't be reached, refuses the user, is of a newer version, or has
 * another master key.
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const parts = partsOf(options)
  const { url, timeoutMs, sealer, database, notices, lease } = parts
  await openDatabase({ url, sealer, timeoutMs })
  try {
    await notices.start()
    await lease.start()
  } catch (error) {
    notices.close()
    await database.close()
    throw startProblem(url, error, { timeoutMs })
  }
  const lane = openLane(options, parts)
  const sweeper = orphanSweeper(
    () => database.transaction(session => sweepOrphans(session, ROWS_PER_CALL)),
    parts.onError,
  )
  const calls = new CallGuard({ timeoutMs, maxCalls: options.maxWaitingCalls ?? DEFAULT_MAX_WAITING_CALLS })
  const listCalls = new CallGuard({ timeoutMs, maxCalls: MAX_WAITING_LISTS })
  let closing: Promise<void> | undefined
  sweeper.sweep()
  return {
    ...guarded({ ...lookups(database, sealer), ...accountLookups(database) }, calls),
    ...guarded({ ...lists(database), ...accountLists(database), ...auditLists(database) }, listCalls),
    ...guarded({ ...keys(database, notices), ...accountChanges(database, notices), ...auditChanges(database) }, calls),
    ...guarded(activity(database), calls),
    ...guarded(sweepingAfterDeletion(products(parts), sweeper.sweep), calls),
    ...deviceStore(lane),
    ...guarded({ status: () => status(database, lease.id) }, listCalls),
    ...guarded({ check: () => check(database, parts.clock()) }, calls),
    onForeignChange: listener => notices.onForeignChange(listener),
    onLeaseEvent: listener => lease.onEvent(listener),
    fleet: notices,
    close() {
      closing ??= (async () => {
        sweeper.stop()
        const answered = Promise.all([calls.close(), listCalls.close()])
        await lane.close()
        await answered
        await lease.close()
        notices.close()
        await database.close()
      })()
      return closing
    },
  }
}

interface Parts {
  url: string
  timeoutMs: number
  clock: () => TimeMs
  onError: (error: Error) => void
  sealer: Sealer
  database: Database
  notices: Notices
  lease: Lease
}

function partsOf(options: PostgresStoreOptions): Parts {
  const { url, masterKey, clock = Date.now, callTimeoutMs: timeoutMs = 5000, onError = () => undefined } = options
  const common = { url, timeoutMs, clock, onError }
  const notices = new Notices({ ...common, gateway: randomUUID() })
  const database = new Database(common)
  const lease = new Lease({ database, leaseMs: options.gatewayLeaseMs ?? 20_000, clock, onError })
  return { ...common, notices, lease, sealer: createSealer(masterKey), database }
}

function openLane(options: PostgresStoreOptions, parts: Parts): DeviceLane<DeviceCall> {
  const windowMs = options.groupCommitWindowMs ?? 5
  const { rules, journalLimit = 100_000 } = options
  return new DeviceLane({
    run: deviceCalls({ ...parts, rules, journalLimit: Math.max(1, journalLimit) }),
    windowMs,
    busyWindowMs: windowMs * BUSY_WINDOW_FACTOR,
    windowCalls: options.groupCommitRows ?? 64,
    maxWaitingCalls: options.maxWaitingCalls ?? DEFAULT_MAX_WAITING_CALLS,
    callTimeoutMs: parts.timeoutMs,
  })
}

type DeviceStore = Pick<
  Store,
  | 'register'
  | 'activate'
  | 'createDevices'
  | 'changeDevice'
  | 'deleteDevice'
  | 'changeDevices'
  | 'notePresence'
  | 'appendJournal'
>

function deviceStore(lane: DeviceLane<DeviceCall>): DeviceStore {
  return {
    register: request => lane.add({ kind: 'register', request }),
    activate: request => lane.add({ kind: 'activate', request }),
    createDevices: (rows, note) =>
      inChunks(rows, devices =>
        lane.add({
          kind: 'create',
          devices,
          note:
            note &&
            noteOfDevices(
              note,
              devices.map(({ deviceName }) => deviceName),
            ),
        }),
      ),
    changeDevice: (productKey, deviceName, change, note) =>
      lane.add({ kind: 'change', device: { productKey, deviceName }, change, note }),
    deleteDevice: (productKey, deviceName, note) =>
      lane.add({ kind: 'delete', device: { productKey, deviceName }, note }),
    changeDevices: (productKey, names, change, note) =>
      inChunks(names, deviceNames => {
        const devices = deviceNames.map(deviceName => ({ productKey, deviceName }))
        return lane.add({ kind: 'change-many', devices, change, note: note && noteOfDevices(note, deviceNames) })
      }),
    notePresence: rows => inChunks(rows, changes => lane.add({ kind: 'presence', changes })),
    appendJournal: rows => inChunks(rows, entries => lane.add({ kind: 'append', entries })),
  }
}

type Products = ReturnType<typeof products>

const sweepingAfterDeletion = (store: Products, sweep: () => void): Products => ({
  ...store,
  async deleteProduct(productKey, note) {
    const deleted = await store.deleteProduct(productKey, note)
    if (deleted) sweep()
    return deleted
  },
})

const READ_CHECK: Statement = { name: 'read-check', text: "SELECT value FROM meta WHERE name = 'checked-at'" }
const WRITE_CHECK: Statement = {
  name: 'write-check',
  text: `INSERT INTO meta (name, value) VALUES ('checked-at', convert_to($1, 'UTF8'))
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
}

async function check(database: Database, now: TimeMs): Promise<void> {
  await Promise.all([
    database.transaction(session => session.change(WRITE_CHECK, [String(now)])),
    database.read(READ_CHECK),
  ])
}
