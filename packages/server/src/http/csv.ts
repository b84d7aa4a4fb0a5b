/** One record of a CSV text. `line` is where it starts, counted from 1. */
export interface CsvRow {
  line: number
  cells: readonly string[]
  /** Set when a quoted cell never ends: what follows can't be told apart any more, so the row is the last one. */
  broken?: true
}

/**
 * The records of a CSV text (RFC 4180): comma, optional double quotes, CRLF, LF or CR. Blank lines and a byte order mark are skipped.
 * A generator, so that the caller's row limit also bounds the work.
 */
export function* csvRows(text: string): Generator<CsvRow> {
  let position = text.startsWith('\ufeff') ? 1 : 0
  let line = 1
  while (position < text.length) {
    const row = readRow(text, position)
    if (row.cells.length > 1 || row.cells[0] !== '') {
      yield row.broken ? { line, cells: row.cells, broken: true } : { line, cells: row.cells }
    }
    line += row.lines
    position = row.end
  }
}

interface Read {
  cells: string[]
  end: number
  /** Line ends passed, those inside quotes included. */
  lines: number
  broken: boolean
}

function readRow(text: string, start: number): Read {
  const cells: string[] = []
  let lines = 0
  let position = start
  for (;;) {
    const cell = text[position] === '"' ? readQuoted(text, position + 1) : readPlain(text, position)
    cells.push(cell.value)
    lines += cell.lines
    position = cell.end
    if (cell.broken) return { cells, end: text.length, lines, broken: true }
    if (text[position] !== ',') break
    position += 1
  }
  if (text[position] === '\r') position += 1
  if (text[position] === '\n') position += 1
  return { cells, end: position, lines: lines + 1, broken: false }
}

interface Cell {
  value: string
  end: number
  lines: number
  broken: boolean
}

function readPlain(text: string, start: number): Cell {
  let end = start
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end += 1
  return { value: text.slice(start, end).trim(), end, lines: 0, broken: false }
}

function readQuoted(text: string, start: number): Cell {
  let value = ''
  let from = start
  for (;;) {
    const quote = text.indexOf('"', from)
    if (quote === -1) return { value: text.slice(start), end: text.length, lines: 0, broken: true }
    value += text.slice(from, quote)
    if (text[quote + 1] !== '"') {
      const rest = readPlain(text, quote + 1)
      return { value: value + rest.value, end: rest.end, lines: value.split('\n').length - 1, broken: false }
    }
    value += '"'
    from = quote + 2
  }
}
