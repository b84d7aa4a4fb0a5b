import { describe, expect, it } from 'vitest'
import { widthOf } from '../printable.ts'
import { LiveReport, summaryText } from './report.ts'
import { type Figures, Tally } from './tally.ts'

function figures(): Figures {
  const tally = new Tally({ devices: 1000, misbehaving: 100 })
  tally.connected = 900
  for (const ms of [1, 2, 3]) tally.noteRegistration(ms)
  tally.sent = 12_345_678
  const refusal = {
    step: 'registration',
    code: 4,
    meaning: 'registration refused with code 4: \u001b[31mwrong',
  } as const
  tally.noteRefusal(refusal)
  tally.noteRefusal(refusal)
  tally.noteRefusal({ ...refusal, misbehaviour: 'wrong-secret' })
  tally.noteRefusal({ step: 'connection', code: null, meaning: 'the server closed the connection without an answer' })
  return tally.figures()
}

const shown = (isTerminal: boolean): string[] => {
  const written: string[] = []
  const live = new LiveReport({ stdout: text => written.push(text), isTerminal, columns: 80 })
  live.show(figures(), 'coming')
  live.show(figures(), 'staying')
  live.end()
  return written
}

describe('LiveReport', () => {
  it('draws four lines over the last ones on a terminal, none wider than it', () => {
    const [first = '', second = '', end = ''] = shown(true)
    expect(first.split('\n')).toHaveLength(5)
    expect(first).toMatch(/^coming up {2}\[#{22}\.\.\] 900 of 1000 connected/)
    expect(second.startsWith('\u001b[4A\r\u001b[Jon line ')).toBe(true)
    expect(end).toBe('\u001b[4A\r\u001b[J')
    for (const line of first.split('\n')) expect(widthOf(line)).toBeLessThan(80)
  })

  it('writes one plain line each time elsewhere', () => {
    const written = shown(false).filter(text => text !== '')
    expect(written).toHaveLength(2)
    for (const text of written) expect(text).toMatch(/^0 s: 900 of 1000 connected, 3 registered, 4 refused, .*\n$/)
  })
})

describe('summaryText', () => {
  it('counts refusals by step, code and purpose, says once what they mean, and fits into 80 columns', () => {
    const text = summaryText(figures(), 80)
    expect(text).toMatch(/Devices +1000, 100 of them misbehaving on purpose/)
    expect(text).toMatch(/2 {2}registration {2}4 +-\n/)
    expect(text).toMatch(/1 {2}registration {2}4 +wrong-secret\n/)
    expect(text).toMatch(/1 {2}connection +none +-\n/)
    expect(text.match(/refused with code 4/g)).toHaveLength(1)
    expect(text).toContain('\\x1b[31mwrong')
    expect(text).toMatch(/CONNECT to credentials +3 +2\.02 +3 +3 +3\n/)
    expect(text).not.toContain('PUBLISH to PUBACK')
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80)
  })
})
