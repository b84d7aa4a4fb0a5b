import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The data folder can't be used; the message is one sentence that names it, its problem and the fix. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError'
}

export interface DataFolder {
  readonly path: string
  file(name: string): string
  /** Lets another process have it. */
  release(): void
}

/** Makes the folder if needed (0700) and holds it for this process: two servers on one registry would not see each other's changes. */
export function openDataFolder(given: string): DataFolder {
  const path = resolve(given)
  try {
    makeFolder(path)
  } catch (error) {
    throw unusable(path, error)
  }
  const lock = hold(path)
  return { path, file: name => join(path, name), release: () => lock.close() }
}

// One level at a time: below /proc and the like Node's own recursion never ends.
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

// An open transaction of SQLite is a lock that the system itself lifts when the process dies, however it dies.
function hold(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(path, 'lock'), { timeout: 0 })
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (error instanceof Error && error.message.includes('database is locked')) {
      throw new DataFolderError(
        `the data folder ${path} is in use by another Hatchway; stop that one or give another --data-dir.`,
      )
    }
    throw unusable(path, error)
  }
}

function unusable(path: string, cause: unknown): DataFolderError {
  const problem = cause instanceof Error ? cause.message : String(cause)
  return new DataFolderError(
    `the data folder ${path} can't be used (${problem}); give a folder that this user may write to by --data-dir.`,
    {
      cause,
    },
  )
}
