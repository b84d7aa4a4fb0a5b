import { expect, it } from 'vitest'
import { figure, sizeText, utcTime } from './time-text.ts'

it('UTC is written out, to the millisecond', () => {
  expect(utcTime('2026-11-23T10:15:04.120+08:00')).toBe('2026-11-23 02:15:04.120 UTC')
})

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [5 * 1024 ** 3, '5 GiB'],
  [3 * 1024 ** 5, '3072 TiB'],
] as const)('%d bytes are %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text)
})

it('figures have separators', () => {
  expect([figure(1_000_000, 'en'), figure(1_000_000, 'zh')]).toEqual(['1,000,000', '1,000,000'])
})
