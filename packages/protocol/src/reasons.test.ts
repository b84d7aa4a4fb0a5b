import { describe, expect, test } from 'vitest'
import { CONNECTION_REASONS } from './reasons/connection.ts'
import { HTTP_REASONS } from './reasons/http.ts'
import { MALFORMED_REASONS } from './reasons/malformed.ts'
import { REFUSED_REASONS } from './reasons/refused.ts'
import { SUB_DEVICE_REASONS } from './reasons/sub-devices.ts'
import { TRANSPORT_REASONS } from './reasons/transport.ts'
import { UNAVAILABLE_REASONS } from './reasons/unavailable.ts'
import { UPSTREAM_REASONS } from './reasons/upstream.ts'
import { isReasonCode, REASON_CODES, REASONS, reason } from './reasons.ts'

const MQTT5_BY_CONNACK: Record<number, readonly number[]> = {
  0: [0x00],
  1: [0x84],
  2: [0x85],
  3: [0x88, 0x97, 0x9f],
  4: [0x86, 0x87],
}

describe.each(REASON_CODES)('reason %s', code => {
  const of = reason(code)

  test('is written in the one style of codes', () => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*(:[a-zA-Z]+)?$/)
  })

  test('has a sentence and a fix in both languages', () => {
    for (const english of [of.en, of.fixEn]) expect(english).toMatch(/^[A-Z][^\n]+\.$/)
    for (const chinese of [of.zh, of.fixZh]) expect(chinese).toMatch(/[\u4e00-\u9fff][^\n]*。$/u)
  })

  test('answers with CONNACK and MQTT 5 codes that belong together', () => {
    if (of.connack === null) {
      expect(of.mqtt5).toBeGreaterThanOrEqual(0x80)
      expect(of.mqtt5).toBeLessThanOrEqual(0xa2)
    } else {
      expect(MQTT5_BY_CONNACK[of.connack]).toContain(of.mqtt5)
    }
  })

  test('lets the device retry a CONNECT exactly where the code says server unavailable', () => {
    if (of.connack !== null) expect(of.retryable).toBe(of.connack === 3)
  })

  test('has an HTTP status that fits', () => {
    if (of.connack === 0) expect(of.http).toBe(200)
    else expect(of.http >= 400 && of.http <= 599).toBe(true)
  })
})

test('no code stands in two parts of the table, so none is overwritten', () => {
  const parts = [
    TRANSPORT_REASONS,
    MALFORMED_REASONS,
    REFUSED_REASONS,
    UNAVAILABLE_REASONS,
    UPSTREAM_REASONS,
    CONNECTION_REASONS,
    SUB_DEVICE_REASONS,
    HTTP_REASONS,
  ]
  const sum = parts.reduce((count, part) => count + Object.keys(part).length, 0)
  expect(REASON_CODES).toHaveLength(sum)
})

test('each part of the table answers with its own CONNACK code', () => {
  const codes = (part: Record<string, { connack: number | null }>) => new Set(Object.values(part).map(r => r.connack))
  expect(codes(MALFORMED_REASONS)).toEqual(new Set([2]))
  expect(codes(REFUSED_REASONS)).toEqual(new Set([4]))
  expect(codes(UNAVAILABLE_REASONS)).toEqual(new Set([3]))
  expect(codes(CONNECTION_REASONS)).toEqual(new Set([null]))
  expect(codes(SUB_DEVICE_REASONS)).toEqual(new Set([null]))
  expect(codes(HTTP_REASONS)).toEqual(new Set([null]))
})

test('only codes of the table are reason codes', () => {
  expect(isReasonCode('parameter-missing:random')).toBe(true)
  for (const text of ['', 'toString', '__proto__', 'parameter-missing', 'Registered']) {
    expect(isReasonCode(text)).toBe(false)
  }
  expect(REASONS['signature-mismatch'].connack).toBe(4)
})
