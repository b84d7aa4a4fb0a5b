import { describe, expect, test } from 'vitest'
import { newNote } from '../store-audit.suite.ts'
import type { AuditEntry } from './audit-entry.ts'
import { ChainCheck, type ChainVerdict, canonical, chained, FIRST_HASH } from './chain.ts'
import { changedFields, noteOf } from './note.ts'

const LOG = chained(undefined, [
  newNote(),
  newNote({ action: 'b' }),
  newNote({ action: 'c' }),
  newNote({ action: 'd' }),
])

const check = (entries: readonly AuditEntry[]): ChainVerdict => {
  const checking = new ChainCheck()
  for (const entry of entries) checking.take(entry)
  return checking.verdict
}
const altered = (at: number, change: Partial<AuditEntry>): AuditEntry[] =>
  LOG.map((entry, index) => (index === at ? { ...entry, ...change } : entry))

describe('a chain', () => {
  test('that nobody touched is good, whole or from its beginning', () => {
    expect(check(LOG)).toEqual({ ok: true, entries: 4, lastHash: LOG[3]?.hash, firstBadId: null, problem: null })
    expect(check(LOG.slice(0, 2))).toMatchObject({ ok: true, entries: 2, lastHash: LOG[1]?.hash })
    expect(check([])).toMatchObject({ ok: true, entries: 0, lastHash: FIRST_HASH })
  })

  test.each<[string, Partial<AuditEntry>]>([
    ['time', { at: 1 }],
    ['actor', { actor: { kind: 'key', id: 'hk1', name: 'somebody else' } }],
    ['action', { action: 'x' }],
    ['target', { target: 'pk1/dev2' }],
    ['before', { before: {} }],
    ['after', { after: null }],
    ['address', { address: null }],
    ['way', { via: 'cli' }],
    ['hash', { hash: FIRST_HASH }],
  ])('shows where a %s was altered', (_, change) => {
    expect(check(altered(1, change))).toMatchObject({ ok: false, entries: 1, firstBadId: 2, lastHash: LOG[0]?.hash })
  })

  test('shows where an entry was removed, put in, or moved', () => {
    const [one, two, three, four] = LOG as [AuditEntry, AuditEntry, AuditEntry, AuditEntry]
    expect(check([one, three, four])).toMatchObject({
      firstBadId: 2,
      problem: 'entry 2 is missing; the next one there is 3',
    })
    expect(check([two, three])).toMatchObject({ firstBadId: 1 })
    expect(check([one, { ...three, id: 2 }, { ...two, id: 3 }, four])).toMatchObject({ firstBadId: 2 })
    expect(check([one, two, { ...two, id: 3 }, { ...three, id: 4 }])).toMatchObject({ firstBadId: 3 })
  })

  test('goes on from where it was', () => {
    expect(chained(LOG[1], [newNote({ action: 'c' }), newNote({ action: 'd' })])).toEqual(LOG.slice(2))
  })
})

test('the text that is hashed depends on no order of keys and on nothing undefined', () => {
  expect(canonical({ b: [1, undefined, { d: null, c: '\u0000\ud800' }], a: undefined })).toBe(
    '{"b":[1,null,{"c":"\\u0000\\ud800","d":null}]}',
  )
})

test('a note holds no character that a database would change', () => {
  const actor = { kind: 'user', id: 'u', name: 'a\u0000b', address: null, via: 'api' } as const
  expect(noteOf(actor, 1, { action: 'x', target: '\ud800' })).toMatchObject({
    actor: { name: 'a\ufffdb' },
    target: '\ufffd',
  })
})

test('only what differs is noted', () => {
  expect(changedFields({ name: 'a', on: true, n: 1 }, { name: 'b', on: true, n: undefined, extra: 2 })).toEqual({
    before: { name: 'a', extra: null },
    after: { name: 'b', extra: 2 },
  })
})
