import { Argument, type Command } from 'commander'
import type { ApiClient, ApiRequest } from '../api-client.ts'
import { choice, printJson, wholeNumber } from '../command.ts'
import { AlreadyTold, CliError, type Io, usageError } from '../io.ts'
import { productKeyArgument } from '../names.ts'
import { fit, printable } from '../printable.ts'
import { type PartProgress, progressReport } from '../progress-report.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { parseSince } from '../times.ts'
import { DEVICE_STATUSES } from './device-list.ts'

const ACTIONS = ['reset', 'disable', 'enable', 'delete'] as const
/** The most that one request changes. */
const PART_DEVICES = 500
const MAX_SHOWN_FAILURES = 20
const MAX_KEPT_FAILURES = 1000
const MAX_EXPECTED = 1_000_000_000

interface BulkOptions extends ApiOptions {
  productKey?: string
  search?: string
  status?: string
  createdSince?: string
  createdBefore?: string
  all?: boolean
  expect?: number
}

interface Failure {
  productKey: string
  deviceName: string
  reason?: string
  problem?: string
}
interface Report {
  matched: number
  done: number
  failed: number
  /** The first ones. */
  failures: Failure[]
}

type Filter = Readonly<Record<string, string | undefined>>

export function addDeviceBulk(group: Command, io: Io): void {
  addApiCommand(group, 'bulk', {
    description: 'reset, disable, enable or delete all devices that match; counts them first and asks',
    examples: [
      'hatchway device bulk disable --product-key al123456789 --search SN-2025',
      'hatchway device bulk delete --status UNACTIVE --created-before 90d --expect 1204',
      'hatchway device bulk enable --all --expect 20000 --json',
    ],
  })
    .addArgument(new Argument('<action>', 'what to do with each of them').choices(ACTIONS))
    .option('--product-key <key>', 'only devices of this product', productKeyArgument)
    .option('--search <text>', 'only names with this in them, any case')
    .addOption(choice('--status <word>', 'only devices with this status', DEVICE_STATUSES))
    .option('--created-since <time>', 'only devices created from then on: 10m, 2h, 7d or 2026-01-31T12:00:00Z')
    .option('--created-before <time>', 'only devices created before then')
    .option('--all', 'every device of every product; needed where nothing else says which')
    .option(
      '--expect <number>',
      'how many you expect at most: instead of being asked; with more, nothing is changed',
      wholeNumber(0, MAX_EXPECTED),
    )
    .action((action: string, options: BulkOptions) => runBulk(action, options, io))
}

async function runBulk(action: string, options: BulkOptions, io: Io): Promise<void> {
  const filter = filterOf(options)
  const api = openApi(options, io)
  const matched = await countMatching(api, filter)
  const report: Report = { matched, done: 0, failed: 0, failures: [] }
  if (matched > 0) {
    await agreed(`${action} ${devices(matched)}`, matched, { options, io })
    await changeMatching(api, { action, filter, report, json: options.json === true, io })
  }
  if (options.json) printJson(io, report)
  else io.stdout(reportText(report, io.columns))
  if (report.failed > 0) throw new AlreadyTold()
}

function filterOf({ all, productKey, search, status, createdSince, createdBefore }: BulkOptions): Filter {
  const time = (option: string, text: string | undefined) =>
    text === undefined ? undefined : parseSince(text, Date.now(), option)
  const filter = {
    ...{ productKey, search, status },
    createdSince: time('--created-since', createdSince),
    createdBefore: time('--created-before', createdBefore),
  }
  const isFiltered = Object.values(filter).some(value => value !== undefined)
  if (isFiltered && all) throw usageError('--all means every device: leave it out, or leave the filters out.')
  if (!isFiltered && !all) throw usageError('Say which devices: by --product-key, --search, --status …, or --all.')
  return filter
}

async function countMatching(api: ApiClient, filter: Filter): Promise<number> {
  let sum = 0
  let cursor: string | undefined
  for (;;) {
    const path = '/api/v1/devices/count'
    const part = await api.get<{ count: number; nextCursor: string | null }>(path, { ...filter, cursor })
    sum += part.count
    if (part.nextCursor === null || part.nextCursor === cursor) return sum
    cursor = part.nextCursor
  }
}

/** The number is what has to be typed: whoever meant a few notices that they are many. */
async function agreed(
  what: string,
  matched: number,
  { options: { expect }, io }: { options: BulkOptions; io: Io },
): Promise<void> {
  if (expect !== undefined) {
    if (matched <= expect) return
    throw new CliError(`${devices(matched)} match, more than the ${expect} of --expect. Nothing was changed.`)
  }
  if (!io.isInteractive) {
    throw usageError(`This would ${what}, and nobody can be asked here: add --expect ${matched}.`)
  }
  const answer = await io.ask(`This will ${what}. Type the number to go on: `)
  if (answer.trim() !== String(matched)) throw new CliError('Nothing was changed.')
}

interface Run {
  action: string
  filter: Filter
  /** Filled on the way. */
  report: Report
  json: boolean
  io: Io
}

async function changeMatching(api: ApiClient, { action, filter, report, json, io }: Run): Promise<void> {
  const { onProgress, end } = json ? SILENT : progressReport<PartProgress>(io, () => action)
  const stop = io.stopSignal()
  const startedAt = performance.now()
  let cursor: string | null = null
  const treated = () => report.done + report.failed
  try {
    // No more than were agreed to, however many have come since.
    while (treated() < report.matched) {
      if (stop.aborted) throw new CliError('Stopped.')
      const limit = Math.min(PART_DEVICES, report.matched - treated())
      const body: ApiRequest['body'] = { action, ...filter, limit, ...(cursor === null ? {} : { cursor }) }
      const part = await api.request<Part>('POST', '/api/v1/devices/actions', { body })
      report.done += part.done
      report.failed += part.failures.length
      report.failures.push(...part.failures.slice(0, MAX_KEPT_FAILURES - report.failures.length))
      cursor = part.nextCursor
      const rowsPerSecond = Math.round((treated() / (performance.now() - startedAt)) * 1000)
      const ended = cursor === null || treated() >= report.matched
      onProgress({ rows: treated(), total: report.matched, rowsPerSecond, ended })
      if (ended) return
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    const told = `${report.done} of ${devices(report.matched)} were changed before that; the same command goes on.`
    throw new CliError(`${error.message} ${told}`)
  } finally {
    end()
  }
}

interface Part {
  done: number
  failures: Failure[]
  nextCursor: string | null
}

const SILENT = { onProgress: () => undefined, end: () => undefined }

const devices = (count: number): string => (count === 1 ? '1 device' : `${count} devices`)

function reportText({ matched, done, failed, failures }: Report, columns: number): string {
  if (matched === 0) return 'No devices match. Nothing was changed.\n'
  const lines = failures
    .slice(0, MAX_SHOWN_FAILURES)
    .map(({ productKey, deviceName, problem, reason }) =>
      fit(printable(`${productKey}/${deviceName}: ${problem ?? reason ?? 'failed'}`), columns),
    )
  if (failed > lines.length) lines.push(`and ${failed - lines.length} more`)
  return [...lines, `${done} done, ${failed} failed.`].map(line => `${line}\n`).join('')
}
