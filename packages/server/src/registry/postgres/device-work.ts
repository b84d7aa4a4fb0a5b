import type { Sealer } from '../seal.ts'
import { statusOf } from '../sql/counted.ts'
import { lazyProduct, type ProductRow } from '../sql/rows.ts'
import type { RegistrationRules } from '../store.ts'
import type { NewJournalEntry, Product } from '../types.ts'
import { type DevicePlace, type DeviceState, type HeldDeviceRow, NO_DEVICE } from './device-state.ts'

export interface DeviceId {
  productKey: string
  deviceName: string
}

export interface KnownProduct {
  id: number
  product: Product
}

/** A device before and after the transaction. */
export interface DeviceChanged {
  place: DevicePlace
  productKey: string
  before: DeviceState
  after: DeviceState
}

interface Held {
  place: DevicePlace
  productKey: string
  before: DeviceState
  now: DeviceState
}

/** What the calls of one transaction read and change, in memory. */
export class DeviceWork {
  readonly sealer: Sealer
  readonly rules: RegistrationRules
  /** To be written with the changes, in this order. */
  readonly journal: NewJournalEntry[] = []
  /** This gateway, where presence is among the calls; null while its lease is lost. */
  gateway: number | null = null
  readonly #products = new Map<string, KnownProduct>()
  readonly #devices = new Map<string, Held>()
  #undo: { held: Held; state: DeviceState }[] = []

  constructor(parts: { sealer: Sealer; rules: RegistrationRules }) {
    this.sealer = parts.sealer
    this.rules = parts.rules
  }

  knowProduct(row: ProductRow): void {
    this.#products.set(row.product_key, { id: row.id, product: lazyProduct(row, this.sealer) })
  }

  product(productKey: string): KnownProduct | undefined {
    return this.#products.get(productKey)
  }

  hold(productKey: string, place: DevicePlace, state: DeviceState): void {
    this.#devices.set(keyOf(place), { place, productKey, before: state, now: state })
  }

  device(place: DevicePlace): DeviceState {
    return this.#devices.get(keyOf(place))?.now ?? NO_DEVICE
  }

  change(place: DevicePlace, to: DeviceState): void {
    const held = this.#devices.get(keyOf(place))
    if (!held) throw new Error('a device is to be changed that the transaction did not lock')
    this.#undo.push({ held, state: held.now })
    held.now = to.row === null ? NO_DEVICE : { ...to, row: withStatus(to.row) }
  }

  /** Returns the place of the entry among those of the transaction. */
  append(entry: NewJournalEntry): number {
    return this.journal.push(entry) - 1
  }

  /** Runs one call; if it throws, nothing of it is left. */
  attempt<Result>(call: () => Result): Result {
    this.#undo = []
    const entries = this.journal.length
    try {
      return call()
    } catch (error) {
      for (const { held, state } of this.#undo.reverse()) held.now = state
      this.journal.length = entries
      throw error
    }
  }

  /** In one order for all gateways, so that they never wait for each other in a ring. */
  changes(): DeviceChanged[] {
    const changed = [...this.#devices.values()].filter(({ before, now }) => before !== now)
    return changed
      .map(({ place, productKey, before, now }) => ({ place, productKey, before, after: now }))
      .sort((one, other) => one.place.productId - other.place.productId || byBytes(one, other))
  }
}

const byBytes = ({ place: one }: DeviceChanged, { place: other }: DeviceChanged): number =>
  one.deviceName < other.deviceName ? -1 : Number(one.deviceName > other.deviceName)

const keyOf = ({ productId, deviceName }: DevicePlace): string => `${productId}/${deviceName}`

const withStatus = (row: HeldDeviceRow): HeldDeviceRow => ({
  ...row,
  status: statusOf({ disabled: row.disabled === 1, activatedAt: row.activated_at, online: row.online === 1 }),
})
