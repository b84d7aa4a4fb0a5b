import { describe, expect, it } from 'vitest'
import { misbehaviourOf, misbehaviours } from './misbehaviour.ts'

const counted = (devices: number, shares: ReturnType<typeof misbehaviours>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (let index = 0; index < devices; index++) {
    const kind = misbehaviourOf(index, shares) ?? 'none'
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

describe('misbehaviours', () => {
  it('takes kinds with and without a share, in one list or several', () => {
    const shares = misbehaviours('slow', misbehaviours('wrong-secret=5, no-closing-bar=7'))
    expect([...shares]).toEqual([
      ['wrong-secret', 5],
      ['no-closing-bar', 7],
      ['slow', 10],
    ])
  })

  it.each([
    ['late', /"late" is no kind of misbehaviour\. Give one of wrong-secret, /],
    ['slow=', /whole number of percent/],
    ['slow=1.5', /whole number of percent/],
    ['slow=101', /whole number of percent/],
    ['slow=60,wrong-secret=41', /come to 101 %/],
    ['toString', /no kind/],
  ])('refuses %s', (text, problem) => {
    expect(() => misbehaviours(text)).toThrow(problem)
  })
})

describe('misbehaviourOf', () => {
  it('gives each kind its share of every hundred devices', () => {
    const shares = misbehaviours('wrong-secret=5,slow=20')
    expect(counted(300, shares)).toEqual({ none: 225, 'wrong-secret': 15, slow: 60 })
    expect(counted(100, misbehaviours('slow=100'))).toEqual({ slow: 100 })
  })

  it('spreads a kind over a small fleet too', () => {
    expect(counted(10, misbehaviours('wrong-secret=10,slow=20'))).toEqual({ none: 7, 'wrong-secret': 1, slow: 2 })
  })
})
