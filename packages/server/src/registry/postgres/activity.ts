import { oldestKeptMinute } from '../sql/activity.ts'
import type { Store } from '../store.ts'
import type { Database, Statement } from './database.ts'

const NOTE: Statement = {
  text: `INSERT INTO activity (minute, gateway, registrations, logins, refusals)
    SELECT n.minute, $2, n.registrations, n.logins, n.refusals
    FROM unnest($1::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS n (minute, registrations, logins, refusals)
    ON CONFLICT (minute, gateway) DO UPDATE SET registrations = excluded.registrations, logins = excluded.logins,
      refusals = excluded.refusals`,
}
const FORGET: Statement = { text: 'DELETE FROM activity WHERE minute < $1' }

export function activity(database: Database): Pick<Store, 'noteActivity'> {
  return {
    noteActivity: (gateway, minutes) =>
      database.transaction(async session => {
        await session.change(NOTE, [
          minutes.map(({ minute }) => minute),
          gateway,
          minutes.map(({ registrations }) => registrations),
          minutes.map(({ logins }) => logins),
          minutes.map(({ refusals }) => JSON.stringify(refusals)),
        ])
        await session.change(FORGET, [oldestKeptMinute(minutes)])
      }),
  }
}
