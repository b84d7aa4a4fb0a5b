import type { Meter } from '../client/meter.ts'
import type { BrokerIncident, Presence } from '../port.ts'
import type { Congestion } from './congestion.ts'
import type { Ledger } from './durable/ledger.ts'
import type { Reading } from './reading.ts'
import type { Retention } from './retention.ts'
import type { Router } from './router.ts'
import type { Session } from './session.ts'
import type { BrokerSettings } from './settings.ts'
import type { SubscriptionOptions } from './topic-tree.ts'
import type { Turn } from './turn.ts'

export type OfflineReason = NonNullable<Presence['reason']>

/** What a connection needs of the broker around it. */
export interface Surroundings<Connection = unknown> {
  readonly settings: BrokerSettings
  readonly meter: Meter
  readonly turn: Turn
  readonly congestion: Congestion
  readonly retention: Retention
  readonly reading: Reading
  readonly ledger: Ledger
  readonly router: Router
  /** Sweeps so far: the clock of keep alive. */
  readonly tick: number
  subscribe(session: Session, filter: string, options: SubscriptionOptions): void
  unsubscribe(session: Session, filter: string): void
  /** The connection has ended for the broker; its link may still be closing. */
  ended(connection: Connection, reason: OfflineReason, discardsWill: boolean): void
  /** The link is gone. */
  linkClosed(connection: Connection): void
  report(incident: BrokerIncident): void
  failed(error: unknown): void
}
