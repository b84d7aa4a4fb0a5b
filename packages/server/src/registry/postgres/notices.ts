import { Client } from 'pg'
import type { ForeignChange } from '../changes.ts'
import { Listeners } from '../listeners.ts'
import type { FleetChannel } from '../store.ts'
import type { TimeMs } from '../types.ts'
import { clientConfig } from './connection-settings.ts'
import type { Session, Statement } from './database.ts'

const CHANNEL = 'hatchway'
/** For what is of the moment only: older gateways don't listen there. */
const LIVE_CHANNEL = 'hatchway_live'
/** Words on their way to the database; beyond it they are dropped. */
const MAX_WORDS_UNDER_WAY = 50
/** PostgreSQL takes less than 8000 bytes. */
const MAX_NOTICE_SIZE_BYTES = 7900
const PING_INTERVAL_MS = 10_000
const SET_UP_TIMEOUT_MS = 10_000
const FIRST_BACK_OFF_MS = 200
const MAX_BACK_OFF_MS = 5000

const NOTIFY: Statement = {
  name: 'notify',
  text: `SELECT count(pg_notify('${CHANNEL}', notice)) FROM unnest($1::text[]) AS notice`,
}

const SAY: Statement = { name: 'say', text: `SELECT pg_notify('${LIVE_CHANNEL}', $1)` }

export interface NoticesOptions {
  url: string
  timeoutMs: number
  /** Tells one's own notices from others'. */
  gateway: string
  clock: () => TimeMs
  onError: (error: Error) => void
}

/**
 * What gateways of one database tell each other by LISTEN and NOTIFY. A notice is sent in the transaction of its change,
 * so it arrives if and only if that is committed. When the connection was lost, listeners hear that anything may have
 * changed.
 */
export class Notices implements FleetChannel {
  readonly #options: NoticesOptions
  readonly #listeners = new Listeners<ForeignChange>()
  readonly #said = new Listeners<{ gateway: string; word: unknown }>()
  #client: Client | undefined
  #timer: NodeJS.Timeout | undefined
  #backOffMs = FIRST_BACK_OFF_MS
  #closed = false
  #wordsUnderWay = 0

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    await this.#listen({ isStart: true })
  }

  onForeignChange(listener: (change: ForeignChange) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** To be called in the transaction that makes the changes. */
  async send(session: Session, changes: readonly ForeignChange[]): Promise<void> {
    if (changes.length > 0) await session.query(NOTIFY, [notices(this.#options.gateway, changes)])
  }

  onSaid(listener: (said: { gateway: string; word: unknown }) => void): () => void {
    return this.#said.add(listener)
  }

  say(word: object): void {
    const client = this.#client
    const text = JSON.stringify({ gateway: this.#options.gateway, word })
    const isTooMuch = Buffer.byteLength(text) > MAX_NOTICE_SIZE_BYTES || this.#wordsUnderWay >= MAX_WORDS_UNDER_WAY
    if (client === undefined || isTooMuch) return
    this.#wordsUnderWay += 1
    client
      .query({ ...SAY, values: [text] })
      .catch((error: Error) => this.#lost(client, error))
      .finally(() => {
        this.#wordsUnderWay -= 1
      })
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    // Nothing is under way on it that would need a good-bye.
    client?.connection.stream.destroy()
  }

  async #listen({ isStart }: { isStart: boolean }): Promise<void> {
    const { url, timeoutMs, clock } = this.#options
    const client = new Client(clientConfig(url, timeoutMs))
    this.#client = client
    client.on('error', error => this.#lost(client, error))
    client.on('end', () => this.#lost(client, new Error('the connection was closed')))
    client.on('notification', ({ channel, payload = '' }) => {
      if (channel === LIVE_CHANNEL) this.#hearWord(payload)
      else this.#hear(payload)
    })
    const late = setTimeout(() => client.connection.stream.destroy(), SET_UP_TIMEOUT_MS)
    try {
      await client.connect()
      await client.query(`LISTEN ${LIVE_CHANNEL}`)
      await client.query(`LISTEN ${CHANNEL}`)
    } catch (error) {
      client.connection.stream.destroy()
      if (!isStart) this.#lost(client, error as Error)
      throw error
    } finally {
      clearTimeout(late)
    }
    this.#backOffMs = FIRST_BACK_OFF_MS
    if (!isStart) this.#listeners.tell({ kind: 'anything', at: clock() })
    this.#pingLater(client)
  }

  /** A connection that is cut somewhere on the way says nothing. */
  #pingLater(client: Client): void {
    if (this.#client !== client) return
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => this.#lost(client, new Error('no answer')), this.#options.timeoutMs)
      client.query('SELECT 1').then(
        () => {
          clearTimeout(this.#timer)
          this.#pingLater(client)
        },
        (error: Error) => this.#lost(client, error),
      )
    }, PING_INTERVAL_MS)
  }

  #lost(client: Client, error: Error): void {
    if (this.#client !== client || this.#closed) return
    this.#client = undefined
    client.connection.stream.destroy()
    clearTimeout(this.#timer)
    if (this.#backOffMs === FIRST_BACK_OFF_MS) this.#options.onError(error) // once for all the tries of an outage
    // A failure leads here again.
    this.#timer = setTimeout(() => this.#listen({ isStart: false }).catch(() => undefined), this.#backOffMs)
    this.#backOffMs = Math.min(2 * this.#backOffMs, MAX_BACK_OFF_MS)
  }

  #hearWord(payload: string): void {
    const { gateway, word } = wordOf(payload)
    if (gateway !== undefined && gateway !== this.#options.gateway) this.#said.tell({ gateway, word })
  }

  #hear(payload: string): void {
    for (const change of this.#read(payload)) this.#listeners.tell(change)
  }

  #read(payload: string): readonly ForeignChange[] {
    try {
      const { gateway, changes } = JSON.parse(payload) as { gateway: string; changes: ForeignChange[] }
      return gateway === this.#options.gateway ? [] : changes.map(change => ({ ...change, elsewhere: true as const }))
    } catch {
      return [{ kind: 'anything', at: this.#options.clock() }] // of a newer version, or of somebody else
    }
  }
}

/** Nothing hangs on a word: one of somebody else is passed over. */
function wordOf(payload: string): { gateway?: string; word?: unknown } {
  try {
    return (JSON.parse(payload) as { gateway: string; word: unknown } | null) ?? {}
  } catch {
    return {}
  }
}

/** As few as they fit into. */
function notices(gateway: string, changes: readonly ForeignChange[]): string[] {
  const [head, tail] = [`{"gateway":${JSON.stringify(gateway)},"changes":[`, ']}']
  const made: string[] = []
  let body = ''
  for (const change of changes) {
    const text = JSON.stringify(change)
    if (body !== '' && Buffer.byteLength(head + body + text) + tail.length + 1 > MAX_NOTICE_SIZE_BYTES) {
      made.push(head + body + tail)
      body = ''
    }
    body += body === '' ? text : `,${text}`
  }
  return [...made, head + body + tail]
}
