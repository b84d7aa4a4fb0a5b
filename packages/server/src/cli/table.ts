import { fit, padTo, printable, widthOf } from './printable.ts'

export interface Column<Row> {
  title: string
  value: (row: Row) => string | number | null | undefined
  align?: 'right'
  /** Cut only after every other column is down to its title's width. */
  keep?: true
}

const GAP = '  '

/** Rows under a header line, no wider than `columns`; the widest cells are cut first. Ends with a line feed. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], totalWidth: number): string {
  const cells = rows.map(row => columns.map(column => shown(column.value(row))))
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map(line => widthOf(line[index] ?? ''))),
  )
  shrink(widths, columns, totalWidth - GAP.length * (columns.length - 1))
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0
        const cut = fit(text, width)
        return columns[index]?.align === 'right' ? ' '.repeat(width - widthOf(cut)) + cut : padTo(cut, width)
      })
      .join(GAP)
      .trimEnd()
  return `${[columns.map(column => column.title), ...cells].map(line).join('\n')}\n`
}

/** `name  value` lines for one thing; long values are broken at spaces, not cut. */
export function facts(pairs: readonly (readonly [name: string, value: string | number | null | undefined])[]): string {
  const width = Math.max(...pairs.map(([name]) => widthOf(name)))
  return pairs.map(([name, value]) => `${padTo(name, width)}${GAP}${shown(value)}\n`).join('')
}

function shown(value: string | number | null | undefined): string {
  return value === null || value === undefined || value === '' ? '-' : printable(String(value))
}

function shrink<Row>(widths: number[], columns: readonly Column<Row>[], available: number): void {
  const least = columns.map(column => Math.max(widthOf(column.title), 1))
  let excess = widths.reduce((sum, width) => sum + width, 0) - available
  for (const alsoKept of [false, true]) {
    while (excess > 0) {
      let widest = -1
      for (const [index, width] of widths.entries()) {
        if (columns[index]?.keep === true && !alsoKept) continue
        if (width > (least[index] ?? 1) && width > (widths[widest] ?? 0)) widest = index
      }
      if (widest === -1) break
      widths[widest] = (widths[widest] ?? 1) - 1
      excess--
    }
  }
}
