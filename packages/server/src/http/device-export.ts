import { Type } from 'typebox'
import { noteOf } from '../registry/audit/index.ts'
import type { DeviceStatus, DeviceView } from '../registry/types.ts'
import { actorOf, callerOf } from './caller.ts'
import { DEVICE_STATUSES } from './device-schemas.ts'
import type { Api, HttpParts } from './parts.ts'
import { Problem, productNotFound } from './problem.ts'
import { boundedText, flag, isoOrNull, keyedProblems, oneOf, ProductPath, text } from './schemas.ts'
import { STREAM_TIMEOUT_MS, sendTextStream } from './text-stream.ts'

const PAGE_DEVICES = 500

const ExportFilters = Type.Object(
  {
    search: Type.Optional(boundedText('Part of the DeviceName, any case', 32)),
    status: Type.Optional(oneOf(DEVICE_STATUSES, 'Only devices with this status')),
    secrets: Type.Optional(flag('With a column deviceSecret; needs the role admin')),
  },
  { additionalProperties: false },
)

type Column = readonly [title: string, value: (device: DeviceView) => string | number | null]

/** The first ones are what an import takes. */
const COLUMNS: readonly Column[] = [
  ['deviceName', ({ deviceName }) => deviceName],
  ['productKey', ({ productKey }) => productKey],
  ['status', ({ status }) => status],
  ['clientIds', ({ clientIds }) => clientIds.length],
  ['createdAt', ({ createdAt }) => isoOrNull(createdAt)],
  ['activatedAt', ({ activatedAt }) => isoOrNull(activatedAt)],
  ['lastOnlineAt', ({ lastOnlineAt }) => isoOrNull(lastOnlineAt)],
  ['address', ({ address }) => address],
]

export function deviceExportRoutes(api: Api, { registry, clock }: HttpParts): void {
  api.get(
    '/products/:pk/devices.csv',
    {
      config: { access: 'read' },
      exposeHeadRoute: false,
      handlerTimeout: STREAM_TIMEOUT_MS,
      schema: {
        operationId: 'exportDevices',
        summary: 'Devices of a product as CSV, by name, however many',
        description: 'Written as fast as it is read. Secrets only for the role admin, and only where secrets=true.',
        tags: ['devices'],
        params: ProductPath,
        querystring: ExportFilters,
        response: {
          200: { description: 'The devices', content: { 'text/csv': { schema: text('CSV with a header') } } },
          ...keyedProblems(404),
        },
      },
    },
    async (request, reply) => {
      const { pk: productKey } = request.params
      const { search, status, secrets = false } = request.query
      if (secrets && callerOf(request).role !== 'admin') throw secretsAreForAdmins()
      if ((await registry.product(productKey)) === undefined) throw productNotFound()
      if (secrets) {
        const act = { action: 'device.export-secrets', target: productKey }
        await registry.store.appendAudit([noteOf(actorOf(request), clock(), act)])
      }
      const pages = csvPages(registry, { productKey, search, status, secrets })
      reply.header('content-disposition', `attachment; filename="devices-${productKey}.csv"`)
      return sendTextStream(reply, 'text/csv', pages)
    },
  )
}

const secretsAreForAdmins = (): Problem =>
  new Problem('forbidden', {
    field: 'secrets',
    detail: 'secrets=true needs the role admin.',
    fix: 'Leave secrets out, or use a key with the role admin.',
  })

interface Export {
  productKey: string
  search: string | undefined
  status: DeviceStatus | undefined
  secrets: boolean
}

async function* csvPages(
  { store }: HttpParts['registry'],
  { productKey, search, status, secrets }: Export,
): AsyncGenerator<string> {
  const filters = {
    productKey,
    ...(search === undefined ? {} : { search }),
    ...(status === undefined ? {} : { status }),
  }
  const titles = COLUMNS.map(([title]) => title)
  let header = csvLine(secrets ? ['deviceName', 'deviceSecret', ...titles.slice(1)] : titles)
  let cursor: string | null = null
  do {
    const page = await store.listDevices({ ...filters, ...(cursor === null ? {} : { cursor }), limit: PAGE_DEVICES })
    const rows = page.items.map(device => COLUMNS.map(([, value]) => value(device)))
    if (secrets) {
      // Straight from the store: a whole product would only drive others out of the cache.
      const read = await Promise.all(page.items.map(({ deviceName }) => store.device(productKey, deviceName)))
      for (const [index, row] of rows.entries()) row.splice(1, 0, read[index]?.deviceSecret ?? null)
    }
    yield header + rows.map(csvLine).join('')
    header = ''
    cursor = page.nextCursor
  } while (cursor !== null)
}

const csvLine = (cells: readonly (string | number | null)[]): string => `${cells.map(csvCell).join(',')}\r\n`

/** RFC 4180. */
function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
