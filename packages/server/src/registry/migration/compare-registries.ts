import { createHash } from 'node:crypto'
import { COPIED_TABLES, type CopiedRow, type CopiedTable, keyNames, keyOf } from './copied-tables.ts'
import { type CopyEnd, MigrationRefused } from './copy-end.ts'
import { type OnProgress, Progress } from './progress.ts'

/** One table, the same on both sides. */
export interface TableCheck {
  table: string
  rows: number
  /** SHA-256 over all rows in the order of their keys, in hex. */
  sha256: string
}

export interface Comparison {
  source: CopyEnd
  target: CopyEnd
  signal: AbortSignal
  /** Rows of each table, for the progress. */
  totals: ReadonlyMap<string, number>
  onProgress: OnProgress
  rowsAPage: number
}

/**
 * Reads both registries side by side, in bounded memory.
 *
 * @throws MigrationRefused that names the first row that differs
 */
export async function compareRegistries(comparison: Comparison): Promise<readonly TableCheck[]> {
  const { source, target } = comparison
  if ((await target.lastProductId()) < (await source.lastProductId())) {
    throw difference(comparison, 'products: the target would give the number of a deleted product again')
  }
  const checks: TableCheck[] = []
  for (const table of COPIED_TABLES) checks.push(await compareTable(table, comparison))
  return checks
}

async function compareTable(table: CopiedTable, comparison: Comparison): Promise<TableCheck> {
  const { source, target, signal, totals, onProgress, rowsAPage } = comparison
  const progress = new Progress('check', { table: table.name, total: totals.get(table.name) ?? 0, onProgress })
  const [ours, theirs] = [createHash('sha256'), createHash('sha256')]
  let rows = 0
  let after: CopiedRow | undefined
  for (;;) {
    signal.throwIfAborted()
    const [expected, found] = await Promise.all([
      source.rows(table, after, rowsAPage),
      target.rows(table, after, rowsAPage),
    ])
    const [expectedText, foundText] = [expected.map(canonical), found.map(canonical)]
    const at = firstDifference(expectedText, foundText)
    if (at !== undefined) throw difference(comparison, describe(table, expected[at], found[at]))
    for (const text of expectedText) ours.update(text)
    for (const text of foundText) theirs.update(text)
    rows += expected.length
    progress.add(expected.length)
    const last = expected.at(-1)
    if (last === undefined || expected.length < rowsAPage) break
    after = keyOf(table, last)
  }
  progress.end()
  const sha256 = ours.digest('hex')
  if (theirs.digest('hex') !== sha256) throw difference(comparison, `${table.name}: the checksums differ`)
  return { table: table.name, rows, sha256 }
}

/** One line a row; the kinds of the columns are fixed, so hex stands for bytes without a doubt. */
const canonical = (row: CopiedRow): string =>
  `${JSON.stringify(row.map(value => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value)))}\n`

function firstDifference(expected: readonly string[], found: readonly string[]): number | undefined {
  const length = Math.max(expected.length, found.length)
  for (let at = 0; at < length; at++) if (expected[at] !== found[at]) return at
  return undefined
}

/** Names the row by its key, never by its other values: they may be secrets. */
function describe(table: CopiedTable, expected: CopiedRow | undefined, found: CopiedRow | undefined): string {
  const row = (values: CopiedRow): string => {
    const key = keyOf(table, values)
    return `${table.name} (${keyNames(table)
      .map((name, at) => `${name} ${JSON.stringify(key[at])}`)
      .join(', ')})`
  }
  if (expected === undefined) return found === undefined ? table.name : `${row(found)} is in the target only`
  if (found === undefined) return `${row(expected)} is missing in the target`
  const sameKey = JSON.stringify(keyOf(table, expected)) === JSON.stringify(keyOf(table, found))
  return sameKey ? `${row(expected)} differs` : `the target has ${row(found)} in place of ${row(expected)}`
}

const difference = ({ source, target }: Comparison, what: string): MigrationRefused =>
  new MigrationRefused(
    `${source.name} and ${target.name} are not the same: ${what}. Something else wrote to one of them; ` +
      'empty the target and migrate again.',
  )
