import { expect, test } from 'vitest'
import { StoreUnavailable } from '../store.ts'
import { createPasswords, DEFAULT_PASSWORD_COST } from './passwords.ts'

const CHEAP = { ln: 4, r: 8, p: 1 }

test('a hash says how it was made, is another one each time, and holds nothing of the password', async () => {
  const passwords = createPasswords()
  const hashes = [await passwords.hash('correct horse battery'), await passwords.hash('correct horse battery')]
  const { ln, r, p } = DEFAULT_PASSWORD_COST
  for (const hash of hashes) {
    expect(hash.startsWith(`$scrypt$ln=${ln},r=${r},p=${p}$`)).toBe(true)
    expect(hash).not.toContain('horse')
  }
  expect(hashes[0]).not.toBe(hashes[1])
  expect(await passwords.matches('correct horse battery', hashes[1] ?? '')).toBe(true)
  expect(await passwords.matches('Correct horse battery', hashes[1] ?? '')).toBe(false)
})

test('a hash of another cost is still checked', async () => {
  const hash = await createPasswords(CHEAP).hash('correct horse battery')
  const later = createPasswords({ ln: 5, r: 8, p: 1 })
  expect(await later.matches('correct horse battery', hash)).toBe(true)
  expect(await later.matches('wrong', hash)).toBe(false)
})

test('no password matches where there is none', async () => {
  for (const password of ['', 'x']) expect(await createPasswords(CHEAP).matches(password, null)).toBe(false)
})

test('of a crowd, those whom nobody has room for are turned away, and the rest get their turn', async () => {
  const passwords = createPasswords(CHEAP)
  const crowd = await Promise.allSettled(Array.from({ length: 50 }, () => passwords.matches('x', null)))
  const turnedAway = crowd.filter(outcome => outcome.status === 'rejected')
  expect(turnedAway).toHaveLength(50 - 34)
  for (const { reason } of turnedAway) expect(reason).toBeInstanceOf(StoreUnavailable)
  expect(await passwords.matches('x', null)).toBe(false)
})
