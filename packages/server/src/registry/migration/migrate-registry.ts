import type { TimeMs } from '../types.ts'
import { compareRegistries, type TableCheck } from './compare-registries.ts'
import { COPIED_TABLES, type CopiedTable, keyOf } from './copied-tables.ts'
import { type CopyEnd, MigrationRefused } from './copy-end.ts'
import { type OnProgress, Progress } from './progress.ts'

/** Rows at once in memory and in one transaction. */
const ROWS_A_PAGE = 2000

export interface Migration {
  source: CopyEnd
  target: CopyEnd
  clock: () => TimeMs
  /** Aborted: the migration ends between two transactions, and the next run goes on there. */
  signal: AbortSignal
  onProgress: OnProgress
  /** For tests. */
  rowsAPage?: number
}

export type MigrationResult =
  /** Nothing was copied or checked: an earlier run had come to its end. */
  | { state: 'done-before'; at: TimeMs }
  | { state: 'done'; copiedRows: number; copyMs: number; tables: readonly TableCheck[] }

/**
 * Copies a registry into an empty one, or goes on where an earlier run was ended, and compares both at the end. Where
 * to go on is told by the target's own rows, which come in the order of their keys: nothing can be lost between a row
 * and a note about it.
 *
 * @throws MigrationRefused where the target holds anything else, or both differ in the end
 */
export async function migrateRegistry(migration: Migration): Promise<MigrationResult> {
  const { source, target, clock, signal, onProgress, rowsAPage = ROWS_A_PAGE } = migration
  const finished = await begin(migration)
  if (finished !== undefined) return { state: 'done-before', at: finished }
  const totals = new Map<string, number>()
  for (const table of COPIED_TABLES) totals.set(table.name, await source.count(table))
  const startedAt = performance.now()
  let copiedRows = 0
  for (const table of COPIED_TABLES) {
    const progress = new Progress('copy', { table: table.name, total: totals.get(table.name) ?? 0, onProgress })
    copiedRows += await copyTable({ source, target, table, signal, progress, rowsAPage })
  }
  await target.complete(await source.lastProductId())
  const copyMs = performance.now() - startedAt
  const tables = await compareRegistries({ source, target, signal, totals, onProgress, rowsAPage })
  await target.setMark({ source: source.identity, state: 'done', at: clock() })
  return { state: 'done', copiedRows, copyMs, tables }
}

/** Returns when an earlier run came to its end, if one did. */
async function begin({ source, target, clock }: Migration): Promise<TimeMs | undefined> {
  const mark = await target.mark()
  if (mark === undefined) {
    await refuseFilled(target)
    await target.setMark({ source: source.identity, state: 'copying', at: clock() })
    return undefined
  }
  if (mark.source !== source.identity) {
    const what = mark.state === 'done' ? 'was filled' : 'is being filled'
    throw new MigrationRefused(
      `${target.name} ${what} from another registry than ${source.name}; give an empty database.`,
    )
  }
  return mark.state === 'done' ? mark.at : undefined
}

async function refuseFilled(target: CopyEnd): Promise<void> {
  const found: string[] = []
  for (const table of COPIED_TABLES) {
    const rows = await target.count(table)
    if (rows > 0) found.push(`${rows} ${rows === 1 ? 'row' : 'rows'} in ${table.name}`)
  }
  if (found.length === 0) return
  throw new MigrationRefused(`${target.name} is not empty: ${found.join(', ')}; give an empty database.`)
}

interface TableCopy {
  source: CopyEnd
  target: CopyEnd
  table: CopiedTable
  signal: AbortSignal
  progress: Progress
  rowsAPage: number
}

async function copyTable({ source, target, table, signal, progress, rowsAPage }: TableCopy): Promise<number> {
  const after = await target.lastKey(table)
  progress.begin(after === undefined ? 0 : await target.count(table))
  let copied = 0
  let page = await source.rows(table, after, rowsAPage)
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    signal.throwIfAborted()
    const written = target.insert(table, page)
    const [next] = await Promise.all([source.rows(table, keyOf(table, last), rowsAPage), written])
    copied += page.length
    progress.add(page.length)
    page = next
  }
  progress.end()
  return copied
}
