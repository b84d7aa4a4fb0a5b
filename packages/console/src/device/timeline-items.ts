import type { Device, DeviceConnection, JournalEntry } from '../api/types.ts'

/** A moment that the registry keeps of a device. */
export interface Milestone {
  what: 'created' | 'firstLogin' | 'unitFirstLogin' | 'unitForbidden' | 'lastOnline' | 'lastOffline'
  time: string
  /** Of the unit, where there may be several. */
  clientId?: string
}

export type TimelineItem = { key: string; time: string } & (
  | { kind: 'entry'; entry: JournalEntry }
  | { kind: 'came'; connection: DeviceConnection; tookOver: boolean }
  | { kind: 'went'; connection: DeviceConnection }
  | { kind: 'milestone'; milestone: Milestone }
)

export interface TimelineParts {
  device: Device
  /** Newest first. */
  connections: readonly DeviceConnection[]
  entries: readonly JournalEntry[]
}

/** What is known of a device, as one list, newest first. */
export function timelineOf({ device, connections, entries }: TimelineParts): TimelineItem[] {
  const items: TimelineItem[] = [
    ...comingsAndGoings(connections),
    ...entries.map(entry => ({ kind: 'entry' as const, key: `entry ${entry.id}`, time: entry.time, entry })),
    // Last of the same instant: a registration creates the device.
    ...milestonesOf(device, connections).map(milestone => ({
      ...{ kind: 'milestone' as const, key: `${milestone.what} ${milestone.clientId ?? ''}` },
      ...{ time: milestone.time, milestone },
    })),
  ]
  return items.sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
}

/** A take-over is told where the newer connection came. */
function comingsAndGoings(connections: readonly DeviceConnection[]): TimelineItem[] {
  return connections.flatMap((connection, index): TimelineItem[] => {
    const { since, until, end } = connection
    const tookOver = connections[index + 1]?.end === TAKEN_OVER
    const came = { kind: 'came' as const, key: `came ${since}`, time: since, connection, tookOver }
    if (until === null || end === TAKEN_OVER) return [came]
    return [{ kind: 'went', key: `went ${since}`, time: until, connection }, came]
  })
}

const TAKEN_OVER = 'session-taken-over'

/** Comings and goings only of a device that has not come since its connections are kept. */
function milestonesOf(device: Device, connections: readonly DeviceConnection[]): Milestone[] {
  const { createdAt, activatedAt, lastOnlineAt, lastOfflineAt, clientIds } = device
  const at = (what: Milestone['what'], time: string | null, clientId?: string): Milestone[] => {
    if (time === null) return []
    return [clientId === undefined ? { what, time } : { what, time, clientId }]
  }
  const units = clientIds.flatMap(({ clientId, usedAt, forbiddenAt }) => [
    ...at('unitFirstLogin', usedAt, clientId),
    ...at('unitForbidden', forbiddenAt, clientId),
  ])
  return [
    ...units,
    ...(units.some(({ time }) => time === activatedAt) ? [] : at('firstLogin', activatedAt)),
    ...(connections.length > 0 ? [] : [...at('lastOnline', lastOnlineAt), ...at('lastOffline', lastOfflineAt)]),
    ...at('created', createdAt),
  ]
}
