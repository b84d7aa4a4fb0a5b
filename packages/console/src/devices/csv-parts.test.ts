import { expect, it } from 'vitest'
import { csvParts } from './csv-parts.ts'

it('each part begins with the header, and its line numbers lead back to those of the file', () => {
  const csv = 'deviceName,deviceSecret\nSN01,\n\nSN02,\nSN03,a\n'
  expect(csvParts(csv, 2)).toEqual([
    { text: 'deviceName,deviceSecret\nSN01,\n\nSN02,', lineOffset: 0, rows: 2 },
    { text: 'deviceName,deviceSecret\nSN03,a', lineOffset: 3, rows: 1 },
  ])
})

it('a file without header has its lines counted from its first one', () => {
  expect(csvParts('SN01\r\nSN02\r\nSN03', 1).map(({ text, lineOffset }) => [text, lineOffset])).toEqual([
    ['SN01', 0],
    ['SN02', 1],
    ['SN03', 2],
  ])
})

it('a line end inside quotes does not end the row', () => {
  expect(csvParts('"SN\n01",x\nSN02', 1).map(({ text }) => text)).toEqual(['"SN\n01",x', 'SN02'])
})

it('a byte order mark hides no header, and a file without rows has no parts', () => {
  expect(csvParts('\uFEFFdeviceName\n', 10)).toEqual([])
})
