import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readHexDump, UnreadableDump } from './hex-dump.ts'

const rowsOf = (bytes: Buffer, size = 16): { offset: number; row: Buffer }[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => ({
    offset: index * size,
    row: bytes.subarray(index * size, (index + 1) * size),
  }))
const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0')
const characters = (row: Buffer): string =>
  [...row].map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
const inGroups = (row: Buffer, size: number): string =>
  rowsOf(row, size)
    .map(({ row: group }) => [...group].map(hexOf).join(''))
    .join(' ')

const styles: Record<string, (bytes: Buffer) => string> = {
  plain: bytes => bytes.toString('hex'),
  'in capitals': bytes => bytes.toString('hex').toUpperCase(),
  'with colons': bytes => [...bytes].map(hexOf).join(':'),
  'as an array of C': bytes => `const uint8_t connect[] = {\n  ${[...bytes].map(b => `0x${hexOf(b)}`).join(', ')},\n};`,
  'as a text of C': bytes => `"${[...bytes].map(byte => `\\x${hexOf(byte)}`).join('')}"`,
  xxd: bytes =>
    rowsOf(bytes)
      .map(({ offset, row }) => {
        const place = offset.toString(16).padStart(8, '0')
        return `${place}: ${inGroups(row, 2).padEnd(39)}  ${characters(row)}`
      })
      .join('\n'),
  'xxd -p': bytes =>
    rowsOf(bytes, 30)
      .map(({ row }) => row.toString('hex'))
      .join('\n'),
  'hexdump -C': bytes =>
    rowsOf(bytes)
      .map(({ offset, row }) => {
        const halves = rowsOf(row, 8).map(({ row: half }) => inGroups(half, 1))
        return `${offset.toString(16).padStart(8, '0')}  ${halves.join('  ').padEnd(48)}  |${characters(row)}|`
      })
      .concat(bytes.length.toString(16).padStart(8, '0'))
      .join('\r\n'),
  Wireshark: bytes =>
    rowsOf(bytes)
      .map(({ offset, row }) => {
        return `${offset.toString(16).padStart(4, '0')}   ${inGroups(row, 1).padEnd(47)}   ${characters(row)}`
      })
      .join('\n'),
  'tcpdump -X': bytes =>
    [
      '12:00:00.000001 IP 192.0.2.1.50000 > 192.0.2.2.1883: Flags [P.], length 65',
      ...rowsOf(bytes).map(({ offset, row }) => {
        return `\t0x${offset.toString(16).padStart(4, '0')}:  ${inGroups(row, 2).padEnd(39)}  ${characters(row)}`
      }),
    ].join('\n'),
}

// A CONNECT starts so; the rest is anything, characters that look like hexadecimal among it.
const anyBytes = fc
  .tuple(fc.uint8Array({ maxLength: 70 }), fc.stringMatching(/^[0-9a-f ]{0,40}$/))
  .map(([bytes, text]) => Buffer.concat([Buffer.from([0x10]), bytes, Buffer.from(text)]))

describe('a hex dump', () => {
  test.each(Object.entries(styles))('%s is read back, whatever the bytes are', (_, style) => {
    fc.assert(
      fc.property(anyBytes, bytes => {
        expect(readHexDump(style(bytes)).toString('hex')).toBe(bytes.toString('hex'))
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    ['rows that repeat', '00000000  10 10  |..|\n*\n00000006  20  | |\n00000007', '10101010101020'],
    [
      'od’s marks',
      '000000 10 30 31 32 >.012<\n000004 66                                               >f<',
      '1030313266',
    ],
    ['blank lines and indents', '\n\n    10 20\n\n  30\n', '102030'],
  ])('takes %s', (_, dump, hex) => {
    expect(readHexDump(dump).toString('hex')).toBe(hex)
  })

  test.each([
    ['nothing', ' \n ', /empty/],
    ['half a byte', '10 2', /3 digits/],
    ['a word', '10 20\nhello', /Line 2 .* "h"/],
    ['a missing line', '00000000: 1020 ..\n00000004: 3040', /Line 1 .* 2 bytes, and the next offset asks for 4/],
    ['a line without an offset', '00000000: 1020\nhello', /Line 2 .* no offset/],
    ['lines in another order', '00000010: 1020\n00000000: 3040', /Line 1|Line 2/],
    ['a repetition without an end', '00000000: 1020\n*', /Line 2 .* does not go on/],
    ['a repetition without a limit', '00000000: 1020\n*\nffffffff: 30', /Line 2 .* does not go on/],
  ])('says what is wrong with %s', (_, dump, problem) => {
    expect(() => readHexDump(dump)).toThrow(UnreadableDump)
    expect(() => readHexDump(dump)).toThrow(problem)
  })

  test('never throws anything else', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-fx:*|\n .-]{0,120}$/), dump => {
        try {
          readHexDump(dump)
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableDump)
        }
      }),
    )
  })
})
