import { expect, it } from 'vitest'
import type { Device, JournalEntry } from '../api/types.ts'
import { milestonesOf, timelineOf } from './timeline-items.ts'

const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`
const device: Device = {
  ...{ productKey: 'pk', deviceName: 'unit-0001', status: 'OFFLINE', hasSecret: false, address: null },
  ...{ createdAt: at(0), activatedAt: at(2), reopenedAt: null, lastOnlineAt: at(5), lastOfflineAt: at(6) },
  clientIds: [
    { clientId: 'a', createdAt: at(1), usedAt: at(2), forbiddenAt: at(4) },
    { clientId: 'b', createdAt: at(3), usedAt: null, forbiddenAt: null },
  ],
}

it('tells each login that the registry knows once, and of the unit where it knows that', () => {
  const told = milestonesOf(device).map(({ what, time, clientId }) => [what, time, clientId])
  expect(told).toEqual([
    ['unitFirstLogin', at(2), 'a'],
    ['unitForbidden', at(4), 'a'],
    ['lastOnline', at(5), undefined],
    ['lastOffline', at(6), undefined],
    ['created', at(0), undefined],
  ])
  const once = milestonesOf({ ...device, clientIds: [], lastOnlineAt: device.activatedAt })
  expect(once.map(({ what }) => what)).toEqual(['firstLogin', 'lastOffline', 'created'])
})

it('mixes milestones, comings and goings and journal entries, newest first', () => {
  const entry = { id: 7, time: at(1) } as JournalEntry
  const event = { productKey: 'pk', deviceName: 'unit-0001', status: 'ONLINE', address: null, reason: '' } as const
  const items = timelineOf([entry], [{ ...event, time: at(8), isTakeOver: false }], milestonesOf(device))
  expect(items.map(({ kind, time }) => `${kind} ${time.slice(14, 16)}`)).toEqual([
    'presence 08',
    'milestone 06',
    'milestone 05',
    'milestone 04',
    'milestone 02',
    'entry 01',
    'milestone 00',
  ])
})
