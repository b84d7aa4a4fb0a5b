/** A part of a CSV file that the API takes in one request. */
export interface CsvPart {
  /** The header first, where the file has one. */
  text: string
  /** What to add to a line number of the report, to get that of the file. */
  lineOffset: number
  rows: number
}

const HEADER = /^\s*"?(deviceName|deviceSecret|productKey)"?\s*(,|$)/i

/**
 * Cuts a CSV into parts at the ends of rows; line ends inside quotes are part of a row. The API's own limit is 10,000 rows; small
 * parts show what became of the first rows while the last ones wait.
 */
export function csvParts(csv: string, rowsPerPart: number): CsvPart[] {
  const rows = rowsOf(csv.replace(/^\uFEFF/, ''))
  const header = rows[0] !== undefined && HEADER.test(rows[0].text) ? rows[0] : undefined
  const data = (header === undefined ? rows : rows.slice(1)).filter(({ text }) => text.trim() !== '')
  const parts: CsvPart[] = []
  for (let start = 0; start < data.length; start += rowsPerPart) {
    const own = data.slice(start, start + rowsPerPart)
    const first = own[0]
    const last = own.at(-1)
    if (first === undefined || last === undefined) break
    // Empty lines between rows stay, so that line numbers stay true.
    const between = rows.slice(rows.indexOf(first), rows.indexOf(last) + 1).map(({ text }) => text)
    const headerLines = header === undefined ? 0 : header.text.split('\n').length
    parts.push({
      text: [...(header === undefined ? [] : [header.text]), ...between].join('\n'),
      lineOffset: first.line - 1 - headerLines,
      rows: own.length,
    })
  }
  return parts
}

function rowsOf(csv: string): { text: string; line: number }[] {
  const rows: { text: string; line: number }[] = []
  const lines = csv.split(/\r\n|\r|\n/)
  let open: { text: string; line: number } | undefined
  for (const [index, text] of lines.entries()) {
    const row: { text: string; line: number } =
      open === undefined ? { text, line: index + 1 } : { text: `${open.text}\n${text}`, line: open.line }
    const quotes = row.text.split('"').length - 1
    if (quotes % 2 === 0) {
      rows.push(row)
      open = undefined
    } else open = row
  }
  return open === undefined ? rows : [...rows, open]
}
