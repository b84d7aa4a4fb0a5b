import type { DeviceQuery, Store } from '../registry/store.ts'
import type { DeviceView, ProductView } from '../registry/types.ts'

/** Products, and pages for which devices are looked through, of one request; then its page ends early, and the next goes on there. */
const MAX_PRODUCTS = 200
const MAX_LOOKS = 20

export type DeviceFilter = Omit<DeviceQuery, 'productKey' | 'limit' | 'cursor' | 'isCounted'>

/** Where a walk goes on. */
export interface Place {
  /** Of the product, in the order of products; null = the first. */
  product: string | null
  /** Of the page of its devices. */
  page: string | null
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

/** Devices of one product after the other, each product's in the order of the filter. */
export async function walkDevices(
  { store, productAt, filter, limit, ofOneProduct = false }: Walk,
  start: Place,
): Promise<{ items: DeviceView[]; next: Place | null }> {
  const items: DeviceView[] = []
  let place = start
  let looks = 0
  for (let products = 0; products < MAX_PRODUCTS; products++) {
    const { product, next } = await productAt(store, place.product)
    while (product !== undefined && mayHave(product, filter)) {
      if (items.length === limit || looks === MAX_LOOKS) return { items, next: place }
      if (isSifted(filter)) looks += 1
      const page = await store.listDevices({
        ...{ ...filter, productKey: product.productKey, limit: limit - items.length, isCounted: false },
        ...(place.page === null ? {} : { cursor: place.page }),
      })
      items.push(...page.items)
      if (page.nextCursor === null) break
      place = { product: place.product, page: page.nextCursor }
    }
    if (next === null) return { items, next: null }
    place = { product: next, page: null }
    if (items.length === limit || (ofOneProduct && items.length > 0)) return { items, next: place }
  }
  return { items, next: place }
}

const mayHave = ({ deviceCount, onlineCount }: ProductView, { status }: DeviceFilter): boolean =>
  status === 'ONLINE' ? onlineCount > 0 : deviceCount > 0

/** Whether no index has just the devices that are wanted. */
const isSifted = ({ search, status, createdSince, createdBefore, order }: DeviceFilter): boolean =>
  search !== undefined ||
  (status !== undefined && [createdSince, createdBefore, order].some(byCreation => byCreation !== undefined))
