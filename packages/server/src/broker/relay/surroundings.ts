import type { BrokerIncident, Presence } from '../port.ts'
import type { SharedReading } from './client-packets.ts'
import type { UpstreamLine } from './upstream/line.ts'
import type { Upstream } from './upstream/upstream.ts'

export type OfflineReason = NonNullable<Presence['reason']>

/** What a connection needs of the relay around it. */
export interface RelaySurroundings<Connection = unknown> extends SharedReading {
  readonly upstream: Upstream
  /** How long the cluster may keep a client waiting. */
  readonly stallMs: number
  /** Sweeps so far: the clock of keep alive. */
  readonly tick: number
  /** Counts what goes to the cluster. */
  readonly upstreamMeter: { bytesOut: number }
  /** The cluster has taken the client. */
  cameOnline(connection: Connection): void
  /** It has ended; `wasOnline` = the cluster had taken it. */
  left(connection: Connection, reason: OfflineReason): void
  /** The client's link is gone. */
  linkClosed(connection: Connection): void
  /** The line is about to close by itself; if it does not in time, it is to be aborted. */
  lineEnding(line: UpstreamLine): void
  lineEnded(line: UpstreamLine): void
  /** A newer connection of the same session waits for the cluster here. */
  hasSuccessor(connection: Connection): boolean
  report(incident: BrokerIncident): void
  failed(error: unknown): void
}
