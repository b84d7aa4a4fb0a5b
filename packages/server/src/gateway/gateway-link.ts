import type { Link } from '../broker/port.ts'
import type { Deadlines } from './deadlines.ts'
import type { Flushable, WriteTurn } from './write-turn.ts'

/** A link as the gateway sees it. */
export interface GatewayLink extends Link, Flushable {
  /** Like `write`, but without waiting for the end of the turn: for an answer that nothing will be added to. */
  writeNow(bytes: Uint8Array): void
  /** Lets the kernel find out, in its own time, when the peer is no longer there. */
  probePeer(): void
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
