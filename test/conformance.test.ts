import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue, citationsIn, statementsOf, versions } from '../scripts/conformance/catalogue.ts'
import { evidenceIn, heldBy, keyOf, mistakesIn } from '../scripts/conformance/evidence.ts'
import { conformancePage, renderConformance } from '../scripts/conformance/page.ts'
import { titlesIn } from '../scripts/conformance/titles.ts'
import { ROOT } from './harness/documents.ts'

const evidence = evidenceIn(ROOT)
const held = heldBy(evidence)
const bindsServer = versions.flatMap(version =>
  catalogue[version].flatMap(one => (one.binds === 'client' ? [] : [{ key: keyOf(version, one), open: one.open }])),
)

describe('the statements of MQTT', () => {
  it.each([
    ['5.0', 251],
    ['3.1.1', 141],
  ] as const)('%s are %i, each number once and in order', (version, count) => {
    const ids = catalogue[version].map(({ id }) => id)
    expect(ids).toHaveLength(count)
    const inOrder = ids.toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    expect(ids).toEqual(inOrder)
    expect(new Set(ids).size).toBe(count)
    for (const id of ids) expect(id).toMatch(/^[1-7]\.\d+\.\d+-\d+$/)
  })

  it('that bind the server are held by a test, or say why not', () => {
    const without = bindsServer.filter(({ key, open }) => !held.has(key) && open === undefined)
    expect(without.map(({ key }) => key)).toEqual([])
  })

  it('that a test holds give no reason why none does', () => {
    const stale = bindsServer.filter(({ key, open }) => held.has(key) && open !== undefined)
    expect(stale.map(({ key }) => key)).toEqual([])
  })

  it('are cited by numbers that exist, in tests, code and comments', () => {
    expect(mistakesIn(ROOT)).toEqual([])
  })
})

it(`${conformancePage} is that of the tests as they are; else run node scripts/conformance.ts`, () => {
  const isCurrent = readFileSync(join(ROOT, conformancePage), 'utf8') === renderConformance(evidence)
  expect(isCurrent, 'run node scripts/conformance.ts').toBe(true)
})

describe('a citation', () => {
  it.each([
    ['[MQTT-3.12.4-1]', ['5.0', '3.1.1']],
    ['[MQTT-3.12.4-1 of 5.0]', ['5.0']],
    ['[MQTT-3.1.2-22]', ['5.0']],
    ['[MQTT-3.1.2-22 of 3.1.1]', ['3.1.1']],
    ['[MQTT-3.3.5-1]', ['3.1.1']],
  ])('%s means the statement of %j', (text, expected) => {
    const { good, unknown } = citationsIn(`before ${text} behind`)
    expect(unknown).toEqual([])
    expect(good.flatMap(statementsOf).map(([version]) => version)).toEqual(expected)
  })

  it.each([
    '[MQTT-3.12.4-2]',
    '[MQTT-3.3.5-1 of 5.0]',
    '[MQTT-3.12.4-1 of 3.1]',
    '[MQTT-3.12.4-1, MQTT-3.12.4-2]',
    '[MQTT-]',
  ])('%s means none', text => {
    expect(citationsIn(text)).toEqual({ good: [], unknown: [text] })
  })
})

describe('the names of tests', () => {
  const namesIn = (source: string): string[] => titlesIn(source).map(({ whole }) => whole)

  it('are those of their describe, it and test, with the rows of a table in their place', () => {
    const source = `
      // it('no comment')
      describe('outer', () => {
        it('inner', () => {})
        it.each([['first', 1], ['second', 2]] as const)('ends over %s', () => {})
        test.each(cases)(\`with \${it} inside\`, () => {})
      })`
    expect(namesIn(source)).toEqual([
      'outer',
      'outer › inner',
      'outer › ends over first',
      'outer › ends over second',
      'outer › ends over %s',
      'outer › with … inside',
    ])
  })

  it('may stand in tables of their own', () => {
    expect(namesIn("export const cases = [bad('a name', 4), { name: 'other' }]")).toEqual(['a name', 'other'])
  })
})
