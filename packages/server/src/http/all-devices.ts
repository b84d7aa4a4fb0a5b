import { Type } from 'typebox'
import { callerOf } from './caller.ts'
import { DEVICE_CHOICE, knownTotal, placesOf, walkOf } from './chosen-devices.ts'
import { DeviceReply, deviceReply } from './device-schemas.ts'
import { walkDevices } from './device-walk.ts'
import { limitOf, PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { keyedProblems, nullable, oneOf, ref } from './schemas.ts'

const Filters = Type.Object(
  {
    ...DEVICE_CHOICE,
    order: Type.Optional(
      oneOf(
        ['newest', 'oldest'],
        'By time of creation; without it by name, or newest first with createdSince or createdBefore',
      ),
    ),
    ...PAGING,
  },
  { additionalProperties: false },
)

const Page = Type.Object(
  {
    items: Type.Array(ref(DeviceReply)),
    nextCursor: nullable.text('Null on the last page'),
    total: nullable.integer('Devices that match; null where they would have to be counted one by one'),
  },
  { description: 'One page; one that is short of matches may be short, even empty, and have a next one all the same' },
)

/** Devices of all products that the caller covers. */
export function allDeviceRoutes(api: Api, { registry: { store } }: HttpParts): void {
  api.get(
    '/devices',
    {
      config: { access: 'observe' },
      schema: {
        operationId: 'listAllDevices',
        summary: 'Devices of all products: those of one product after the other, by name or by time of creation',
        tags: ['devices'],
        querystring: Filters,
        response: { 200: Page, ...keyedProblems(404) },
      },
    },
    async request => {
      const walk = walkOf(store, callerOf(request), request.query)
      const places = placesOf('all-devices', walk)
      const place = places.read(request.query.cursor)
      const { items, next } = await walkDevices({ ...walk, limit: limitOf(request.query) }, place)
      return { items: items.map(deviceReply), nextCursor: places.show(next), total: await knownTotal(store, walk) }
    },
  )
}
