import { expect, test } from 'vitest'
import type { GatewayStats } from '../../gateway/index.ts'
import { leftBy, sumGatewayStats } from './sum-figures.ts'

const stats: GatewayStats = {
  connections: { tcp: 1, tls: 2, ws: 3, wss: 4, arriving: 5 },
  handshakes: { waiting: 6, inFlight: 7, maxInFlight: 8, done: 9, failed: 10 },
  tlsVersions: { 'TLSv1.3': 11 },
  accepted: 12,
  rejected: { 'not-mqtt': 13 },
}

test('all figures are added, those that only one has included', () => {
  const other = { ...stats, tlsVersions: { 'TLSv1.2': 1 }, rejected: { 'not-mqtt': 1, 'connect-timeout': 2 } }
  expect(sumGatewayStats([stats, other])).toEqual({
    connections: { tcp: 2, tls: 4, ws: 6, wss: 8, arriving: 10 },
    handshakes: { waiting: 12, inFlight: 14, maxInFlight: 16, done: 18, failed: 20 },
    tlsVersions: { 'TLSv1.3': 11, 'TLSv1.2': 1 },
    accepted: 24,
    rejected: { 'not-mqtt': 14, 'connect-timeout': 2 },
  })
})

test('what a process leaves is what it counted, and nothing of what was open', () => {
  expect(leftBy(stats)).toEqual({
    connections: { tcp: 0, tls: 0, ws: 0, wss: 0, arriving: 0 },
    handshakes: { waiting: 0, inFlight: 0, maxInFlight: 0, done: 9, failed: 10 },
    tlsVersions: { 'TLSv1.3': 11 },
    accepted: 12,
    rejected: { 'not-mqtt': 13 },
  })
})
