import { describe, expect, it } from 'vitest'
import { CliError } from './io.ts'
import { localTime, parseSince } from './times.ts'

const now = Date.parse('2026-01-31T12:00:00Z')

describe('parseSince', () => {
  it.each([
    ['30s', '2026-01-31T11:59:30.000Z'],
    ['10m', '2026-01-31T11:50:00.000Z'],
    ['2h', '2026-01-31T10:00:00.000Z'],
    ['7d', '2026-01-24T12:00:00.000Z'],
    ['2026-01-01', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T08:00:00+08:00', '2026-01-01T00:00:00.000Z'],
  ])('reads %s', (text, iso) => {
    expect(parseSince(text, now)).toBe(iso)
  })

  it.each(['', 'soon', '10', '10w', '2026-13-01', '1'])('refuses %j as a wrong use', text => {
    expect(() => parseSince(text, now)).toThrow(CliError)
    expect(() => parseSince(text, now)).toThrow(/--since: .*Give one such as 10m/)
  })
})

describe('localTime', () => {
  it('shows date and time of this time zone, and - for never', () => {
    const at = new Date(2026, 0, 31, 9, 5, 7)
    expect(localTime(at.toISOString())).toBe('2026-01-31 09:05:07')
    expect(localTime(null)).toBe('-')
  })
})
