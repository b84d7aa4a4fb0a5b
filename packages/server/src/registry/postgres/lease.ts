import { Listeners } from '../listeners.ts'
import type { LeaseEvent } from '../store.ts'
import type { TimeMs } from '../types.ts'
import { abandonSome, RELEASE_LEASE } from './abandoned-devices.ts'
import type { Database, Session, Statement } from './database.ts'

/** In its time a lease is renewed so often, less one; as often the leases of others are looked at. */
const ROUNDS = 4
/** Between two chunks of a dead gateway's devices, for the others who need the database. */
const CHUNK_PAUSE_MS = 20

const BEGIN_LEASE: Statement = {
  text: `INSERT INTO gateways (expires_at) VALUES (now() + $1::integer * interval '1 ms') RETURNING id`,
}
const RENEW_LEASE: Statement = {
  name: 'renew-lease',
  text: `UPDATE gateways SET expires_at = now() + $2::integer * interval '1 ms'
    WHERE id = $1::bigint AND expires_at > '-infinity'`,
}
const HOLD_LEASE: Statement = {
  name: 'hold-lease',
  text: `SELECT id FROM gateways WHERE id = $1::bigint AND expires_at > '-infinity' FOR SHARE`,
}
const END_LEASE: Statement = { text: `UPDATE gateways SET expires_at = '-infinity' WHERE id = $1::bigint` }

export interface LeaseOptions {
  database: Database
  /** Within so long after a gateway's death its devices begin to go off line. */
  leaseMs: number
  clock: () => TimeMs
  onError: (error: Error) => void
}

/**
 * This gateway's row among those of the database. Devices that are on line name it. A gateway that does not renew it in
 * time is taken for dead: one of the others sets its devices off line. The database's clock decides.
 */
export class Lease {
  readonly #options: LeaseOptions
  readonly #listeners = new Listeners<LeaseEvent>()
  #id: number | undefined
  #timer: NodeJS.Timeout | undefined
  #renewing: Promise<void> | undefined
  #sweeping: Promise<void> | undefined
  /** When others are taken for dead, in the time of `performance.now`. */
  #judgesFrom = 0
  #isFailing = false
  readonly #closing = new AbortController()

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  /** undefined before the start. */
  get id(): number | undefined {
    return this.#id
  }

  async start(): Promise<void> {
    await this.#begin()
    this.#arm()
  }

  onEvent(listener: (event: LeaseEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** This gateway's id: nobody takes it for dead before the transaction is over. Null if somebody has. */
  async hold(session: Session): Promise<number | null> {
    const [held] = await session.query<{ id: number }>(HOLD_LEASE, [this.#id])
    return held?.id ?? null
  }

  /** Devices that are still noted as on line are left to the other gateways. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    await Promise.all([this.#renewing, this.#sweeping])
    await this.#options.database
      .transaction(async session => {
        if ((await session.change(RELEASE_LEASE, [this.#id])) === 0) await session.change(END_LEASE, [this.#id])
      })
      .catch(this.#options.onError) // it runs out by itself
  }

  get #expiryMs(): number {
    return Math.round((this.#options.leaseMs * (ROUNDS - 1)) / ROUNDS)
  }

  async #begin(): Promise<void> {
    const { database } = this.#options
    const [begun] = await database.transaction(session => session.query<{ id: number }>(BEGIN_LEASE, [this.#expiryMs]))
    this.#id = begun?.id
    this.#waitBeforeJudging()
  }

  /** Others may have been cut off just as this gateway was: first they get the time to renew. */
  #waitBeforeJudging(): void {
    this.#judgesFrom = performance.now() + this.#options.leaseMs
  }

  #arm(): void {
    if (this.#closing.signal.aborted) return
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew().finally(() => this.#arm())
    }, this.#options.leaseMs / ROUNDS)
  }

  async #renew(): Promise<void> {
    const { database, onError } = this.#options
    try {
      const renewed = await database.transaction(session => session.change(RENEW_LEASE, [this.#id, this.#expiryMs]))
      this.#isFailing = false
      if (renewed === 0) {
        await this.#begin()
        this.#listeners.tell({ kind: 'lost' })
      }
    } catch (error) {
      this.#waitBeforeJudging()
      if (!this.#isFailing) onError(error as Error)
      this.#isFailing = true
      return
    }
    this.#sweeping ??= this.#sweep()
      .catch(onError) // the next round goes on
      .finally(() => {
        this.#sweeping = undefined
      })
  }

  async #sweep(): Promise<void> {
    const { database, clock } = this.#options
    while (!this.#closing.signal.aborted) {
      const judges = performance.now() >= this.#judgesFrom
      const devices = await database.transaction(session => abandonSome(session, { judges, now: clock() }))
      if (devices === undefined) return
      if (devices.length > 0) this.#listeners.tell({ kind: 'abandoned', devices })
      await new Promise(resolve => setTimeout(resolve, CHUNK_PAUSE_MS))
    }
  }
}
