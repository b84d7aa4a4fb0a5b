import { Type } from 'typebox'
import type { DeviceQuery, Store, StoreCounts } from '../registry/store.ts'
import type { DeviceStatus } from '../registry/types.ts'
import { type Caller, covers } from './caller.ts'
import { DEVICE_STATUSES } from './device-schemas.ts'
import { type DeviceFilter, everyProduct, namedProducts, type Place, type Walk } from './device-walk.ts'
import { timeOf } from './iso-time.ts'
import { cursorsOf } from './paging.ts'
import { productNotFound } from './problem.ts'
import { boundedText, oneOf } from './schemas.ts'

/** Fields of every request that is about the devices that match. */
export const DEVICE_CHOICE = {
  productKey: Type.Optional(boundedText('Only devices of this product', 64)),
  search: Type.Optional(boundedText('Part of the DeviceName, any case', 32)),
  status: Type.Optional(oneOf(DEVICE_STATUSES, 'Only devices with this status')),
  createdSince: Type.Optional(boundedText('Created at or after this time: 2026-01-31 or 2026-01-31T12:00:00Z', 40)),
  createdBefore: Type.Optional(boundedText('Created before this time', 40)),
}
const Choice = Type.Object(DEVICE_CHOICE)
export type DeviceChoice = Type.Static<typeof Choice> & Pick<DeviceQuery, 'order'>

export interface ChosenWalk extends Omit<Walk, 'limit'> {
  store: Store
  /** The products that it goes through; null = all. */
  named: readonly string[] | null
}

/** The way through the devices that match, of those that the caller covers. */
export function walkOf(store: Store, caller: Caller, { productKey, ...choice }: DeviceChoice): ChosenWalk {
  if (productKey !== undefined && !covers(caller, productKey)) throw productNotFound()
  const named = productKey === undefined ? caller.products : [productKey]
  return {
    ...{ store, named, filter: filterOf(choice) },
    productAt: named === null ? everyProduct : namedProducts(named),
  }
}

const filterOf = ({ search, status, createdSince, createdBefore, order }: DeviceChoice): DeviceFilter => ({
  ...(search === undefined ? {} : { search }),
  ...(status === undefined ? {} : { status }),
  ...(createdSince === undefined ? {} : { createdSince: timeOf('createdSince', createdSince) }),
  ...(createdBefore === undefined ? {} : { createdBefore: timeOf('createdBefore', createdBefore) }),
  ...(order === undefined ? {} : { order }),
})

const START: Place = { product: null, page: null }

/** Places of a walk as cursors, which one list gives for one choice. */
export function placesOf(list: string, { filter, named }: ChosenWalk) {
  const cursors = cursorsOf(list, { ...filter, ...(named === null ? {} : { named }) })
  return {
    show: (place: Place | null): string | null => cursors.show(place === null ? null : JSON.stringify(place)),
    read(cursor: string | undefined): Place {
      const read = cursors.read(cursor).cursor
      return read === undefined ? START : (JSON.parse(read) as Place) // the digest says that we made it
    },
  }
}

const COUNT_OF: Readonly<Record<DeviceStatus, keyof StoreCounts>> = {
  UNACTIVE: 'unactive',
  ONLINE: 'online',
  OFFLINE: 'offline',
  DISABLE: 'disabled',
}

/** How many match; null where they would have to be counted one by one. */
export async function knownTotal(store: Store, { filter, named }: ChosenWalk): Promise<number | null> {
  const { status, order: _, ...others } = filter
  if (Object.keys(others).length > 0) return null
  if (named === null) {
    const counts = await store.counts()
    return status === undefined ? counts.devices : counts[COUNT_OF[status]]
  }
  const [productKey, ...more] = named
  if (productKey === undefined || more.length > 0) return null
  return (await store.listDevices({ productKey, limit: 1, ...(status === undefined ? {} : { status }) })).total
}
