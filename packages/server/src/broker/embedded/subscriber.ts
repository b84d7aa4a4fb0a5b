import type { Identity } from '../port.ts'
import type { Congestible, Pausable } from './congestion.ts'
import type { Publication } from './publication.ts'
import type { Target } from './topic-tree.ts'

/** Who a message is from; a message of the platform has no source. */
export interface Source {
  readonly identity: Identity
  /** The session that gets its own messages back only without No Local. */
  readonly session: Subscriber | undefined
}

/** Whoever sends a message over a connection: it can be slowed. */
export type Publisher = Source & Pausable

/** What stands in the topic tree: a client's session, or a tap of a platform service. */
export interface Subscriber {
  readonly isSession: boolean
  /** Whether its publishers should be slowed. */
  readonly slowsPublishers: boolean
  /** The client that they then wait for. */
  readonly waitedFor: Congestible | undefined
  /** The publication is valid during the call only. True if it was sent or queued. */
  deliver(publication: Publication, target: Target<Subscriber>, source: Source | undefined): boolean
}
