import { Type } from 'typebox'
import { actorOf, callerOf } from './caller.ts'
import { DEVICE_CHOICE, knownTotal, placesOf, walkOf } from './chosen-devices.ts'
import { walkDevices } from './device-walk.ts'
import { PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { FAILURE_FIELDS, failed } from './row-outcome.ts'
import { count, keyedProblems, nullable, oneOf, text, wholeNumber } from './schemas.ts'

/** Devices that one request counts. */
const COUNTED_DEVICES = 10_000
/** One transaction: a device that connects meanwhile waits for it. */
const MAX_CHANGED_DEVICES = 500

const { cursor } = PAGING

const CountReply = Type.Object(
  {
    count: count('Devices that match, of the part that was counted'),
    nextCursor: nullable.text('To count on from there; null at the end'),
  },
  { description: 'How many match in this part' },
)

const Change = Type.Object(
  {
    action: oneOf(['reset', 'disable', 'enable', 'delete'], 'What to do with each of them'),
    ...DEVICE_CHOICE,
    limit: Type.Optional(
      wholeNumber(`Most devices to change; without it ${MAX_CHANGED_DEVICES}`, 1, MAX_CHANGED_DEVICES),
    ),
    cursor,
  },
  { additionalProperties: false },
)

const ChangeReply = Type.Object(
  {
    done: count('Devices that were changed'),
    failures: Type.Array(
      Type.Object({ productKey: text('Product of the device'), deviceName: text('Its name'), ...FAILURE_FIELDS }),
      { description: 'Devices that were not' },
    ),
    nextCursor: nullable.text('To go on from there with the same choice; null when all have been changed'),
  },
  { description: 'What became of this part: all of it is done, or none where the reply is a problem' },
)

/** All devices that match a choice, part by part: whoever asks decides after each whether to go on. */
export function matchingDeviceRoutes(api: Api, parts: HttpParts): void {
  countRoute(api, parts)
  changeRoute(api, parts)
}

function countRoute(api: Api, { registry: { store } }: HttpParts): void {
  api.get(
    '/devices/count',
    {
      config: { access: 'observe' },
      schema: {
        operationId: 'countDevices',
        summary: 'How many devices match; part by part where they have to be counted one by one',
        tags: ['devices'],
        querystring: Type.Object({ ...DEVICE_CHOICE, cursor }, { additionalProperties: false }),
        response: { 200: CountReply, ...keyedProblems(404) },
      },
    },
    async request => {
      const { cursor, ...choice } = request.query
      const walk = walkOf(store, callerOf(request), choice)
      const places = placesOf('device-count', walk)
      const place = places.read(cursor)
      const total = cursor === undefined ? await knownTotal(store, walk) : null
      if (total !== null) return { count: total, nextCursor: null }
      const { items, next } = await walkDevices({ ...walk, limit: COUNTED_DEVICES }, place)
      return { count: items.length, nextCursor: places.show(next) }
    },
  )
}

function changeRoute(api: Api, { administration, registry: { store } }: HttpParts): void {
  api.post(
    '/devices/actions',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'changeMatchingDevices',
        summary: 'Reset, disable, enable or delete the devices that match, up to some hundred; nextCursor goes on',
        description:
          'Those of one product after the other. Each request is one transaction. One whose answer was lost may be sent ' +
          'again: what it has done is then done once more or, where devices were deleted, not found any more.',
        tags: ['devices'],
        body: Change,
        response: { 200: ChangeReply, ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async request => {
      const { action, limit = MAX_CHANGED_DEVICES, cursor, ...filter } = request.body
      const walk = walkOf(store, callerOf(request), filter)
      const places = placesOf(`devices-to-${action}`, walk)
      const { items, next } = await walkDevices({ ...walk, limit, ofOneProduct: true }, places.read(cursor))
      const nextCursor = places.show(next)
      const [first] = items
      if (first === undefined) return { done: 0, failures: [], nextCursor }
      const { productKey } = first
      const deviceNames = items.map(({ deviceName }) => deviceName)
      const desk = administration.by(actorOf(request))
      const done = await desk.changeDevices({ productKey, deviceNames, action, filter })
      const gone = deviceNames.filter((_, at) => !done[at])
      return {
        done: deviceNames.length - gone.length,
        failures: gone.map(deviceName => {
          const { reason, problem } = failed('device-not-found', undefined)
          return { productKey, deviceName, reason, problem }
        }),
        nextCursor,
      }
    },
  )
}
