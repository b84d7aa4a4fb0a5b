import type { DatabaseSync } from 'node:sqlite'
import { oldestKeptMinute } from '../sql/activity.ts'
import type { TimeMs } from '../types.ts'
import type { WriteCalls } from './calls.ts'
import type { Writer } from './writer.ts'

type UpkeepCalls = Pick<WriteCalls, 'appendJournal' | 'noteActivity' | 'writeCheck'>

export function upkeepCalls({ db, journal }: Writer): UpkeepCalls {
  const check = db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('checked-at', CAST(? AS BLOB))")
  const note = db.prepare(`INSERT OR REPLACE INTO activity (minute, gateway, registrations, logins, refusals)
    VALUES (?, ?, ?, ?, ?)`)
  const forget = db.prepare('DELETE FROM activity WHERE minute < ?')
  return {
    noteActivity({ gateway, minutes }) {
      for (const { minute, registrations, logins, refusals } of minutes) {
        note.run(minute, gateway, registrations, logins, JSON.stringify(refusals))
      }
      forget.run(oldestKeptMinute(minutes))
    },
    appendJournal: entries => entries.map(entry => journal.append(entry)),
    writeCheck: ({ now }) => void check.run(String(now)),
  }
}

/** Presence is what this process knows of its connections: when it starts there are none. */
export function setAllOffline(db: DatabaseSync, now: TimeMs): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.prepare('UPDATE devices SET online = 0, last_offline_at = ? WHERE online = 1').run(now)
    db.exec('UPDATE products SET offline_count = offline_count + online_count, online_count = 0')
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
