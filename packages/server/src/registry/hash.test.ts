import { expect, test } from 'vitest'
import { hashSecret, sameSecret } from './hash.ts'

test('a secret is kept as its SHA-256 in lower-case hex', () => {
  expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(hashSecret('é')).toMatch(/^[0-9a-f]{64}$/)
})

test.each([
  ['secret', 'secret', true],
  ['', '', true],
  ['secret', 'Secret', false],
  ['secret', 'secret1', false],
  ['', 's', false],
  ['é', 'e\u0301', false],
])('%j and %j are the same: %s', (left, right, same) => {
  expect(sameSecret(left, right)).toBe(same)
})
