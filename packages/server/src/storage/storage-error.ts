// SQLite's primary result codes that speak of the file, the disk or the load, not of the statement.
const BUSY = 5
const LOCKED = 6
const FULL = 13
const STORAGE_CODES: ReadonlyMap<number, string> = new Map([
  [BUSY, 'another process holds its lock'],
  [LOCKED, 'another process holds its lock'],
  [7, 'out of memory'],
  [8, 'it is read-only'],
  [10, 'input/output error'],
  [11, 'it is damaged'],
  [FULL, 'the disk or the size limit is full'],
  [14, 'it cannot be opened'],
  [15, 'locking protocol error'],
  [22, 'the file is too large for this system'],
  [26, 'it is not a SQLite database'],
])

/** What is wrong with the storage, or undefined where the error is of another kind (a constraint, a bug). */
export interface StorageProblem {
  problem: string
  reason: 'store-unavailable' | 'store-slow'
  /** The connection may be past saving: open a new one before the next transaction. */
  reopen: boolean
}

export function storageProblem(error: unknown): StorageProblem | undefined {
  const code = sqliteCode(error)
  const problem = code === undefined ? undefined : STORAGE_CODES.get(code)
  if (problem === undefined) return undefined
  const busy = code === BUSY || code === LOCKED
  const detail = error instanceof Error ? ` (${error.message})` : ''
  return {
    problem: problem + detail,
    reason: busy ? 'store-slow' : 'store-unavailable',
    reopen: !busy && code !== FULL,
  }
}

/** The primary result code of an error that SQLite raised. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}
