/** Below the server's limits of one import: 10,000 rows and 2 MiB. */
const MAX_PART_LINES = 5000
const MAX_PART_LENGTH = 500_000

export interface CsvPart {
  text: string
  /** What to add to a line number of this part to get that of the whole; a repeated header is taken off. */
  linesBefore: number
}

/**
 * A CSV text in parts that one request can carry, each with the header if there is one. Cut at line ends: neither names nor
 * secrets of devices may hold one.
 */
export function* csvParts(csv: string): Generator<CsvPart> {
  const lines = csv.split(/\r\n|\n|\r/)
  if (lines.length <= MAX_PART_LINES && csv.length <= MAX_PART_LENGTH) {
    yield { text: csv, linesBefore: 0 }
    return
  }
  const first = lines[0] ?? ''
  const header = /(^|,)"?devicename"?\s*(,|$)/i.test(first.replace('\ufeff', '')) ? first : undefined
  let start = header === undefined ? 0 : 1
  while (start < lines.length) {
    const end = partEnd(lines, start)
    const part = lines.slice(start, end)
    if (part.some(line => line.trim() !== '')) {
      const text = `${[...(header === undefined ? [] : [header]), ...part].join('\n')}\n`
      yield { text, linesBefore: start - (header === undefined ? 0 : 1) }
    }
    start = end
  }
}

function partEnd(lines: readonly string[], start: number): number {
  let length = 0
  let end = start
  while (end < lines.length && end - start < MAX_PART_LINES) {
    length += (lines[end] ?? '').length + 1
    if (length > MAX_PART_LENGTH && end > start) break
    end++
  }
  return end
}
