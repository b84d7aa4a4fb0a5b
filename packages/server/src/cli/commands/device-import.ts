import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { printJson } from '../command.ts'
import { csvParts } from '../csv-parts.ts'
import { AlreadyTold, CliError, type Io, usageError } from '../io.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { fit, printable } from '../printable.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

interface ImportRow {
  line: number
  deviceName: string
  outcome: 'created' | 'failed'
  reason?: string
  problem?: string
}
interface ImportReport {
  created: number
  failed: number
  rows: ImportRow[]
}

const MAX_FILE_BYTES = 268_435_456
const MAX_SHOWN_FAILURES = 20

export function addDeviceImport(group: Command, io: Io): void {
  addApiCommand(group, 'import', {
    description: 'create many devices from CSV: deviceName[,deviceSecret] a line, with or without a header',
    examples: ['hatchway device import al123456789 devices.csv', 'hatchway device import al123456789 - < devices.csv'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<file>', 'CSV file; - reads standard input')
    .action((productKey: string, file: string, options: ApiOptions) => runImport(productKey, file, options, io))
}

async function runImport(productKey: string, file: string, options: ApiOptions, io: Io): Promise<void> {
  const csv = await readCsv(file, io)
  const api = openApi(options, io)
  const report: ImportReport = { created: 0, failed: 0, rows: [] }
  for (const { text, linesBefore } of csvParts(csv)) {
    const request = { body: text, contentType: 'text/csv; charset=utf-8' }
    try {
      const part = await api.request<ImportReport>('POST', `${productPath(productKey)}/imports`, request)
      report.created += part.created
      report.failed += part.failed
      for (const row of part.rows) report.rows.push({ ...row, line: row.line + linesBefore })
    } catch (error) {
      if (report.rows.length === 0 || !(error instanceof CliError)) throw error
      throw new CliError(
        `${error.message} Before that, ${report.created} devices were created; importing again is safe.`,
      )
    }
  }
  if (options.json) printJson(io, report)
  else io.stdout(reportText(report, io.columns))
  if (report.failed > 0) throw new AlreadyTold()
}

async function readCsv(file: string, io: Io): Promise<string> {
  try {
    if (file === '-') return await io.readStdin(MAX_FILE_BYTES)
    const path = resolve(io.cwd, file)
    if ((await stat(path)).size > MAX_FILE_BYTES) throw new RangeError(`is longer than ${MAX_FILE_BYTES} bytes`)
    return await readFile(path, 'utf8')
  } catch (error) {
    const problem =
      error instanceof RangeError ? error.message : ((error as NodeJS.ErrnoException).code ?? String(error))
    throw usageError(`${file}: can't be read (${problem}). Give a CSV file, or - for standard input.`)
  }
}

function reportText({ created, failed, rows }: ImportReport, columns: number): string {
  const failures = rows.filter(({ outcome }) => outcome === 'failed')
  const lines = failures
    .slice(0, MAX_SHOWN_FAILURES)
    .map(({ line, deviceName, problem, reason }) =>
      fit(printable(`line ${line}: ${deviceName}: ${problem ?? reason ?? 'failed'}`), columns),
    )
  if (failures.length > lines.length) lines.push(`and ${failures.length - lines.length} more; --json has them all`)
  return [...lines, `${created} created, ${failed} failed.`].map(line => `${line}\n`).join('')
}
