import { Type } from 'typebox'
import type { StoreCounts } from '../registry/store.ts'
import type { DeviceStatus } from '../registry/types.ts'
import { type Caller, callerOf, covers } from './caller.ts'
import { DEVICE_STATUSES, DeviceReply, deviceReply } from './device-schemas.ts'
import {
  type DeviceFilter,
  everyProduct,
  namedProducts,
  type Place,
  type ProductAt,
  walkDevices,
} from './device-walk.ts'
import { timeOf } from './iso-time.ts'
import { cursorsOf, limitOf, PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import { boundedText, keyedProblems, nullable, oneOf, ref } from './schemas.ts'

const Filters = Type.Object(
  {
    productKey: Type.Optional(boundedText('Only devices of this product', 64)),
    search: Type.Optional(boundedText('Part of the DeviceName, any case', 32)),
    status: Type.Optional(oneOf(DEVICE_STATUSES, 'Only devices with this status')),
    createdSince: Type.Optional(boundedText('Created at or after this time: 2026-01-31 or 2026-01-31T12:00:00Z', 40)),
    createdBefore: Type.Optional(boundedText('Created before this time', 40)),
    ...PAGING,
  },
  { additionalProperties: false },
)
type Filters = Type.Static<typeof Filters>

const Page = Type.Object(
  {
    items: Type.Array(ref(DeviceReply)),
    nextCursor: nullable.text('Null on the last page'),
    total: nullable.integer('Devices that match; null where they would have to be counted one by one'),
  },
  { description: 'One page; one that is short of matches may be short, even empty, and have a next one all the same' },
)

const COUNT_OF: Readonly<Record<DeviceStatus, keyof StoreCounts>> = {
  UNACTIVE: 'unactive',
  ONLINE: 'online',
  OFFLINE: 'offline',
  DISABLE: 'disabled',
}
const START: Place = { product: null, page: null, behind: null }

/** Devices of all products that the caller covers. */
export function allDeviceRoutes(api: Api, { registry: { store } }: HttpParts): void {
  api.get(
    '/devices',
    {
      config: { access: 'observe' },
      schema: {
        operationId: 'listAllDevices',
        summary: 'Devices of all products: those of one product after the other, each by name',
        tags: ['devices'],
        querystring: Filters,
        response: { 200: Page, ...keyedProblems(404) },
      },
    },
    async request => {
      const { productKey, cursor } = request.query
      const named = namedFor(callerOf(request), productKey)
      const filter = filterOf(request.query)
      const cursors = cursorsOf('all-devices', { ...filter, ...(named === null ? {} : { named }) })
      const read = cursors.read(cursor).cursor
      const place = read === undefined ? START : (JSON.parse(read) as Place) // the digest says that we made it
      const productAt: ProductAt = named === null ? everyProduct : namedProducts(named)
      const { items, next } = await walkDevices({ store, productAt, filter, limit: limitOf(request.query) }, place)
      const isCounted = Object.keys(filter).every(name => name === 'status') && (named === null || named.length === 1)
      return {
        items: items.map(deviceReply),
        nextCursor: cursors.show(next === null ? null : JSON.stringify(next)),
        total: isCounted ? await totalOf({ productKey: named?.[0], status: filter.status }) : null,
      }
    },
  )

  async function totalOf({
    productKey,
    status,
  }: {
    productKey: string | undefined
    status?: DeviceStatus | undefined
  }) {
    if (productKey !== undefined) {
      return (await store.listDevices({ productKey, limit: 1, ...(status === undefined ? {} : { status }) })).total
    }
    const counts = await store.counts()
    return status === undefined ? counts.devices : counts[COUNT_OF[status]]
  }
}

/** The products that the list is about; null = all. */
function namedFor(caller: Caller, productKey: string | undefined): readonly string[] | null {
  if (productKey === undefined) return caller.products
  if (!covers(caller, productKey)) throw productNotFound()
  return [productKey]
}

const filterOf = ({ search, status, createdSince, createdBefore }: Filters): DeviceFilter => ({
  ...(search === undefined ? {} : { search }),
  ...(status === undefined ? {} : { status }),
  ...(createdSince === undefined ? {} : { createdSince: timeOf('createdSince', createdSince) }),
  ...(createdBefore === undefined ? {} : { createdBefore: timeOf('createdBefore', createdBefore) }),
})
