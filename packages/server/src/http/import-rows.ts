import { csvRows } from './csv.ts'
import { Problem } from './problem.ts'

/** One row of an import as it was read. */
export interface ImportRow {
  line: number
  deviceName: string
  deviceSecret: string | null
  /** Why the row can't be used; null where it can. */
  problem: string | null
}

/** Columns by their header; the vendor's exports have all three. Compared without case. */
const COLUMNS = ['deviceName', 'deviceSecret', 'productKey'] as const
type Column = (typeof COLUMNS)[number]
const WITHOUT_HEADER: readonly Column[] = ['deviceName', 'deviceSecret']

/** Reads `deviceName[,deviceSecret]`, with or without a header. Throws a Problem where no row could be right. */
export function readImport(csv: string, { productKey, maxRows }: { productKey: string; maxRows: number }): ImportRow[] {
  let columns: readonly Column[] | undefined
  const rows: ImportRow[] = []
  for (const { line, cells, broken } of csvRows(csv)) {
    if (columns === undefined) {
      const header = headerOf(cells)
      columns = header ?? WITHOUT_HEADER
      if (header !== undefined) continue
    }
    if (rows.length === maxRows) throw tooManyRows(maxRows)
    rows.push(broken === true ? brokenRow(line) : readRow(line, cells, columns, productKey))
  }
  if (rows.length > 0) return rows
  throw new Problem('field-invalid', {
    field: 'body',
    detail: 'The CSV has no rows.',
    fix: 'Send one device a line: deviceName, or deviceName,deviceSecret.',
  })
}

function headerOf(cells: readonly string[]): readonly Column[] | undefined {
  const columns = cells.map(cell => COLUMNS.find(column => column.toLowerCase() === cell.toLowerCase()))
  if (!columns.includes('deviceName')) return undefined
  const unknown = cells.find((_cell, index) => columns[index] === undefined)
  const twice = cells.find((_cell, index) => columns.indexOf(columns[index]) !== index)
  if (unknown !== undefined || twice !== undefined) {
    throw new Problem('field-invalid', {
      field: 'header',
      detail:
        unknown === undefined ? `The header names ${twice} twice.` : `The header has an unknown column: ${unknown}.`,
      fix: `Use each at most once: ${COLUMNS.join(', ')}.`,
    })
  }
  return columns.filter(column => column !== undefined)
}

function readRow(line: number, cells: readonly string[], columns: readonly Column[], productKey: string): ImportRow {
  const cell = (column: Column): string => cells[columns.indexOf(column)] ?? ''
  const secret = cell('deviceSecret')
  const otherProduct = columns.includes('productKey') && cell('productKey') !== productKey
  const row = { line, deviceName: cell('deviceName'), deviceSecret: secret === '' ? null : secret }
  if (cells.length > columns.length) return { ...row, problem: `The row has more than ${columns.length} cells.` }
  if (otherProduct) return { ...row, problem: 'productKey is not that of this import.' }
  return { ...row, problem: null }
}

const brokenRow = (line: number): ImportRow => ({
  line,
  deviceName: '',
  deviceSecret: null,
  problem: 'A quote in this row is never closed; nothing from here on was read.',
})

const tooManyRows = (maxRows: number): Problem =>
  new Problem('body-too-large', {
    detail: `The CSV has more than ${maxRows} rows; nothing was imported.`,
    fix: `Send at most ${maxRows} rows at a time.`,
  })
