import type { Meter } from '../client/meter.ts'
import type { BrokerIncident, Presence } from '../port.ts'
import type { Congestion, Pausable } from './congestion.ts'
import type { Ledger } from './durable/ledger.ts'
import type { Publication } from './publication.ts'
import type { Reading } from './reading.ts'
import type { Retention } from './retention.ts'
import type { Session } from './session.ts'
import type { BrokerSettings } from './settings.ts'
import type { Source, Subscriber } from './subscriber.ts'
import type { Match, SubscriptionOptions } from './topic-tree.ts'
import type { Turn } from './turn.ts'

export type OfflineReason = NonNullable<Presence['reason']>

/** Whoever sends a message over a connection: it can be slowed. */
export type Publisher = Source & Pausable

/** What a connection needs of the broker around it. */
export interface Surroundings<Connection = unknown> {
  readonly settings: BrokerSettings
  readonly meter: Meter
  readonly turn: Turn
  readonly congestion: Congestion
  readonly retention: Retention
  readonly reading: Reading
  readonly ledger: Ledger
  /** Sweeps so far: the clock of keep alive. */
  readonly tick: number
  match(topic: string): Match<Subscriber>
  /** How many sessions took it. */
  route(publication: Publication, match: Match<Subscriber>, source: Publisher): number
  subscribe(session: Session, filter: string, options: SubscriptionOptions): void
  unsubscribe(session: Session, filter: string): void
  /** The connection has ended for the broker; its link may still be closing. */
  ended(connection: Connection, reason: OfflineReason, discardsWill: boolean): void
  /** The link is gone. */
  linkClosed(connection: Connection): void
  report(incident: BrokerIncident): void
  failed(error: unknown): void
}
