import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatClientId, MAX_BLOCK_PIECES, parseClientId } from './connect-block.ts'

const block = (text: string) => {
  const parsed = parseClientId(text)
  if (parsed.kind !== 'block') throw new Error(`parsed as ${parsed.kind}`)
  return { id: parsed.id, parameters: Object.fromEntries(parsed.parameters) }
}

describe('parseClientId', () => {
  test.each<[rule: string, text: string, id: string, parameters: Record<string, string>]>([
    ['reads parameters in any order', 'd|b=2,a=1|', 'd', { a: '1', b: '2' }],
    ['lowers keys and keeps values', 'd|signMethod=HmacMD5|', 'd', { signmethod: 'HmacMD5' }],
    ['trims keys and values', 'd| random = 7 ,\tx=\n1|', 'd', { random: '7', x: '1' }],
    ['passes a trailing comma', 'd|ext=3,|', 'd', { ext: '3' }],
    ['passes empty pieces', 'd|,,a=1,,|', 'd', { a: '1' }],
    ['passes pieces without =', 'd|Ali,a=1,junk|', 'd', { a: '1' }],
    ['passes pieces without a key', 'd|=5,a=1|', 'd', { a: '1' }],
    ['keeps a | inside a value', 'd|a=1,lan=JS|Ali,b=2|', 'd', { a: '1', lan: 'JS|Ali', b: '2' }],
    ['splits at the first = only', 'd|a=b=c=|', 'd', { a: 'b=c=' }],
    ['keeps empty values', 'd|a=|', 'd', { a: '' }],
    ['takes an empty block', 'd||', 'd', {}],
    ['lets the last of two equal keys count', 'd|a=1,A=2|', 'd', { a: '2' }],
    ['ignores what follows the last |', 'd|a=1|,b=2', 'd', { a: '1' }],
    ['never trims the id', ' d |a=1|', ' d ', { a: '1' }],
    ['takes an empty id', '|a=1|', '', { a: '1' }],
  ])('%s', (_rule, text, id, parameters) => {
    expect(block(text)).toEqual({ id, parameters })
  })

  test('keeps keys that objects have built in', () => {
    const parsed = parseClientId('d|__proto__=1,constructor=2|')
    expect(parsed.kind === 'block' && [...parsed.parameters.keys()]).toEqual(['__proto__', 'constructor'])
  })

  test('a clientId without | is plain', () => {
    expect(parseClientId('K19uYV000100')).toEqual({ kind: 'plain', id: 'K19uYV000100' })
    expect(parseClientId('')).toEqual({ kind: 'plain', id: '' })
  })

  test('a single | opens a block that is not closed, and its parameters are read all the same', () => {
    expect(parseClientId('d|a=1,b=2')).toEqual({
      kind: 'not-closed',
      id: 'd',
      parameters: new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    })
    expect(parseClientId('d|').kind).toBe('not-closed')
  })

  test('pieces past the limit are ignored', () => {
    const pieces = Array.from({ length: MAX_BLOCK_PIECES + 50 }, (_, index) => `k${index}=v`)
    const parsed = parseClientId(`d|${pieces.join(',')}|`)
    expect(parsed.kind === 'block' && parsed.parameters.size).toBe(MAX_BLOCK_PIECES)
  })
})

const id = fc.string({ unit: 'grapheme' }).map(text => text.replaceAll('|', ''))
const key = fc.stringMatching(/^[a-z_][a-z0-9_]{0,11}$/)
const value = fc
  .string()
  .map(text => text.replace(/[|,]/g, '').trim())
  .filter(text => text.trim() === text)

test('property: what was formatted parses back', () => {
  fc.assert(
    fc.property(id, fc.dictionary(key, value, { maxKeys: 12 }), (anId, parameters) => {
      const parsed = parseClientId(formatClientId(anId, Object.entries(parameters)))
      expect(parsed).toEqual({ kind: 'block', id: anId, parameters: new Map(Object.entries(parameters)) })
    }),
  )
})

test('property: any text parses', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('|', ',', '=', 'a', ' ') }),
      (a, b) => {
        for (const text of [a, b, a + b]) {
          const parsed = parseClientId(text)
          const bars = text.split('|').length - 1
          expect(parsed.kind).toBe(bars === 0 ? 'plain' : bars === 1 ? 'not-closed' : 'block')
          expect(text.startsWith(parsed.id)).toBe(true)
        }
      },
    ),
  )
})

test.each<[string, string, [string, string][]]>([
  ['id', 'a|b', []],
  ['key', 'a', [['', '1']]],
  ['key', 'a', [['k=', '1']]],
  ['random', 'a', [['random', '1,2']]],
  ['random', 'a', [['random', '1|2']]],
])('formatClientId refuses a %s that would not parse back', (named, anId, entries) => {
  expect(() => formatClientId(anId, entries)).toThrow(named)
})
