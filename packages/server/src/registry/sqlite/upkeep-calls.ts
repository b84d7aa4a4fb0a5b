import type { DatabaseSync } from 'node:sqlite'
import type { TimeMs } from '../types.ts'
import type { WriteCalls } from './calls.ts'
import type { Writer } from './writer.ts'

export function upkeepCalls({ db, journal }: Writer): Pick<WriteCalls, 'appendJournal' | 'writeCheck'> {
  const check = db.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('checked-at', CAST(? AS BLOB))")
  return {
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
