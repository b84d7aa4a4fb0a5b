import { Client } from 'pg'
import {
  type ColumnKind,
  type CopiedRow,
  type CopiedTable,
  type CopiedValue,
  columnNames,
  keyNames,
} from '../migration/copied-tables.ts'
import { type CopyEnd, copiedText, identityOf, MigrationRefused } from '../migration/copy-end.ts'
import type { Sealer } from '../seal.ts'
import { COUNT_COLUMNS } from '../sql/counted.ts'
import { MARK_NAME, markBytes, markOf } from '../sql/migration-mark.ts'
import { StoreUnavailable } from '../store.ts'
import type { TimeMs } from '../types.ts'
import { clientConfig, databaseName, setUp } from './connection-settings.ts'
import { storeError } from './database-error.ts'
import { MIGRATION_LOCK, openDatabase, shown, startProblem } from './open.ts'

const CONNECT_TIMEOUT_MS = 5000
/** For one page, or for counting a table. */
const STATEMENT_TIMEOUT_MS = 120_000

export interface PostgresCopyEndOptions {
  url: string
  sealer: Sealer
  /** The source is opened as a server's start does it, the target may be new or half filled. */
  role: 'source' | 'target'
  now: TimeMs
  /** How the operator gave the URL, for messages. */
  setting: string
}

/**
 * Opens a registry in PostgreSQL for a migration, with its schema brought up to date. Gateways can't start on it before
 * it is closed.
 *
 * @throws DatabaseUnusable, and MigrationRefused where a gateway is at work
 */
export async function openPostgresCopyEnd(options: PostgresCopyEndOptions): Promise<CopyEnd> {
  const { url, sealer, role, now, setting } = options
  await openDatabase({ url, sealer, timeoutMs: CONNECT_TIMEOUT_MS, halfFilled: role === 'target', setting })
  const name = `the database ${shown(databaseName(url))}`
  const clients = { work: newClient(url), guard: newClient(url) }
  try {
    await keepGatewaysOut(clients.guard, name)
    await clients.work.connect()
    await setUp(clients.work, { timeoutMs: STATEMENT_TIMEOUT_MS, writes: false })
    if (role === 'source') await setAllOffline(clients.work, now)
    const keyCheck = await metaValue(clients.work, 'key-check')
    return copyEnd(clients, { name, identity: identityOf(keyCheck ?? Buffer.alloc(0)) }) // made by its opening
  } catch (error) {
    for (const client of Object.values(clients)) client.connection.stream.destroy()
    throw error instanceof MigrationRefused
      ? error
      : startProblem(url, error, { timeoutMs: CONNECT_TIMEOUT_MS, setting })
  }
}

function newClient(url: string): Client {
  const client = new Client({ ...clientConfig(url, CONNECT_TIMEOUT_MS), query_timeout: STATEMENT_TIMEOUT_MS })
  client.on('error', () => undefined) // the statement at work tells of it
  return client
}

/**
 * As long as the connection lives no gateway starts (it waits for the lock of schema changes) and none that was just
 * starting gets a lease. Refuses where one has a lease or another migration is at work.
 */
async function keepGatewaysOut(guard: Client, name: string): Promise<void> {
  await guard.connect()
  await setUp(guard, { timeoutMs: CONNECT_TIMEOUT_MS, writes: false })
  const locked = await guard.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1::bigint) AS free', [
    MIGRATION_LOCK,
  ])
  if (locked.rows[0]?.free !== true) {
    throw new MigrationRefused(`${name} is in use by another migration, or a gateway is starting on it; stop that one.`)
  }
  await guard.query('BEGIN')
  await guard.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  await guard.query('LOCK TABLE gateways IN SHARE ROW EXCLUSIVE MODE')
  const alive = await guard.query('SELECT id FROM gateways WHERE expires_at >= now()')
  if (alive.rows.length === 0) return
  const advice = 'stop all of them; one that was killed counts until its lease has run out'
  throw new MigrationRefused(`${name} is in use by ${alive.rows.length} gateway(s): ${advice}.`)
}

/** What a crash has left on line. */
const setAllOffline = (client: Client, now: TimeMs): Promise<unknown> =>
  client.query(
    `WITH gone AS (UPDATE devices SET online = false, gateway_id = NULL, last_offline_at = $1 WHERE online)
    UPDATE product_counts SET offline_count = offline_count + online_count, online_count = 0 WHERE online_count <> 0`,
    [now],
  )

type Clients = { work: Client; guard: Client }

function copyEnd({ work: client, guard }: Clients, names: Pick<CopyEnd, 'name' | 'identity'>): CopyEnd {
  const number = async (text: string): Promise<number> => {
    const { rows } = await client.query<{ number: number }>(text)
    return rows[0]?.number ?? 0
  }
  return {
    ...names,
    async mark() {
      const value = await metaValue(client, MARK_NAME)
      return value && markOf(value)
    },
    async setMark(mark) {
      const text = `INSERT INTO meta (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value`
      await client.query(text, [MARK_NAME, markBytes(mark)])
    },
    count: ({ name }) => number(`SELECT count(*) AS number FROM ${name}`),
    ...tableAccess(client, names.name),
    lastProductId: () => number('SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS number FROM products_id_seq'),
    async complete(lastProductId) {
      await guard.query('SELECT 1') // its connection must have held all the time
      await client.query("SELECT setval('products_id_seq', $1, $2)", [Math.max(1, lastProductId), lastProductId > 0])
      await client.query(`UPDATE journal_head SET first_id = coalesce((SELECT min(id) FROM journal), 1),
        last_id = coalesce((SELECT max(id) FROM journal), 0)`)
      await client.query('ANALYZE products, product_counts, devices, client_ids, api_keys, journal')
    },
    async close() {
      await Promise.all([client.end(), guard.end()])
    },
  }
}

async function metaValue(client: Client, name: string): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ value: Uint8Array }>('SELECT value FROM meta WHERE name = $1', [name])
  return rows[0]?.value
}

function tableAccess(client: Client, name: string): Pick<CopyEnd, 'lastKey' | 'rows' | 'insert'> {
  const lost = (error: unknown): never => {
    const told = storeError(error)
    if (!(told instanceof StoreUnavailable)) throw error
    throw new MigrationRefused(`${name} was lost (${told.message}); run the same command again, it goes on there.`)
  }
  const read = async (text: string, values: CopiedRow): Promise<CopiedRow[]> =>
    (await client.query<CopiedValue[]>({ text, values: [...values], rowMode: 'array' }).catch(lost)).rows
  return {
    async lastKey(table) {
      const key = keyNames(table)
      const order = key.map(name => `${name} DESC`).join(', ')
      return (await read(`SELECT ${key.join(', ')} FROM ${table.name} ORDER BY ${order} LIMIT 1`, []))[0]
    },
    rows(table, after = [], limit) {
      const key = keyNames(table).join(', ')
      const places = after.map((_, at) => `$${at + 1}`).join(', ')
      const beyond = after.length === 0 ? '' : `WHERE (${key}) > (${places})`
      const columns = table.columns.map(([name, kind]) => (kind === 'boolean' ? `${name}::integer` : name))
      const from = table.name === 'products' ? 'products JOIN product_counts ON product_id = id' : table.name
      const text = `SELECT ${columns.join(', ')} FROM ${from} ${beyond} ORDER BY ${key} LIMIT $${after.length + 1}`
      return read(text, [...after, limit])
    },
    async insert(table, rows) {
      const values = table.columns.map(([, kind], at) => rows.map(row => stored(kind, row[at] ?? null)))
      await client.query({ name: `copy-${table.name}`, text: insertText(table), values }).catch(lost)
    },
  }
}

const TYPES: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  integer: 'bigint',
  boolean: 'boolean',
  bytes: 'bytea',
}

/** All rows in one statement; one column is one array. */
function insertText(table: CopiedTable): string {
  const names = columnNames(table)
  const arrays = table.columns.map(([, kind], at) => `$${at + 1}::${TYPES[kind]}[]`)
  const rows = `SELECT * FROM unnest(${arrays.join(', ')}) AS r (${names.join(', ')})`
  if (table.name !== 'products') return `INSERT INTO ${table.name} (${names.join(', ')}) ${rows}`
  const counts: readonly string[] = COUNT_COLUMNS
  const own = names.filter(name => !counts.includes(name)).join(', ')
  return `WITH r AS (${rows}),
    made AS (INSERT INTO products (${own}) OVERRIDING SYSTEM VALUE SELECT ${own} FROM r)
    INSERT INTO product_counts (product_id, ${counts.join(', ')}) SELECT id, ${counts.join(', ')} FROM r`
}

function stored(kind: ColumnKind, value: CopiedValue): unknown {
  if (value === null) return null
  if (kind === 'boolean') return value === 1
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return typeof value === 'string' ? copiedText(value) : value
}
