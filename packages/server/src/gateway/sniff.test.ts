import { expect, test } from 'vitest'
import { sniff } from './sniff.ts'

const cases = [
  ['', 'need-more'],
  ['16', 'tls'],
  ['160301', 'tls'],
  ['10', 'mqtt'],
  ['10ff', 'mqtt'],
  ['8206', 'mqtt'],
  ['c000', 'mqtt'],
  ['e000', 'mqtt'],
  ['47', 'need-more'],
  ['4745', 'need-more'],
  ['474554', 'need-more'],
  ['47455420', 'http'],
  ['474554202f', 'http'],
  ['4745540a', 'unknown'],
  ['47454e', 'unknown'],
  ['504f535420', 'unknown'],
  ['5353482d', 'unknown'],
  ['00', 'unknown'],
  ['80', 'unknown'],
] as const

test.each(cases)('first bytes %s mean %s', (hex, speaker) => {
  expect(sniff(Buffer.from(hex, 'hex'))).toBe(speaker)
})
