import { expect, test } from 'vitest'
import { Ledger } from './ledger.ts'

type Step = 'sent' | 'acknowledged' | 'received' | 'abandoned'
test.each<[Step[], { owed: number; underWay: number; duplicates: number }]>([
  [['sent'], { owed: 0, underWay: 1, duplicates: 0 }],
  [['sent', 'acknowledged'], { owed: 1, underWay: 1, duplicates: 0 }],
  [['sent', 'acknowledged', 'received'], { owed: 0, underWay: 0, duplicates: 0 }],
  [['sent', 'received', 'acknowledged'], { owed: 0, underWay: 0, duplicates: 0 }],
  [['sent', 'received', 'received'], { owed: 0, underWay: 1, duplicates: 1 }],
  [['sent', 'acknowledged', 'received', 'received'], { owed: 0, underWay: 0, duplicates: 1 }],
  [['sent', 'abandoned'], { owed: 0, underWay: 0, duplicates: 0 }],
  [['sent', 'received', 'abandoned'], { owed: 0, underWay: 0, duplicates: 0 }],
  [['sent', 'acknowledged', 'abandoned'], { owed: 1, underWay: 1, duplicates: 0 }],
])('a message that was %j', (steps, expected) => {
  const ledger = new Ledger()
  for (const step of steps) ledger[step](1)
  expect({ owed: ledger.owed, underWay: ledger.underWay, duplicates: ledger.duplicates }).toEqual(expected)
  expect(ledger.close()).toBe(expected.owed)
  expect(ledger.underWay).toBe(0)
})
