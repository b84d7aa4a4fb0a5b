import { Type } from 'typebox'
import { RequestError } from '../registry/request-error.ts'
import { StoreUnavailable } from '../registry/store.ts'
import { actorOf } from './caller.ts'
import type { Api, HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import { FAILURE_FIELDS, failed } from './row-outcome.ts'
import { boundedText, count, keyedProblems, oneOf, ProductPath, text } from './schemas.ts'

const MAX_DEVICES = 1000
/** Changes under way at once: enough for one commit to take many, few enough that devices which connect need not wait. */
const CONCURRENT_CHANGES = 100

const Actions = Type.Object(
  {
    action: oneOf(['reset', 'disable', 'enable', 'delete'], 'What to do with each of them'),
    deviceNames: Type.Array(boundedText('DeviceName', 64), {
      description: 'Which devices; one that is named twice is done twice',
      minItems: 1,
      maxItems: MAX_DEVICES,
    }),
  },
  { additionalProperties: false },
)

const RowReply = Type.Object({
  deviceName: text('As it was given'),
  outcome: oneOf(['done', 'failed'], 'What became of it'),
  ...FAILURE_FIELDS,
})
type RowReply = Type.Static<typeof RowReply>

const Report = Type.Object(
  {
    done: count('Devices that were changed'),
    failed: count('Devices that were not'),
    rows: Type.Array(RowReply, { description: 'In the order of deviceNames' }),
  },
  { description: 'What became of each device' },
)

/** Many devices of a product at once. */
export function deviceActionRoutes(api: Api, { administration, registry }: HttpParts): void {
  const run = {
    reset: 'resetDevice',
    disable: 'disableDevice',
    enable: 'enableDevice',
    delete: 'deleteDevice',
  } as const
  api.post(
    '/products/:pk/devices/actions',
    {
      config: { access: 'operate' },
      schema: {
        operationId: 'changeDevices',
        summary: 'Reset, disable, enable or delete many devices; one that fails spoils only itself',
        tags: ['devices'],
        params: ProductPath,
        body: Actions,
        response: { 200: Report, ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async request => {
      const { pk: productKey } = request.params
      const { action, deviceNames } = request.body
      const desk = administration.by(actorOf(request))
      if ((await registry.product(productKey)) === undefined) throw productNotFound()
      const rows: RowReply[] = []
      for (let start = 0; start < deviceNames.length; start += CONCURRENT_CHANGES) {
        const names = deviceNames.slice(start, start + CONCURRENT_CHANGES)
        const isStoreAway = rows.some(({ reason }) => reason === 'store-unavailable')
        const changed = names.map(name =>
          isStoreAway ? notTried(name) : rowOf(name, desk[run[action]](productKey, name)),
        )
        rows.push(...(await Promise.all(changed)))
      }
      const done = rows.filter(({ outcome }) => outcome === 'done').length
      return { done, failed: rows.length - done, rows }
    },
  )
}

async function rowOf(deviceName: string, change: Promise<void>): Promise<RowReply> {
  try {
    await change
    return { deviceName, outcome: 'done' }
  } catch (error) {
    if (error instanceof RequestError) return { deviceName, ...failed(error.reason, error.message) }
    if (error instanceof StoreUnavailable) return { deviceName, ...failed('store-unavailable', undefined) }
    throw error
  }
}

/** While the store is away each of them would take as long as its time-out. */
const notTried = (deviceName: string): RowReply => ({ deviceName, ...failed('store-unavailable', undefined) })
