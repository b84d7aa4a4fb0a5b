import { readFileSync } from 'node:fs'
import { expect, it, test } from 'vitest'
import { OptionError, outputOptions, readOptions } from './options.ts'
import { type BenchReport, PAGE, textTable, withReport } from './report.ts'

const table = {
  title: 'Figures',
  columns: ['', 'a', 'bb'],
  rows: [
    ['one', '1', '22'],
    ['three', '333', '4'],
  ],
}
const report: BenchReport = {
  ...{ name: 'some', how: 'how', machine: 'machine', versions: { peer: '1.2' }, tables: [table], notes: ['A note.'] },
  ...{ figures: null, passed: true },
}
const opening = '<!-- bench: some (npm run bench -- some --write) -->'

it('columns are aligned', () => {
  expect(textTable(table)).toBe('Figures\n         a  bb\none      1  22\nthree  333   4')
})

it('a report replaces the one before it and nothing else', () => {
  const page = `# Title\n\n${opening}\nold\n<!-- end of bench -->\n\nrest\n`
  const once = withReport(page, report)
  expect(once).toContain(
    'how. machine; peer 1.2.\n\n**Figures**\n\n|  | a | bb |\n| --- | --- | --- |\n| one | 1 | 22 |',
  )
  expect(once).toMatch(/^# Title\n\n<!-- bench: some/)
  expect(once).toMatch(/- A note\.\n\n<!-- end of bench -->\n\nrest\n$/)
  expect(once).not.toContain('old')
  expect(withReport(once, report)).toBe(once)
  expect(() => withReport('# Title\n', report)).toThrow('no place for some')
})

test.each(['registration', 'messages', 'memory', 'matching', 'console', 'soak'])(
  'the page has a place for %s',
  name => {
    expect(withReport(readFileSync(PAGE, 'utf8'), { ...report, name })).toContain('how. machine')
  },
)

const rules = {
  count: { from: 1, to: 10, default: 5 },
  tls: { oneOf: ['1.2', '1.3'], default: '1.3' },
  peers: { several: ['x', 'y'] },
  cases: { text: '' },
} as const

it('options left out have their defaults', () => {
  expect(readOptions([], rules)).toEqual({ count: 5, tls: '1.3', peers: ['x', 'y'], cases: '' })
  expect(readOptions(['--count', '7', '--tls', '1.2', '--peers', 'y', '--cases', 'qos1'], rules)).toEqual({
    ...{ count: 7, tls: '1.2', peers: ['y'], cases: 'qos1' },
  })
  expect(readOptions(['--peers', ''], rules).peers).toEqual([])
})

test.each<[string[], string]>([
  [['--count', '0'], '--count: give a whole number from 1 to 10'],
  [['--count', '11'], '--count: give a whole number from 1 to 10'],
  [['--count', '1.5'], '--count: give a whole number from 1 to 10'],
  [['--tls', '1.1'], '--tls: give one of 1.2, 1.3'],
  [['--peers', 'x,z'], '--peers: z is none of x, y'],
  [['--what', '1'], 'the options are --count, --tls, --peers, --cases, --json, --write'],
])('%j is refused with what would be right', (args, sentence) => {
  expect(() => readOptions(args, rules)).toThrow(OptionError)
  expect(() => readOptions(args, rules)).toThrow(sentence)
})

it('where the report goes is read apart', () => {
  expect(outputOptions(['--write', '--count', '3', '--json', 'f'])).toEqual({
    output: { jsonFile: 'f', writes: true },
    rest: ['--count', '3'],
  })
  expect(() => outputOptions(['--json'])).toThrow(OptionError)
})
