import type { Device, JournalEntry } from '../api/types.ts'
import type { PresenceEvent } from '../live/live.ts'

/** A coming or going; a device that comes online while it is takes its earlier connection over. */
export type TimelinePresence = PresenceEvent & { isTakeOver: boolean }

/** A moment that the registry keeps of a device. Logins are not in the journal: of them only the first and the last are known. */
export interface Milestone {
  what: 'created' | 'firstLogin' | 'unitFirstLogin' | 'unitForbidden' | 'lastOnline' | 'lastOffline'
  time: string
  /** Of the unit, where there may be several. */
  clientId?: string
}

export type TimelineItem = { key: string; time: string } & (
  | { kind: 'entry'; entry: JournalEntry }
  | { kind: 'presence'; presence: TimelinePresence }
  | { kind: 'milestone'; milestone: Milestone }
)

/** What is known of a device from before the page was opened; each moment once. */
export function milestonesOf(device: Device): Milestone[] {
  const { createdAt, activatedAt, lastOnlineAt, lastOfflineAt, clientIds } = device
  const at = (what: Milestone['what'], time: string | null, clientId?: string): Milestone[] => {
    if (time === null) return []
    return [clientId === undefined ? { what, time } : { what, time, clientId }]
  }
  const known = [
    ...clientIds.flatMap(({ clientId, usedAt, forbiddenAt }) => [
      ...at('unitFirstLogin', usedAt, clientId),
      ...at('unitForbidden', forbiddenAt, clientId),
    ]),
    ...at('firstLogin', activatedAt),
    ...at('lastOnline', lastOnlineAt),
    ...at('lastOffline', lastOfflineAt),
    ...at('created', createdAt),
  ]
  const isLogin = ({ what }: Milestone): boolean => /login|online/i.test(what)
  return known.filter(
    (milestone, index) =>
      !(isLogin(milestone) && known.slice(0, index).some(other => isLogin(other) && other.time === milestone.time)),
  )
}

/** Journal entries, comings and goings and milestones as one list, newest first. */
export function timelineOf(
  entries: readonly JournalEntry[],
  presences: readonly TimelinePresence[],
  milestones: readonly Milestone[],
): TimelineItem[] {
  const items: TimelineItem[] = [
    ...presences.map((presence, index) => ({
      ...{ kind: 'presence' as const, key: `presence ${presences.length - index}` },
      ...{ time: presence.time, presence },
    })),
    ...milestones.map(milestone => ({
      ...{ kind: 'milestone' as const, key: `${milestone.what} ${milestone.clientId ?? ''}` },
      ...{ time: milestone.time, milestone },
    })),
    ...entries.map(entry => ({ kind: 'entry' as const, key: `entry ${entry.id}`, time: entry.time, entry })),
  ]
  return items.sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
}
