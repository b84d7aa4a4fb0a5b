import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type ReasonCode, reason } from '@hatchway/protocol'
import { Type } from 'typebox'
import { type ImportRow, readImport } from './import-rows.ts'
import type { Api, HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import { count, keyedProblems, oneOf, ProductPath, text } from './schemas.ts'

/** Rows a transaction: a device that connects meanwhile waits for one of these at most. */
const BATCH_ROWS = 500

const RowReply = Type.Object({
  line: Type.Integer({ description: 'Line of the CSV where the row starts, from 1' }),
  deviceName: text('As it was read'),
  outcome: oneOf(['created', 'failed'], 'What became of it'),
  reason: Type.Optional(text('Reason code, for a failed row')),
  problem: Type.Optional(text('What is wrong with it, for a failed row')),
})
type RowReply = Type.Static<typeof RowReply>

const Report = Type.Object(
  {
    created: count('Rows that became devices'),
    failed: count('Rows that did not'),
    rows: Type.Array(RowReply, { description: 'In the order of the CSV' }),
  },
  { description: 'What became of each row' },
)

export function importRoutes(root: Api, { administration, registry, settings }: HttpParts): void {
  root.register(async scope => {
    const api = scope.withTypeProvider<TypeBoxTypeProvider>()
    api.removeAllContentTypeParsers()
    api.addContentTypeParser('text/csv', { parseAs: 'string' }, async (_request: unknown, body: string) => body)
    api.post(
      '/products/:pk/imports',
      {
        config: { access: 'operate' },
        bodyLimit: settings.maxImportBytes,
        schema: {
          operationId: 'importDevices',
          summary: 'Create many devices from CSV: deviceName[,deviceSecret], with or without a header',
          description: `At most ${settings.maxImportRows} rows. Good rows are imported whatever becomes of the others.`,
          tags: ['devices'],
          params: ProductPath,
          consumes: ['text/csv'],
          body: Type.String({ description: 'CSV' }),
          response: { 200: Report, ...keyedProblems(404, 413, 415, 422) },
        },
      },
      async request => {
        const { pk: productKey } = request.params
        if ((await registry.product(productKey)) === undefined) throw productNotFound()
        const rows = readImport(request.body, { productKey, maxRows: settings.maxImportRows })
        const replies: RowReply[] = []
        for (let start = 0; start < rows.length; start += BATCH_ROWS) {
          replies.push(...(await importBatch(administration, productKey, rows.slice(start, start + BATCH_ROWS))))
        }
        const created = replies.filter(({ outcome }) => outcome === 'created').length
        return { created, failed: replies.length - created, rows: replies }
      },
    )
  })
}

async function importBatch(
  administration: HttpParts['administration'],
  productKey: string,
  rows: readonly ImportRow[],
): Promise<RowReply[]> {
  const readable = rows.filter(({ problem }) => problem === null)
  const outcomes = await administration.createDevices(
    productKey,
    readable.map(({ deviceName, deviceSecret }) => ({ deviceName, deviceSecret })),
  )
  let next = 0
  return rows.map(({ line, deviceName, problem }) => {
    if (problem !== null) return { line, deviceName, ...failed('field-invalid', problem) }
    const outcome = outcomes[next++]
    if (outcome === undefined) throw new Error('createDevices gave fewer outcomes than devices')
    return { line, deviceName, ...(outcome.ok ? { outcome: 'created' } : failed(outcome.reason, outcome.problem)) }
  })
}

const failed = (code: ReasonCode, problem: string | undefined) => ({
  outcome: 'failed' as const,
  reason: code,
  problem: problem ?? reason(code).en,
})
