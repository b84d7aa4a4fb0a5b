import { hkdfSync } from 'node:crypto'

/** How long one key seals tickets. */
export const ticketPeriodMs = 12 * 3_600_000
/** What the runtime takes: a name of 16 bytes that stands open in each ticket, and the keys that seal it. */
const ticketKeySizeBytes = 48
const ticketKeyNameSizeBytes = 16
const hash = 'sha256'

/** The key of one period. */
export interface TicketKey {
  /** Number of the period since 1970. */
  period: number
  /** What the runtime takes as `ticketKeys`. */
  bytes: Buffer
  /** Stands in each ticket that was sealed with it. */
  name: Buffer
}

/**
 * Keys that seal TLS session tickets, made from a secret and the clock alone: all workers and gateways that have the
 * secret agree on them without a word (docs/decisions/0026-session-ticket-keys-from-the-master-key.md).
 */
export function ticketKeyOf(secret: Uint8Array, period: number): TicketKey {
  const info = `hatchway TLS session tickets ${period}`
  const bytes = Buffer.from(hkdfSync(hash, secret, '', info, ticketKeySizeBytes))
  return { period, bytes, name: bytes.subarray(0, ticketKeyNameSizeBytes) }
}

export const ticketPeriodAt = (timeMs: number): number => Math.floor(timeMs / ticketPeriodMs)
