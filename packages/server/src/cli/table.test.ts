import { describe, expect, it } from 'vitest'
import { widthOf } from './printable.ts'
import { type Column, facts, table } from './table.ts'

interface Row {
  key: string
  name: string | null
  count: number
}
const columns: readonly Column<Row>[] = [
  { title: 'KEY', value: ({ key }) => key, keep: true },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'COUNT', value: ({ count }) => count, align: 'right' },
]

describe('table', () => {
  it('lines up columns, wide characters included, and shows what is absent as -', () => {
    const rows = [
      { key: 'al123456789', name: '温度传感器', count: 5 },
      { key: 'b', name: null, count: 1200 },
    ]
    expect(table(rows, columns, 80)).toBe(
      ['KEY          NAME        COUNT', 'al123456789  温度传感器      5', 'b            -            1200', ''].join(
        '\n',
      ),
    )
  })

  it('is never wider than it may be, and cuts the long cell, not the one to keep', () => {
    const rows = [{ key: 'k'.repeat(30), name: '很长的名字'.repeat(20), count: 1 }]
    const text = table(rows, columns, 60)
    for (const line of text.trimEnd().split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(60)
    expect(text).toContain('k'.repeat(30))
    expect(text).toContain('…')
  })

  it('cuts even kept cells when there is no other way', () => {
    const text = table([{ key: 'k'.repeat(100), name: 'n', count: 1 }], columns, 40)
    for (const line of text.trimEnd().split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(40)
  })

  it('escapes control characters in cells', () => {
    expect(table([{ key: 'a\u001b[2J', name: 'x\ny', count: 1 }], columns, 80)).toContain('a\\x1b[2J  x\\ny')
  })
})

describe('facts', () => {
  it('lines up values and does not cut them', () => {
    const long = 'x'.repeat(200)
    expect(
      facts([
        ['Name', 'n'],
        ['Longer name', long],
        ['None', null],
      ]),
    ).toBe(`Name         n\nLonger name  ${long}\nNone         -\n`)
  })
})
