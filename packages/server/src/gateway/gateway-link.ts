import type { Link } from '../broker/port.ts'
import type { Deadlines } from './deadlines.ts'
import type { Flushable, WriteTurn } from './write-turn.ts'

/** A link as the gateway sees it. */
export interface GatewayLink extends Link, Flushable {
  /** The socket is gone: nothing is waited for any more. */
  closed(): void
}

/** Who is at the other end, and what carries the link. */
export type LinkPeer = Pick<Link, 'address' | 'transport'>

/** What all links of a gateway share. */
export interface LinkContext {
  turn: WriteTurn
  /** Destroys links that don't come to their end in time. */
  closing: Deadlines<Link>
}
