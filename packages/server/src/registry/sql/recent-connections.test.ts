import { expect, test } from 'vitest'
import type { PresenceChange } from '../store.ts'
import { KEPT_CONNECTIONS, recentConnections, withComing, withGoing } from './recent-connections.ts'

const T = 1_790_000_000_000
const change = (at: number, over: Partial<PresenceChange> = {}): PresenceChange => ({
  ...{ productKey: 'pk', deviceName: 'dev', online: true, at: T + at, address: '192.0.2.7', transport: 'tls' },
  ...over,
})
/** A device that comes and goes as it is told: the row that a store would keep. */
const device = () => {
  const row = { online: 0, last_offline_at: null as number | null, connections: null as string | null }
  const come = (at: number, over: Partial<PresenceChange> = {}) => {
    row.connections = withComing(row, change(at, over))
    row.online = 1
  }
  const go = (at: number, reason: PresenceChange['reason'] = 'client-disconnected') => {
    row.connections = withGoing(row.connections, change(at, { reason }))
    row.online = 0
    row.last_offline_at = T + at
  }
  /** Its gateway dies. */
  const abandon = (at: number) => {
    row.online = 0
    row.last_offline_at = T + at
  }
  const told = () =>
    recentConnections(row).map(({ since, until, end }) => [since - T, until === null ? null : until - T, end])
  return { row, come, go, abandon, told }
}

test('tells when a device came, from where and by what, and how it went', () => {
  const { row, come, go } = device()
  come(0, { clientId: 'cid1', address: '2001:db8::1' })
  go(5000, 'keep-alive-timeout')
  come(9000)
  expect(recentConnections(row)).toEqual([
    { since: T + 9000, until: null, end: null, transport: 'tls', address: '192.0.2.7', clientId: null },
    {
      ...{ since: T, until: T + 5000, end: 'keep-alive-timeout' },
      ...{ transport: 'tls', address: '2001:db8::1', clientId: 'cid1' },
    },
  ])
})

test('a device that comes while it is there has taken its older connection over', () => {
  const { come, go, told } = device()
  come(0)
  come(10)
  go(30)
  expect(told()).toEqual([
    [10, 30, 'client-disconnected'],
    [0, 10, 'session-taken-over'],
  ])
})

test('where its gateway died nobody told of the end: it is when that was found, also after the device came back', () => {
  const { come, abandon, told } = device()
  come(0)
  abandon(20)
  expect(told()).toEqual([[0, 20, 'gateway-gone']])
  come(50)
  expect(told()).toEqual([
    [50, null, null],
    [0, 20, 'gateway-gone'],
  ])
})

test('what is told twice is there once', () => {
  const { row, come, go, told } = device()
  come(0)
  come(0)
  go(5)
  go(6)
  expect(told()).toEqual([[0, 5, 'client-disconnected']])
  come(10)
  // Noted again after its lease was lost: the same connection.
  come(40, { since: T + 10 })
  expect(told()[0]).toEqual([10, null, null])
  row.connections = withGoing(row.connections, change(3, { reason: 'connection-lost' }))
  expect(told()[0]).toEqual([10, 10, 'connection-lost'])
})

test('a place that stays the same is written once, and is told of each', () => {
  const { row, come, go } = device()
  for (let at = 0; at < 4; at++) {
    come(at * 10, at === 1 ? { address: '198.51.100.1' } : {})
    go(at * 10 + 5)
  }
  expect(row.connections?.split('192.0.2.7')).toHaveLength(3)
  expect(recentConnections(row).map(({ address }) => address)).toEqual([
    '192.0.2.7',
    '192.0.2.7',
    '198.51.100.1',
    '192.0.2.7',
  ])
})

test('only the newest are kept, in a few hundred bytes', () => {
  const { row, come, go, told } = device()
  for (let at = 0; at < 50; at++) {
    come(at * 1000, { address: `2001:db8:1111:2222:3333:4444:5555:${1000 + at}`, clientId: 'c'.repeat(64) })
    go(at * 1000 + 10, 'connection-lost')
  }
  expect(told()).toHaveLength(KEPT_CONNECTIONS)
  expect(told()[0]?.[0]).toBe(49_000)
  expect(row.connections?.length).toBeLessThan(1600)
  const steady = device()
  for (let at = 0; at < 50; at++) {
    steady.come(at * 1000)
    steady.go(at * 1000 + 10)
  }
  expect(steady.row.connections?.length).toBeLessThan(400)
})

test('a going of which the coming is not known tells nothing', () => {
  const { row, go, told } = device()
  go(5)
  expect(told()).toEqual([])
  expect(row.connections).toBeNull()
})
