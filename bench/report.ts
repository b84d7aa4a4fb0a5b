import { readFileSync, writeFileSync } from 'node:fs'
import { markdownTable } from '../scripts/docs-markers.ts'

export interface ReportTable {
  title: string
  columns: readonly string[]
  rows: readonly (readonly string[])[]
}

/** What a benchmark found out. */
export interface BenchReport {
  /** As on the command line. */
  name: string
  /** What was done, one line: counts, repeats. */
  how: string
  machine: string
  /** Of whatever was measured, by name. */
  versions: Readonly<Record<string, string>>
  tables: readonly ReportTable[]
  /** What a reader must know beside the tables, one sentence each. */
  notes: readonly string[]
  /** The figures themselves, for programs. */
  figures: unknown
  /** False: what the benchmark is there to show does not hold; the exit code is 1. */
  passed: boolean
}

export const PAGE = new URL('../docs/benchmarks.md', import.meta.url)

const opening = (name: string): string => `<!-- bench: ${name} (npm run bench -- ${name} --write) -->`
const CLOSING = '<!-- end of bench -->'

function versionLine({ machine, versions }: BenchReport): string {
  const parts = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [machine, ...parts].join('; ')
}

/** Columns aligned for a terminal; the first to the left, the others to the right. */
export function textTable({ title, columns, rows }: ReportTable): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map(row => (row[at] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    columns
      .map((_, at) =>
        at === 0 ? (cells[at] ?? '').padEnd(widths[at] ?? 0) : (cells[at] ?? '').padStart(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [title, line(columns), ...rows.map(line)].join('\n')
}

export function textReport(report: BenchReport): string {
  return [versionLine(report), report.how, ...report.tables.map(textTable), report.notes.join('\n')].join('\n\n')
}

export function markdownReport(report: BenchReport): string {
  const tables = report.tables.flatMap(({ title, columns, rows }) => [`**${title}**`, markdownTable(columns, rows)])
  const notes = report.notes.map(note => `- ${note}`).join('\n')
  return [`${report.how}. ${versionLine(report)}.`, ...tables, notes].filter(part => part !== '').join('\n\n')
}

/**
 * The page with the report between its markers.
 *
 * @throws Error if the page has no place for it
 */
export function withReport(page: string, report: BenchReport): string {
  const start = page.indexOf(opening(report.name))
  const end = page.indexOf(CLOSING, start)
  if (start === -1 || end === -1) throw new Error(`docs/benchmarks.md has no place for ${report.name}: add its markers`)
  const before = page.slice(0, start)
  return `${before}${opening(report.name)}\n\n${markdownReport(report)}\n\n${page.slice(end)}`
}

export function writeReport(report: BenchReport): void {
  writeFileSync(PAGE, withReport(readFileSync(PAGE, 'utf8'), report))
}
