import { Pool, type PoolClient } from 'pg'
import { StoreUnavailable } from '../store.ts'
import { clientConfig, setUp } from './connection-settings.ts'
import { isWorthRetrying, storeError } from './database-error.ts'

/** A text with $1, $2 …; with a name it is prepared once on each connection. */
export interface Statement {
  name?: string
  text: string
}

export const placeholder = (place: number): string => `$${place}`

/** A transaction at work. */
export interface Session {
  /** @throws StoreUnavailable, and the database's own error where the statement is at fault */
  query<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
  /** The number of rows that were changed. */
  change(statement: Statement, values?: readonly unknown[]): Promise<number>
}

export interface DatabaseOptions {
  url: string
  timeoutMs: number
  /** Told of connections that broke while nothing was asked on them. */
  onError: (error: Error) => void
}

// Connections at most; they are opened when they are needed and closed when they are idle.
const WRITING_CONNECTIONS = 3
const READING_CONNECTIONS = 4
const LISTING_CONNECTIONS = 2
const IDLE_TIMEOUT_MS = 30_000
const MAX_ATTEMPTS = 8
const GOOD_BYE_TIMEOUT_MS = 1000

/**
 * The connections to one PostgreSQL database. Lookups, lists and changes have connections of their own, so that no
 * CONNECT waits for a long list. A lost connection is opened again by the next call that needs it.
 */
export class Database {
  readonly #timeoutMs: number
  readonly #write: Pool
  readonly #read: Pool
  readonly #list: Pool

  constructor(options: DatabaseOptions) {
    this.#timeoutMs = options.timeoutMs
    this.#write = pool(options, WRITING_CONNECTIONS, true)
    this.#read = pool(options, READING_CONNECTIONS, false)
    this.#list = pool(options, LISTING_CONNECTIONS, false)
  }

  /** For lookups on the way of a CONNECT. */
  read<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return once(this.#read, statement, values)
  }

  /** For what may read a whole table. */
  list<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return once(this.#list, statement, values)
  }

  /**
   * Resolves after the commit. What the work computed may be computed again: a deadlock or a change made meanwhile
   * rolls the transaction back and runs it anew.
   */
  async transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const dueAt = performance.now() + this.#timeoutMs
    for (let attempt = 1; ; attempt++) {
      const restMs = dueAt - performance.now()
      try {
        return await this.#attempt(work, restMs)
      } catch (error) {
        if (!isWorthRetrying(error)) throw error
        if (attempt < MAX_ATTEMPTS && performance.now() < dueAt) continue
        throw new StoreUnavailable('others changed the same rows again and again', 'store-slow', error)
      }
    }
  }

  async #attempt<Result>(work: (session: Session) => Promise<Result>, restMs: number): Promise<Result> {
    const client = await connect(this.#write)
    // Ends the wait for an answer that may never come; what waits on this connection is rejected.
    const timer = setTimeout(() => client.connection.stream.destroy(), Math.max(1, restMs))
    const session = sessionOn(client)
    let usable = true
    try {
      await session.query(BEGIN)
      const result = await work(session)
      await session.query(COMMIT)
      return result
    } catch (error) {
      usable = !(error instanceof StoreUnavailable) && (await rollsBack(session))
      throw error
    } finally {
      clearTimeout(timer)
      client.release(!usable)
    }
  }

  async close(): Promise<void> {
    // A way to the database that is cut would keep the good-bye from ending.
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>(resolve => {
      timer = setTimeout(resolve, GOOD_BYE_TIMEOUT_MS)
    })
    await Promise.race([Promise.all([this.#write.end(), this.#read.end(), this.#list.end()]), timeout])
    clearTimeout(timer)
  }
}

const BEGIN: Statement = { text: 'BEGIN' }
const COMMIT: Statement = { text: 'COMMIT' }
const ROLLBACK: Statement = { text: 'ROLLBACK' }

/** False if the connection can't be used any more; closing it rolls back as well. */
const rollsBack = (session: Session): Promise<boolean> =>
  session.query(ROLLBACK).then(
    () => true,
    () => false,
  )

function pool({ url, timeoutMs, onError }: DatabaseOptions, max: number, writes: boolean): Pool {
  const made = new Pool({
    ...clientConfig(url, timeoutMs),
    query_timeout: timeoutMs,
    max,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    // Awaited by the pool, whatever its type says.
    onConnect(client) {
      client.on('error', () => undefined) // the next call on this connection tells of it, or the pool if it is idle
      return setUp(client, { timeoutMs, writes }) as unknown as undefined
    },
  })
  // A new error: the pool's own one has the connection in it, which belongs into no log.
  made.on('error', ({ message }) => onError(new Error(message)))
  return made
}

async function connect(from: Pool): Promise<PoolClient> {
  try {
    return await from.connect()
  } catch (error) {
    throw storeError(error)
  }
}

async function once<Row extends object>(
  from: Pool,
  statement: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const client = await connect(from)
  let broken = false
  try {
    return await sessionOn(client).query<Row>(statement, values)
  } catch (error) {
    broken = error instanceof StoreUnavailable
    throw error
  } finally {
    client.release(broken)
  }
}

function sessionOn(client: PoolClient): Session {
  const run = async <Row extends object>({ name, text }: Statement, values: readonly unknown[] = []) => {
    try {
      return await client.query<Row>({ ...(name === undefined ? {} : { name }), text, values: values.map(storable) })
    } catch (error) {
      throw isWorthRetrying(error) ? error : storeError(error)
    }
  }
  return {
    query: async <Row extends object>(statement: Statement, values?: readonly unknown[]) =>
      (await run<Row>(statement, values)).rows,
    change: async (statement, values) => (await run(statement, values)).rowCount ?? 0,
  }
}

/** A text of PostgreSQL holds any character but U+0000, which no name may have and a refused one can. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value
  return Array.isArray(value) ? value.map(storable) : value
}
