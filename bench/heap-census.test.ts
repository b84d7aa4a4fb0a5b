import { expect, it } from 'vitest'
import { censusOf, growth } from './heap-census.ts'

const snapshot = (nodes: readonly (readonly [type: number, name: number, bytes: number])[]): string =>
  JSON.stringify({
    snapshot: {
      meta: {
        node_fields: ['type', 'name', 'id', 'self_size'],
        node_types: [['object', 'closure', 'array', 'string']],
      },
    },
    nodes: nodes.flatMap(([type, name, bytes], id) => [type, name, id, bytes]),
    strings: ['Socket', 'onData', '', '(object elements)', 'Link'],
  })

it('objects are counted by their constructor, the rest by its kind', () => {
  const census = censusOf(
    snapshot([
      [0, 0, 100],
      [0, 0, 50],
      [1, 1, 8],
      [2, 2, 16],
      [2, 3, 24],
      [3, 1, 4],
    ]),
  )
  expect([...census]).toEqual([
    ['Socket', { count: 2, bytes: 150 }],
    ['functions', { count: 1, bytes: 8 }],
    ['arrays of properties and elements', { count: 1, bytes: 16 }],
    ['(object elements) (array)', { count: 1, bytes: 24 }],
    ['strings', { count: 1, bytes: 4 }],
  ])
})

it('growth is what each unit added, the largest first', () => {
  const before = censusOf(
    snapshot([
      [0, 0, 100],
      [1, 1, 8],
    ]),
  )
  const after = censusOf(
    snapshot([
      [0, 0, 100],
      [0, 0, 100],
      [0, 0, 100],
      [0, 4, 300],
      [0, 4, 300],
      [1, 1, 8],
    ]),
  )
  expect(growth(before, after, 2)).toEqual([
    { name: 'Link', countEach: 1, bytesEach: 300 },
    { name: 'Socket', countEach: 1, bytesEach: 100 },
  ])
})
