import type { Store } from '../registry/store.ts'
import type { DeviceStatus, DeviceView, ProductView, TimeMs } from '../registry/types.ts'

/** Products and pages of devices that one request reads at most; then its page ends early, and the next goes on there. */
const MAX_PRODUCTS = 200
const MAX_READS = 20
/** Devices of a read where most may be passed over. */
const SIFTED_DEVICES = 1000

export interface DeviceFilter {
  search?: string
  status?: DeviceStatus
  createdSince?: TimeMs
  createdBefore?: TimeMs
}

/** Where a walk goes on. */
export interface Place {
  /** Of the product, in the order of products; null = the first. */
  product: string | null
  /** Of the page of its devices. */
  page: string | null
  /** The last device of that page that was given. */
  behind: string | null
}

/** The product at a place; `next` is the one behind it, null after the last. */
export type ProductAt = (
  store: WalkedStore,
  place: string | null,
) => Promise<{ product: ProductView | undefined; next: string | null }>

type WalkedStore = Pick<Store, 'listProducts' | 'productView' | 'listDevices'>

export const everyProduct: ProductAt = async (store, place) => {
  const { items, nextCursor } = await store.listProducts({ limit: 1, ...(place === null ? {} : { cursor: place }) })
  return { product: items[0], next: nextCursor }
}

/** Those that exist of the named ones. */
export const namedProducts =
  (productKeys: readonly string[]): ProductAt =>
  async (store, place) => {
    const at = Number(place ?? 0)
    const productKey = productKeys[at]
    const product = productKey === undefined ? undefined : await store.productView(productKey)
    return { product, next: at + 1 < productKeys.length ? String(at + 1) : null }
  }

export interface Walk {
  store: WalkedStore
  productAt: ProductAt
  filter: DeviceFilter
  limit: number
  /** End with the first product that has any. */
  ofOneProduct?: boolean
}

/** Devices of one product after the other, each product's by name. */
export async function walkDevices(
  { store, productAt, filter, limit, ofOneProduct = false }: Walk,
  start: Place,
): Promise<{ items: DeviceView[]; next: Place | null }> {
  const { createdSince, createdBefore, ...listed } = filter
  const isSifted = createdSince !== undefined || createdBefore !== undefined
  const matches = ({ createdAt }: DeviceView): boolean =>
    createdAt >= (createdSince ?? Number.NEGATIVE_INFINITY) && createdAt < (createdBefore ?? Number.POSITIVE_INFINITY)
  const items: DeviceView[] = []
  let place = start
  let reads = 0
  for (let products = 0; products < MAX_PRODUCTS; products++) {
    const { product, next } = await productAt(store, place.product)
    while (product !== undefined && mayHave(product, filter)) {
      if (items.length === limit || reads++ === MAX_READS) return { items, next: place }
      const { productKey } = product
      const room = limit - items.length
      const page = await store.listDevices({
        ...{ ...listed, productKey, limit: isSifted ? SIFTED_DEVICES : room },
        ...(place.page === null ? {} : { cursor: place.page }),
      })
      const { behind } = place
      const found = page.items.filter(device => matches(device) && (behind === null || device.deviceName > behind))
      items.push(...found.slice(0, room))
      const last = items.at(-1)
      if (found.length > room && last !== undefined) return { items, next: { ...place, behind: last.deviceName } }
      if (page.nextCursor === null) break
      place = { product: place.product, page: page.nextCursor, behind: null }
    }
    if (next === null) return { items, next: null }
    place = { product: next, page: null, behind: null }
    if (items.length === limit || (ofOneProduct && items.length > 0)) return { items, next: place }
  }
  return { items, next: place }
}

const mayHave = ({ deviceCount, onlineCount }: ProductView, { status }: DeviceFilter): boolean =>
  status === 'ONLINE' ? onlineCount > 0 : deviceCount > 0
