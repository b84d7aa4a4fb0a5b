import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  type CopyEnd,
  createSealer,
  databaseWithoutPassword,
  loadOrCreateMasterKey,
  type MigrationProgress,
  MigrationRefused,
  type MigrationResult,
  migrateRegistry,
  openPostgresCopyEnd,
  openSqliteCopyEnd,
} from '../registry/index.ts'
import { openDataFolder } from './data-folder.ts'
import { postgresUrl } from './option-values.ts'
import { DATABASE_FILE, MASTER_KEY_FILE } from './server.ts'

export interface StoreMigrationRequest {
  /** `sqlite:PATH` (a database file or a data folder) or `postgres://…`; the other one of them is `to`. */
  from: string
  to: string
  /** null: `master.key` beside the SQLite file. */
  masterKeyFile: string | null
  cwd: string
  signal: AbortSignal
  onProgress: (progress: MigrationProgress) => void
}

export type StoreMigrationResult = MigrationResult & {
  /** What a server needs to start on the target; passwords are three stars. */
  settings: Readonly<Record<string, string>>
}

/** The two places can't be understood: a wrong use. The message is one sentence that names the flag, its problem and the fix. */
export class MigrationPlaceError extends Error {
  override readonly name = 'MigrationPlaceError'
}

type Place = { kind: 'sqlite'; file: string; setting: string } | { kind: 'postgres'; url: string; setting: string }

/**
 * Moves a registry from SQLite to PostgreSQL or back. Holds both, so that no server can change one of them meanwhile.
 *
 * Rejects with one sentence: `MigrationPlaceError` for a wrong use, `MigrationRefused` and the errors of an opening for
 * what can't be done; with the reason of the signal when that is aborted.
 */
export async function migrateStore(request: StoreMigrationRequest): Promise<StoreMigrationResult> {
  const { signal, onProgress, cwd } = request
  const [from, to] = [placeOf('--from', request.from, cwd), placeOf('--to', request.to, cwd)]
  const sqlite = from.kind === 'sqlite' ? from : to
  if (sqlite.kind !== 'sqlite' || from.kind === to.kind) {
    throw new MigrationPlaceError(
      `--from and --to are both ${from.kind}; one must be sqlite: and the other postgres://, a copy of one kind is that database's own business.`,
    )
  }
  if (from.kind === 'sqlite' && !existsSync(from.file)) {
    throw new MigrationRefused(`--from: there is no database ${from.file}; give the file or the data folder it is in.`)
  }
  const keyFile = resolve(cwd, request.masterKeyFile ?? join(dirname(sqlite.file), MASTER_KEY_FILE))
  if (!existsSync(keyFile)) {
    throw new MigrationRefused(
      `--master-key-file: there is no file ${keyFile}; name the master key that the registry was made with.`,
    )
  }
  const rooms = new AsyncDisposableStack()
  try {
    const folder = openDataFolder(dirname(sqlite.file))
    rooms.defer(() => folder.release())
    const sealer = createSealer(await loadOrCreateMasterKey(keyFile))
    const open = async (place: Place, role: 'source' | 'target'): Promise<CopyEnd> => {
      const options = { sealer, role, now: Date.now() }
      const end =
        place.kind === 'sqlite'
          ? openSqliteCopyEnd({ ...options, file: place.file })
          : await openPostgresCopyEnd({ ...options, url: place.url, setting: place.setting })
      rooms.defer(() => end.close())
      return end
    }
    const source = await open(from, 'source')
    const target = await open(to, 'target')
    const result = await migrateRegistry({ source, target, clock: Date.now, signal, onProgress })
    return { ...result, settings: settingsFor(to, { keyFile, dataDir: dirname(sqlite.file) }) }
  } finally {
    await rooms.disposeAsync()
  }
}

function placeOf(setting: string, given: string, cwd: string): Place {
  if (given.startsWith('sqlite:')) {
    const path = given.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '') // sqlite:///absolute is common too
    if (path === '') throw new MigrationPlaceError(`${setting}: sqlite: names no file; give sqlite:PATH.`)
    return { kind: 'sqlite', file: databaseFile(resolve(cwd, path)), setting }
  }
  const reading = postgresUrl(given)
  if (reading.ok) return { kind: 'postgres', url: reading.value, setting }
  throw new MigrationPlaceError(
    /^postgres(ql)?:/.test(given)
      ? `${setting}: the value ${reading.problem}; ${reading.fix}.`
      : `${setting}: the value is neither sqlite:PATH nor postgres://user:password@host:port/database; give one of them.`,
  )
}

/** A path may name the data folder as well. */
function databaseFile(path: string): string {
  const isFolder = existsSync(path) ? statSync(path).isDirectory() : !path.endsWith('.db')
  return isFolder ? join(path, DATABASE_FILE) : path
}

function settingsFor(to: Place, { keyFile, dataDir }: { keyFile: string; dataDir: string }): Record<string, string> {
  const common = { HATCHWAY_DATA_DIR: dataDir, HATCHWAY_MASTER_KEY_FILE: keyFile }
  return to.kind === 'sqlite' ? common : { ...common, HATCHWAY_DATABASE_URL: databaseWithoutPassword(to.url) }
}
