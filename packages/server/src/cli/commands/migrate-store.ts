import { type Command, Option } from 'commander'
import { addCommand, printJson } from '../command.ts'
import { CliError, type Io, type StoreMigrationProgress, type StoreMigrationResult, usageError } from '../io.ts'
import { progressReport } from '../progress-report.ts'
import { table } from '../table.ts'

interface Options {
  from: string
  to: string
  masterKeyFile?: string
  json?: true
}

export function addMigrateStore(program: Command, io: Io): void {
  addCommand(program, 'migrate-store', {
    description: 'move the whole registry from SQLite to PostgreSQL, or back, while no server runs on it',
    examples: [
      'hatchway migrate-store --from sqlite:/var/lib/hatchway/hatchway.db \\\n      --to postgres://hatchway:password@db.example.com:5432/hatchway',
      'hatchway migrate-store --from postgres://db.example.com/hatchway --to sqlite:./back \\\n      --master-key-file /var/lib/hatchway/master.key',
    ],
  })
    .requiredOption(
      '--from <place>',
      'sqlite:PATH (a file or a data folder) or postgres://user:password@host:port/database',
    )
    .requiredOption('--to <place>', 'the same; an empty database, or one that an interrupted run has begun to fill')
    .addOption(
      new Option('--master-key-file <file>', 'file of the master key; else master.key beside the SQLite file').env(
        'HATCHWAY_MASTER_KEY_FILE',
      ),
    )
    .action((options: Options) => runMigration(options, io))
}

async function runMigration({ json, masterKeyFile = '', ...places }: Options, io: Io): Promise<void> {
  const { migrateStore } = await io.loadApp()
  const signal = io.stopSignal()
  const report = json
    ? { onProgress: jsonProgress(io), end: () => undefined }
    : progressReport<StoreMigrationProgress>(
        io,
        ({ phase, table: name }) => `${phase === 'copy' ? 'copying' : 'checking'} ${name}`,
      )
  let result: StoreMigrationResult
  try {
    const file = masterKeyFile === '' ? null : masterKeyFile
    result = await migrateStore({ ...places, masterKeyFile: file, cwd: io.cwd, signal, onProgress: report.onProgress })
  } catch (error) {
    report.end()
    if (signal.aborted) throw new CliError('stopped; run the same command again to go on.', { cause: error })
    const message = error instanceof Error ? error.message : String(error)
    throw error instanceof Error && error.name === 'MigrationPlaceError'
      ? usageError(message)
      : new CliError(`can't migrate: ${message}`, { cause: error })
  }
  report.end()
  if (json) printJson(io, { event: 'done', ...result })
  else io.stdout(resultText(result, io.columns))
}

const PROGRESS_INTERVAL_MS = 1000

/** Each table's begin and end, and between them an event a second. */
function jsonProgress(io: Io): (progress: StoreMigrationProgress) => void {
  let nextAt = 0
  let part = ''
  return progress => {
    const { phase, table: name, ended } = progress
    if (!ended && part === `${phase} ${name}` && performance.now() < nextAt) return
    part = `${phase} ${name}`
    nextAt = performance.now() + PROGRESS_INTERVAL_MS
    printJson(io, { event: 'progress', ...progress })
  }
}

function resultText(result: StoreMigrationResult, columns: number): string {
  const start = `Start the server with:\n${Object.entries(result.settings)
    .map(([name, value]) => `  ${name}=${value}\n`)
    .join('')}`
  if (result.state === 'done-before') {
    return `This migration came to its end on ${new Date(result.at).toISOString()}; nothing was copied.\n${start}`
  }
  const { tables, copiedRows, copyMs } = result
  const checks = table(
    tables,
    [
      { title: 'table', value: row => row.table },
      { title: 'rows', value: row => row.rows, align: 'right' },
      { title: 'SHA-256 on both sides', value: row => row.sha256 },
    ],
    columns,
  )
  const seconds = copyMs / 1000
  const pace = seconds > 0 ? ` (${Math.round(copiedRows / seconds)} rows/s)` : ''
  return `${checks}${copiedRows} rows copied in ${seconds.toFixed(1)} s${pace}; both sides are the same.\n${start}`
}
