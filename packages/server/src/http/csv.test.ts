import { describe, expect, test } from 'vitest'
import { csvRows } from './csv.ts'

const rows = (text: string) => [...csvRows(text)].map(row => [row.line, ...row.cells])

describe('CSV text becomes records with the line they start on', () => {
  test.each([
    [
      'LF',
      'a,b\nc,d\n',
      [
        [1, 'a', 'b'],
        [2, 'c', 'd'],
      ],
    ],
    [
      'CRLF',
      'a\r\nb\r\n',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'CR alone',
      'a\rb',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'no line end at the end',
      'a\nb',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'blank lines are skipped but counted',
      'a\n\n  \nb',
      [
        [1, 'a'],
        [4, 'b'],
      ],
    ],
    [
      'byte order mark',
      '\ufeffdeviceName\nx',
      [
        [1, 'deviceName'],
        [2, 'x'],
      ],
    ],
    ['white space around plain cells', ' a , b ', [[1, 'a', 'b']]],
    ['quotes keep commas and doubled quotes', '"a,""b""",c', [[1, 'a,"b"', 'c']]],
    [
      'quotes keep line ends, which count',
      '"a\nb",c\nd',
      [
        [1, 'a\nb', 'c'],
        [3, 'd'],
      ],
    ],
    [
      'empty cells stay',
      'a,,\n,b',
      [
        [1, 'a', '', ''],
        [2, '', 'b'],
      ],
    ],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    expect(rows(text)).toEqual(expected)
  })

  test('a quote that never closes makes the last row, marked as broken', () => {
    expect([...csvRows('a\n"b,c\nd\n')]).toEqual([
      { line: 1, cells: ['a'] },
      { line: 2, cells: ['b,c\nd\n'], broken: true },
    ])
  })

  test('rows are read as they are asked for, so a limit bounds the work', () => {
    const generator = csvRows('a\n'.repeat(1_000_000))
    expect(generator.next().value).toEqual({ line: 1, cells: ['a'] })
    generator.return(undefined)
  })
})
