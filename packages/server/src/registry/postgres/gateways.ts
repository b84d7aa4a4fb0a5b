import type { Client } from 'pg'
import type { TimeMs } from '../types.ts'
import { SCHEMA } from './migrations.ts'

/** Held in common by every gateway of a database as long as its connection lives; alone while one looks for others. */
const GATEWAYS_LOCK = '7521983763894330746'

/**
 * Counts this connection's gateway among those of the database. Presence is what gateways know of their connections:
 * if one starts and there is no other, nobody is on line.
 */
export async function joinGateways(client: Client, { isStart, now }: { isStart: boolean; now: TimeMs }): Promise<void> {
  const isAlone = isStart && (await triesAlone(client))
  if (isAlone) await setAllOffline(client, now)
  await client.query('SELECT pg_advisory_lock_shared($1::bigint)', [GATEWAYS_LOCK])
  if (isAlone) await client.query('SELECT pg_advisory_unlock($1::bigint)', [GATEWAYS_LOCK])
}

async function triesAlone(client: Client): Promise<boolean> {
  const text = 'SELECT pg_try_advisory_lock($1::bigint) AS alone'
  return (await client.query<{ alone: boolean }>(text, [GATEWAYS_LOCK])).rows[0]?.alone === true
}

async function setAllOffline(client: Client, now: TimeMs): Promise<void> {
  const gone = `WITH gone AS (UPDATE ${SCHEMA}.devices SET online = false, last_offline_at = $1 WHERE online)
    UPDATE ${SCHEMA}.product_counts SET offline_count = offline_count + online_count, online_count = 0
    WHERE online_count <> 0`
  await client.query(gone, [now])
}
