import { expect, it } from 'vitest'
import { createRandomPool } from './random-pool.ts'

it('gives as many bytes as asked, across the end of the pool and beyond its size, and none twice', () => {
  const random = createRandomPool()
  const seen = new Set<string>()
  for (let count = 0; count < 2000; count++) {
    const bytes = random(16)
    expect(bytes).toHaveLength(16)
    seen.add(Buffer.from(bytes).toString('hex'))
  }
  expect(seen.size).toBe(2000)
  expect(random(5000)).toHaveLength(5000)
  expect(random(0)).toHaveLength(0)
})

it('keeps what it has given out when the pool is filled anew', () => {
  const random = createRandomPool()
  const first = random(32)
  const copy = Uint8Array.from(first)
  for (let count = 0; count < 300; count++) random(32)
  expect(first).toEqual(copy)
})
