import { describe, expect, it } from 'vitest'
import { csvParts } from './csv-parts.ts'

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `SN-${index + 1}`)

describe('csvParts', () => {
  it('sends a text that fits as it is', () => {
    const csv = '\ufeffdeviceName\r\nSN-1\r\n'
    expect([...csvParts(csv)]).toEqual([{ text: csv, linesBefore: 0 }])
  })

  it('cuts a long text without a header at line ends, losing no line', () => {
    const parts = [...csvParts(names(12_000).join('\n'))]
    expect(parts.map(part => part.linesBefore)).toEqual([0, 5000, 10_000])
    expect(parts.flatMap(part => part.text.trimEnd().split('\n'))).toEqual(names(12_000))
  })

  it('repeats the header, and numbers lines as in the whole', () => {
    const parts = [...csvParts(['deviceSecret,DEVICENAME', ...names(6000)].join('\r\n'))]
    expect(parts).toHaveLength(2)
    for (const { text } of parts) expect(text.startsWith('deviceSecret,DEVICENAME\n')).toBe(true)
    const [, second] = parts
    // The first row of a part is its line 2; in the whole, SN-5001 is on line 5002.
    expect(second?.text.split('\n')[1]).toBe('SN-5001')
    expect(2 + (second?.linesBefore ?? 0)).toBe(5002)
  })

  it('keeps each part below the limit of one request, also with long lines', () => {
    const parts = [...csvParts(Array.from({ length: 3000 }, (_, index) => `${index},${'x'.repeat(1000)}`).join('\n'))]
    expect(parts.length).toBeGreaterThan(5)
    for (const { text } of parts) expect(text.length).toBeLessThan(600_000)
  })

  it('sends no part of blank lines only', () => {
    const parts = [...csvParts(`${names(5000).join('\n')}\n\n\n`)]
    expect(parts).toHaveLength(1)
  })
})
