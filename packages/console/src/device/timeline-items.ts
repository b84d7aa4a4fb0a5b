import type { JournalEntry } from '../api/types.ts'
import type { PresenceEvent } from '../live/live.ts'

/** A coming or going; a device that comes online while it is takes its earlier connection over. */
export type TimelinePresence = PresenceEvent & { isTakeOver: boolean }

export type TimelineItem =
  | { key: string; time: string; entry: JournalEntry; presence?: never }
  | { key: string; time: string; entry?: never; presence: TimelinePresence }

/** Journal entries and comings and goings as one list, newest first. */
export function timelineOf(entries: readonly JournalEntry[], presences: readonly TimelinePresence[]): TimelineItem[] {
  const items: TimelineItem[] = [
    ...entries.map(entry => ({ key: `entry ${entry.id}`, time: entry.time, entry })),
    ...presences.map((presence, index) => ({
      key: `presence ${presences.length - index}`,
      time: presence.time,
      presence,
    })),
  ]
  return items.sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
}
