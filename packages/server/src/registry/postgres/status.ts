import type { StoreStatus } from '../store.ts'
import type { Database, Statement } from './database.ts'
import { SCHEMA } from './migrations.ts'

const SIZE: Statement = {
  text: `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS size
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '${SCHEMA}' AND c.relkind = 'r'`,
}
// The lease's end is told in the database's time, which alone decides.
const GATEWAYS: Statement = {
  text: `SELECT id, expires_at > now() AS ok, floor(extract(epoch FROM expires_at) * 1000)::bigint AS leased_until
    FROM gateways WHERE expires_at > '-infinity' ORDER BY id LIMIT 1000`,
}

export async function status(database: Database, ownId: number | undefined): Promise<StoreStatus> {
  const [sizes, gateways] = await Promise.all([
    database.list<{ size: number }>(SIZE),
    database.list<{ id: number; ok: boolean; leased_until: number }>(GATEWAYS),
  ])
  return {
    sizeBytes: sizes[0]?.size ?? 0,
    gateways: gateways.map(({ id, ok, leased_until: leasedUntil }) => ({
      id: String(id),
      self: id === ownId,
      ok,
      leasedUntil,
    })),
  }
}
