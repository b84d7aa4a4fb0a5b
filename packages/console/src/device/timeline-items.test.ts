import { expect, it } from 'vitest'
import type { Device, DeviceConnection, JournalEntry } from '../api/types.ts'
import { timelineOf } from './timeline-items.ts'

const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`
const device: Device = {
  ...{ productKey: 'pk', deviceName: 'unit-0001', status: 'OFFLINE', hasSecret: false, address: null },
  ...{ createdAt: at(0), activatedAt: at(2), reopenedAt: null, lastOnlineAt: at(5), lastOfflineAt: at(6) },
  clientIds: [
    { clientId: 'a', createdAt: at(1), usedAt: at(2), forbiddenAt: at(4) },
    { clientId: 'b', createdAt: at(3), usedAt: null, forbiddenAt: null },
  ],
}
const connection = (since: number, until: number | null, end: string | null): DeviceConnection => ({
  ...{ since: at(since), until: until === null ? null : at(until), end },
  ...{ transport: 'tls', address: '192.0.2.7', clientId: 'a' },
})
const told = (connections: DeviceConnection[], entries: JournalEntry[] = []): string[] =>
  timelineOf({ device, connections, entries }).map(item => {
    const what = item.kind === 'milestone' ? item.milestone.what : item.kind
    return `${item.time.slice(14, 16)} ${what}${item.kind === 'came' && item.tookOver ? ' over' : ''}`
  })

it('mixes comings, goings, milestones and journal entries, newest first', () => {
  const entry = { id: 7, time: at(1) } as JournalEntry
  const connections = [
    connection(8, null, null),
    connection(5, 6, 'connection-lost'),
    connection(2, 3, 'client-disconnected'),
  ]
  expect(told(connections, [entry])).toEqual([
    ...['08 came', '06 went', '05 came', '04 unitForbidden', '03 went', '02 came', '02 unitFirstLogin', '01 entry'],
    '00 created',
  ])
})

it('tells the registration that has created the device after its creation', () => {
  expect(told([], [{ id: 7, time: at(0) } as JournalEntry]).slice(-2)).toEqual(['00 entry', '00 created'])
})

it('tells a take-over once, where the newer connection came', () => {
  expect(told([connection(8, 9, 'connection-lost'), connection(7, 8, 'session-taken-over')]).slice(0, 3)).toEqual([
    ...['09 went', '08 came over', '07 came'],
  ])
})

it('tells the last coming and going of a device that has not come since connections are kept', () => {
  expect(told([])).toEqual(['06 lastOffline', '05 lastOnline', '04 unitForbidden', '02 unitFirstLogin', '00 created'])
})
