import { Client } from 'pg'
import { SealBroken, type Sealer } from '../seal.ts'
import { MARK_NAME, markOf, UNFINISHED_MIGRATION } from '../sql/migration-mark.ts'
import { clientConfig, type DatabaseName, databaseName } from './connection-settings.ts'
import { sqlState } from './database-error.ts'
import { MIGRATIONS, SCHEMA, SCHEMA_VERSION } from './migrations.ts'

/** The database can't be used; the message is one sentence that names it, its problem and the fix, never the password. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable'
}

const KEY_CHECK = 'hatchway'
const KEY_CHECK_PLACE = 'meta/key-check'
/** Any number that nobody else takes: "hatchway" in ASCII, cut to 63 bits. */
export const MIGRATION_LOCK = '7521983763894330745'
const MIGRATION_LOCK_TIMEOUT_MS = 60_000

export interface OpenOptions {
  url: string
  sealer: Sealer
  timeoutMs: number
  /** Open it although a migration into it has not come to its end: only for that migration. */
  halfFilled?: boolean
  /** How the operator gave the URL, for messages. */
  setting?: string
}

/**
 * Brings the schema up to date and proves that the master key is the one it was made with. Of servers that start
 * together one does it, and the others wait for it.
 *
 * @throws DatabaseUnusable
 */
export async function openDatabase(options: OpenOptions): Promise<void> {
  const { url, sealer, timeoutMs, halfFilled = false } = options
  const name = databaseName(url)
  let client: Client | undefined
  try {
    client = new Client(clientConfig(url, timeoutMs))
    client.on('error', () => undefined) // the statement at work tells of it
    await client.connect()
    await client.query('BEGIN')
    await client.query(`SET LOCAL lock_timeout = ${MIGRATION_LOCK_TIMEOUT_MS}`)
    await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [MIGRATION_LOCK])
    await migrate(client, name)
    await checkMasterKey(client, { name, sealer })
    if (!halfFilled) await refuseHalfFilled(client, name)
    await client.query('COMMIT')
    await client.end()
  } catch (error) {
    client?.connection.stream.destroy() // whoever is there may never answer a good-bye
    throw startProblem(url, error, options)
  }
}

async function migrate(client: Client, name: DatabaseName): Promise<void> {
  const version = await schemaVersion(client)
  if (version > SCHEMA_VERSION) {
    throw new DatabaseUnusable(
      `The database ${shown(name)} has schema version ${version}, this Hatchway knows ${SCHEMA_VERSION}; ` +
        'run the newer Hatchway that made it, or point HATCHWAY_DATABASE_URL elsewhere.',
    )
  }
  await client.query(`SET LOCAL search_path = ${SCHEMA}`)
  for (const step of MIGRATIONS.slice(version)) await client.query(step)
  if (version < SCHEMA_VERSION) await client.query('UPDATE schema_version SET version = $1', [SCHEMA_VERSION])
}

/** 0 in a database that is new to Hatchway; then its schema is made. */
async function schemaVersion(client: Client): Promise<number> {
  const { rows } = await client.query<{ schema: boolean; version: boolean }>(
    `SELECT to_regnamespace('${SCHEMA}') IS NOT NULL AS schema, to_regclass('${SCHEMA}.schema_version') IS NOT NULL AS version`,
  )
  if (rows[0]?.version) {
    const found = await client.query<{ version: number }>(`SELECT version FROM ${SCHEMA}.schema_version`)
    return found.rows[0]?.version ?? 0
  }
  if (!rows[0]?.schema) await client.query(`CREATE SCHEMA ${SCHEMA}`) // an administrator may have made it
  await client.query(`CREATE TABLE ${SCHEMA}.schema_version (version integer NOT NULL)`)
  await client.query(`INSERT INTO ${SCHEMA}.schema_version VALUES (0)`)
  return 0
}

async function checkMasterKey(client: Client, { name, sealer }: { name: DatabaseName; sealer: Sealer }): Promise<void> {
  const { rows } = await client.query<{ value: Uint8Array }>("SELECT value FROM meta WHERE name = 'key-check'")
  const [row] = rows
  if (row === undefined) {
    const sealed = Buffer.from(sealer.seal(KEY_CHECK, KEY_CHECK_PLACE))
    await client.query("INSERT INTO meta (name, value) VALUES ('key-check', $1)", [sealed])
    return
  }
  try {
    if (sealer.open(row.value, KEY_CHECK_PLACE) === KEY_CHECK) return
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
  }
  throw new DatabaseUnusable(
    `The database ${shown(name)} was made with another master key; all gateways need the same one: ` +
      'copy the master key file of the first and point HATCHWAY_MASTER_KEY_FILE at it.',
  )
}

async function refuseHalfFilled(client: Client, name: DatabaseName): Promise<void> {
  const { rows } = await client.query<{ value: Uint8Array }>('SELECT value FROM meta WHERE name = $1', [MARK_NAME])
  if (rows[0] === undefined || markOf(rows[0].value).state === 'done') return
  throw new DatabaseUnusable(`The database ${shown(name)} ${UNFINISHED_MIGRATION}`)
}

export const shown = ({ database, host, port }: DatabaseName): string => `${database} at ${host}:${port}`

// SQLSTATE codes and Node's codes that a start meets, and what to do about them.
const PROBLEMS: readonly { codes: readonly string[]; problem: (name: DatabaseName) => string; fix: string }[] = [
  {
    codes: ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'],
    problem: ({ host }) => `the host ${host} is not known`,
    fix: 'correct the host',
  },
  {
    codes: ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNRESET'],
    problem: () => 'it can not be reached',
    fix: 'check that PostgreSQL runs there and that its port is open',
  },
  {
    codes: ['28P01', '28000'],
    problem: ({ user }) => `it refuses the user ${user} or the password`,
    fix: 'correct them',
  },
  { codes: ['3D000'], problem: () => 'there is no such database', fix: 'create it, or correct its name' },
  {
    codes: ['42501'],
    problem: ({ user }) => `the user ${user} may not make tables in it`,
    fix: `let the user own the database, or make the schema ${SCHEMA} for him`,
  },
  {
    codes: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'CERT_HAS_EXPIRED',
    ],
    problem: () => 'its certificate is not trusted',
    fix: 'name the file of its CA by sslrootcert in the URL, and the host as the certificate does',
  },
  {
    codes: ['ENOENT', 'EACCES'],
    problem: () => 'a file that the URL names can not be read',
    fix: 'correct sslrootcert, sslcert, sslkey or the socket',
  },
  { codes: ['25006'], problem: () => 'it is read-only, as a standby is', fix: 'name the primary server' },
  { codes: ['53300'], problem: () => 'it has no free connection', fix: 'raise its max_connections' },
  { codes: ['57P03'], problem: () => 'it is starting or stopping', fix: 'wait and start again' },
  {
    codes: ['55P03'],
    problem: () => 'another server has been changing its schema for long, or a migration is at work',
    fix: 'start again',
  },
]

/** What a failed start says: one sentence. */
export function startProblem(
  url: string,
  error: unknown,
  { timeoutMs, setting = 'HATCHWAY_DATABASE_URL' }: Pick<OpenOptions, 'timeoutMs' | 'setting'>,
): DatabaseUnusable {
  if (error instanceof DatabaseUnusable) return error
  const name = databaseName(url)
  const code = sqlState(error) ?? (error as { code?: unknown } | null)?.code
  const known = PROBLEMS.find(({ codes }) => typeof code === 'string' && codes.includes(code))
  const message = error instanceof Error ? error.message : String(error)
  const problem = known
    ? `${known.problem(name)} (${message || code})`
    : `it does not answer as PostgreSQL does within ${timeoutMs} ms (${message})`
  const fix = known?.fix ?? 'check host, port, password and sslmode'
  return new DatabaseUnusable(`${setting}: the database ${shown(name)} can't be used: ${problem}; ${fix}.`, {
    cause: error,
  })
}
