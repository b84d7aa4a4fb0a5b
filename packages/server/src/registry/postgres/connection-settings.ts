import { type ClientBase, type ClientConfig, types } from 'pg'
import { SCHEMA } from './migrations.ts'

const INT8 = 20
const KEEP_ALIVE_DELAY_MS = 10_000

/** What names a database in messages: never the password. */
export interface DatabaseName {
  database: string
  host: string
  port: number
  user: string
}

export function databaseName(url: string): DatabaseName {
  const { pathname, hostname, port, username } = new URL(url)
  const user = decodeURIComponent(username) || 'postgres'
  const database = decodeURIComponent(pathname.slice(1)) || user
  return { database, host: hostname || 'localhost', port: port === '' ? 5432 : Number(port), user }
}

/** For messages and examples: the password is three stars. */
export function databaseWithoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = '***'
  if (shown.searchParams.has('password')) shown.searchParams.set('password', '***')
  return shown.href
}

export function clientConfig(url: string, timeoutMs: number): ClientConfig {
  return {
    connectionString: withPlainSslMode(url),
    connectionTimeoutMillis: timeoutMs,
    application_name: 'hatchway',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    // Times are milliseconds and ids are counted up from 1: both are safe as numbers.
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 && format !== 'binary' ? Number : types.getTypeParser(oid, format as 'text'),
    } as NonNullable<ClientConfig['types']>,
  }
}

// `pg` takes these for verify-full, which is the safe side, and would print a warning about it at each start.
const TAKEN_FOR_VERIFY_FULL: ReadonlySet<string> = new Set(['prefer', 'require', 'verify-ca'])

function withPlainSslMode(given: string): string {
  const url = new URL(given)
  if (url.searchParams.has('uselibpqcompat')) return given
  if (TAKEN_FOR_VERIFY_FULL.has(url.searchParams.get('sslmode') ?? '')) url.searchParams.set('sslmode', 'verify-full')
  return url.href
}

/**
 * Set on each new connection. The server itself ends what nobody waits for any more. The rows of a batch are few beside
 * the table's and all have their key: left to itself, the planner would read a table of 20,000 devices whole for 200 of
 * them, so on connections that write it is told to look each one up. Plans are made anew each time there: one from when
 * the table was empty would be kept through the storm that fills it. Compiling (`jit`) costs more than any statement here.
 */
const SET_UP = `SELECT set_config('search_path', '${SCHEMA}', false), set_config('statement_timeout', $1, false),
  set_config('lock_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $1, false),
  set_config('enable_seqscan', $2, false), set_config('enable_hashjoin', $2, false),
  set_config('enable_mergejoin', $2, false), set_config('plan_cache_mode', $3, false),
  set_config('jit', 'off', false),
  set_config('default_transaction_isolation', 'read committed', false),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
    ELSE current_setting('synchronous_commit') END, false)` // a credential is handed out only when it is durable

export async function setUp(
  client: ClientBase,
  { timeoutMs, writes }: { timeoutMs: number; writes: boolean },
): Promise<void> {
  await client.query(SET_UP, [String(timeoutMs), ...(writes ? ['off', 'force_custom_plan'] : ['on', 'auto'])])
}
