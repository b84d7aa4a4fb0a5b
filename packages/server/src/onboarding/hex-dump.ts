/** Why a dump can't be read: what is wrong, without a full stop, and what to do about it. */
export class UnreadableDump extends Error {
  override readonly name = 'UnreadableDump'
  readonly fix: string
  constructor(problem: string, fix: string) {
    super(problem)
    this.fix = fix
  }
}

const FIX = 'give plain hexadecimal, or the output of xxd, hexdump -C, tcpdump -X or Wireshark'
/** `00000010:`, `0x0010:` or `0010`, alone or before more. */
const OFFSET = /^(?:0x)?([0-9a-f]{3,16})(:?)(?=\s|$)/i
/** What stands between bytes, and before them, in source code: `0x10, 0x2a`, `"\x10\x2a"`, `10:2a`. */
const PUNCTUATION = /0x|\\x|[\s,:;"'\\()[\]]/gi
/** A dump announces how often a line is repeated by an offset of any size. */
const MAX_BYTES = 1_048_576

/** The bytes of a hexadecimal dump, with or without offsets and a column of characters. @throws UnreadableDump */
export function readHexDump(text: string): Buffer {
  const array = /\{([^{}]*)\}/.exec(text)?.[1] // of source code, what stands around it left out
  const lines = (array ?? text).split(/\r\n|\r|\n/).flatMap((line, index) => {
    const shown = line.trim()
    return shown === '' ? [] : [{ number: index + 1, text: shown }]
  })
  if (lines.length === 0) throw new UnreadableDump('The hex dump is empty', FIX)
  // tcpdump tells of the packet first.
  const start = Math.max(0, lines.findIndex(isMarkedStart))
  const [first] = lines
  const hasOffsets = start > 0 || (first !== undefined && isStart(first))
  return hasOffsets ? readColumns(lines.slice(start)) : readPlain(lines)
}

interface Line {
  /** In the text, from 1. */
  number: number
  text: string
}

const isMarkedStart = ({ text }: Line): boolean => OFFSET.exec(text)?.[2] === ':'

/** Offsets count from 0 where nothing marks them; the data of a CONNECT starts with 10. */
const isStart = (line: Line): boolean => isMarkedStart(line) || /^0+$/.test(OFFSET.exec(line.text)?.[1] ?? '')

function readPlain(lines: readonly Line[]): Buffer {
  let hex = ''
  for (const { number, text } of lines) {
    const digits = text.replace(PUNCTUATION, '')
    const odd = /[^0-9a-f]/i.exec(digits)
    if (odd !== null) throw notHex(odd[0], number)
    hex += digits
  }
  if (hex.length % 2 !== 0) {
    throw new UnreadableDump(`The hex dump has ${hex.length} digits, and a byte has two`, 'give the whole dump')
  }
  return Buffer.from(hex, 'hex')
}

const notHex = (character: string, line: number): UnreadableDump =>
  new UnreadableDump(`Line ${line} of the hex dump has ${JSON.stringify(character)}, which is not hexadecimal`, FIX)

/** A line behind its offset. */
interface Row {
  number: number
  offset: number
  /** What follows the offset; null = `*`, the row before is repeated up to the next offset. */
  rest: string | null
}

function readColumns(lines: readonly Line[]): Buffer {
  const rows = lines.map(rowOf)
  const start = rows[0]?.offset ?? 0
  const parts: Buffer[] = []
  let size = 0
  let charactersAt = Number.POSITIVE_INFINITY
  rows.forEach(({ number, offset, rest }, index) => {
    const next = rows[index + 1]
    const wanted = next === undefined ? undefined : next.offset - offset
    if (rest === null) {
      const repeated = parts.at(-1) ?? Buffer.alloc(0)
      const missing = (next?.offset ?? 0) - start - size
      if (!(missing >= 0 && size + missing <= MAX_BYTES) || repeated.length === 0) throw offsetAstray(number)
      parts.push(Buffer.alloc(missing, repeated))
      size += missing
      return
    }
    if (offset - start !== size) throw offsetAstray(number)
    const read = readRow(rest.slice(0, charactersAt), wanted, number)
    if (charactersAt === Number.POSITIVE_INFINITY && wanted !== undefined) charactersAt = read.end
    parts.push(read.bytes)
    size += read.bytes.length
  })
  return Buffer.concat(parts)
}

function rowOf({ number, text }: Line): Row {
  if (text === '*') return { number, offset: Number.NaN, rest: null }
  const offset = OFFSET.exec(text)
  if (offset === null)
    throw new UnreadableDump(`Line ${number} of the hex dump has no offset, the lines before do`, FIX)
  return { number, offset: Number.parseInt(offset[1] ?? '', 16), rest: text.slice(offset[0].length) }
}

const offsetAstray = (line: number): UnreadableDump =>
  new UnreadableDump(`Line ${line} of the hex dump does not go on where the line before ends`, 'give the whole dump')

/**
 * Bytes up to the column of characters: so many as the next offset asks for, else up to what is no longer hexadecimal.
 * `end` is where they end in the text.
 */
function readRow(rest: string, wanted: number | undefined, number: number): { bytes: Buffer; end: number } {
  const isBounded = wanted !== undefined && !Number.isNaN(wanted)
  let hex = ''
  let end = 0
  for (const { 0: token, index } of rest.matchAll(/\S+/g)) {
    if ((isBounded && hex.length / 2 >= wanted) || !/^(?:[0-9a-f]{2})+$/i.test(token)) break
    hex += token
    end = index + token.length
  }
  if (isBounded && hex.length / 2 !== wanted) {
    const problem = `Line ${number} of the hex dump has ${hex.length / 2} bytes, and the next offset asks for ${wanted}`
    throw new UnreadableDump(problem, FIX)
  }
  return { bytes: Buffer.from(hex, 'hex'), end }
}
