import type { Receipt } from './receipt.ts'

/** Where a change stands that may still be called off. */
export interface Slot {
  readonly batch: number
  readonly number: number
}

/** A message that sessions wait for: stored once, with the first of them. */
export interface HeldMessage {
  readonly id: number
  readonly slot: Slot
  readonly receipt: Receipt
  /** What leads here. */
  readonly publication: { held: HeldMessage | undefined }
  /** Entries that refer to it. */
  references: number
}

/** What an entry needs to be called off or removed. */
export interface Holding {
  readonly message: HeldMessage
  readonly slot: Slot
}
