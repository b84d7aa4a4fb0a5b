import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Administration } from '../registry/administration.ts'
import { actorOf } from './caller.ts'
import { problemOf } from './failures.ts'
import { type ImportRow, readImport } from './import-rows.ts'
import type { Api, HttpParts } from './parts.ts'
import { type ProblemDocument, problemDocument, productNotFound } from './problem.ts'
import { FAILURE_FIELDS, failed } from './row-outcome.ts'
import { count, keyedProblems, oneOf, ProductPath, text } from './schemas.ts'
import { STREAM_TIMEOUT_MS, sendTextStream } from './text-stream.ts'

/** Rows a transaction: a device that connects meanwhile waits for one of these at most. */
const BATCH_ROWS = 500
/** The same where somebody watches. */
const WATCHED_BATCH_ROWS = 100
const LINES = 'application/x-ndjson'

const RowReply = Type.Object({
  line: Type.Integer({ description: 'Line of the CSV where the row starts, from 1' }),
  deviceName: text('As it was read'),
  outcome: oneOf(['created', 'failed'], 'What became of it'),
  ...FAILURE_FIELDS,
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

const Reply = {
  description: 'What became of each row',
  content: {
    'application/json': { schema: Report },
    [LINES]: {
      schema: text(
        'With Accept: application/x-ndjson, one JSON object a line as the rows are done: {total}, then each row, then ' +
          '{created, failed}, with problem where the server could not go on',
      ),
    },
  },
}

export function importRoutes(root: Api, { administration, registry, settings, log }: HttpParts): void {
  root.register(async scope => {
    const api = scope.withTypeProvider<TypeBoxTypeProvider>()
    api.removeAllContentTypeParsers()
    api.addContentTypeParser('text/csv', { parseAs: 'string' }, async (_request: unknown, body: string) => body)
    api.post(
      '/products/:pk/imports',
      {
        config: { access: 'operate' },
        bodyLimit: settings.maxImportBytes,
        handlerTimeout: STREAM_TIMEOUT_MS,
        schema: {
          operationId: 'importDevices',
          summary: 'Create many devices from CSV: deviceName[,deviceSecret], with or without a header',
          description:
            `At most ${settings.maxImportRows} rows. Good rows are imported whatever becomes of the others. A reader of ` +
            'lines that hangs up ends the import there.',
          tags: ['devices'],
          params: ProductPath,
          consumes: ['text/csv'],
          body: Type.String({ description: 'CSV' }),
          response: { 200: Reply, ...keyedProblems(404, 413, 415, 422) },
        },
      },
      async (request, reply) => {
        const { pk: productKey } = request.params
        if ((await registry.product(productKey)) === undefined) throw productNotFound()
        const rows = readImport(request.body, { productKey, maxRows: settings.maxImportRows })
        const desk = administration.by(actorOf(request))
        const run = (batchRows: number) => importedRows({ desk, productKey, rows, batchRows })
        if (request.headers.accept?.includes(LINES) === true) {
          const failure = (error: unknown) => {
            log.error({ err: error, route: request.routeOptions.url }, 'an import could not go on')
            return problemDocument(problemOf(error, request))
          }
          return sendTextStream(reply, LINES, reportLines(rows.length, run(WATCHED_BATCH_ROWS), failure))
        }
        const report = { created: 0, failed: 0, rows: [] as RowReply[] }
        for await (const batch of run(BATCH_ROWS)) {
          add(report, batch)
          report.rows.push(...batch)
        }
        return report
      },
    )
  })
}

interface Import {
  desk: Administration
  productKey: string
  rows: readonly ImportRow[]
  batchRows: number
}

async function* importedRows({ desk, productKey, rows, batchRows }: Import): AsyncGenerator<RowReply[]> {
  for (let start = 0; start < rows.length; start += batchRows) {
    yield await importBatch(desk, productKey, rows.slice(start, start + batchRows))
  }
}

/** The head of the reply is under way when something fails, so the last line has to tell. */
async function* reportLines(
  total: number,
  batches: AsyncIterable<RowReply[]>,
  problemFor: (error: unknown) => ProblemDocument,
): AsyncGenerator<string> {
  const tally = { created: 0, failed: 0 }
  yield line({ total })
  try {
    for await (const batch of batches) {
      add(tally, batch)
      yield batch.map(line).join('')
    }
    yield line(tally)
  } catch (error) {
    yield line({ ...tally, problem: problemFor(error) })
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`

function add(tally: { created: number; failed: number }, rows: readonly RowReply[]): void {
  const created = rows.filter(({ outcome }) => outcome === 'created').length
  tally.created += created
  tally.failed += rows.length - created
}

async function importBatch(desk: Administration, productKey: string, rows: readonly ImportRow[]): Promise<RowReply[]> {
  const readable = rows.filter(({ problem }) => problem === null)
  const outcomes = await desk.createDevices(
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
