import type { PresenceChange } from '../store.ts'
import type { DeviceStatus, TimeMs } from '../types.ts'
import type { Session, Statement } from './database.ts'
import { ProductCounts } from './product-counts.ts'

const MAX_DEVICES = 200

// Of several gateways that look each takes another one. That it is marked comes before any of its devices is touched.
const NEXT_DEAD: Statement = {
  name: 'next-dead-gateway',
  text: `UPDATE gateways SET expires_at = '-infinity' WHERE id = (SELECT id FROM gateways
      WHERE expires_at = '-infinity' OR ($1::boolean AND expires_at < now())
      ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id`,
}

const SET_OFFLINE: Statement = {
  name: 'set-abandoned-offline',
  text: `WITH held AS (SELECT product_id, device_name FROM devices WHERE gateway_id = $1::bigint AND online
      ORDER BY product_id, device_name LIMIT $2::integer FOR UPDATE),
    gone AS (UPDATE devices d SET online = false, gateway_id = NULL, last_offline_at = $3::bigint FROM held h
      WHERE d.product_id = h.product_id AND d.device_name = h.device_name
      RETURNING d.product_id, d.device_name, d.address, d.status)
    SELECT gone.*, p.product_key FROM gone LEFT JOIN products p ON p.id = gone.product_id`,
}

/** Only when no device names it any more. */
export const RELEASE_LEASE: Statement = {
  name: 'release-lease',
  text: `DELETE FROM gateways WHERE id = $1::bigint
    AND NOT EXISTS (SELECT FROM devices WHERE gateway_id = $1::bigint AND online)`,
}

interface GoneRow {
  product_id: number
  device_name: string
  address: string | null
  status: DeviceStatus
  /** Null if the product is deleted. */
  product_key: string | null
}

/**
 * Sets some devices of one dead gateway off line; returns them, or undefined if there is no dead gateway. Locks the
 * gateway's row before its devices, and those before the counters, as whoever notes presence does.
 */
export async function abandonSome(
  session: Session,
  { judges, now }: { judges: boolean; now: TimeMs },
): Promise<readonly PresenceChange[] | undefined> {
  const [dead] = await session.query<{ id: number }>(NEXT_DEAD, [judges])
  if (!dead) return undefined
  const gone = await session.query<GoneRow>(SET_OFFLINE, [dead.id, MAX_DEVICES, now])
  const counts = new ProductCounts()
  for (const { product_id, status } of gone) {
    if (status !== 'OFFLINE') continue // it did not count as on line
    counts.add(product_id, 'online_count', -1)
    counts.add(product_id, 'offline_count', 1)
  }
  await counts.save(session) // a deleted product has none
  await session.change(RELEASE_LEASE, [dead.id])
  return gone.flatMap(({ product_key: productKey, device_name: deviceName, address }) =>
    productKey === null ? [] : [{ productKey, deviceName, online: false, at: now, address }],
  )
}
