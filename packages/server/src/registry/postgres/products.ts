import type { Sealer } from '../seal.ts'
import { productPlace } from '../sql/rows.ts'
import { Conflict, type Store } from '../store.ts'
import type { ProductSettings, TimeMs } from '../types.ts'
import { auditedTransaction } from './audit.ts'
import type { Database, Session, Statement } from './database.ts'
import type { Notices } from './notices.ts'

const INSERT: Statement = {
  text: `WITH made AS (INSERT INTO products (product_key, product_secret, name, settings, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO product_counts (product_id) SELECT id FROM made`,
}
const LOCK: Statement = { text: 'SELECT id, name, settings FROM products WHERE product_key = $1 FOR UPDATE' }
const UPDATE: Statement = { text: 'UPDATE products SET name = $2, settings = $3, updated_at = $4 WHERE id = $1' }
// The counters first: whoever creates a device changes them too, so he is done by then, or finds them gone.
const DROP_COUNTS: Statement = {
  text: 'DELETE FROM product_counts WHERE product_id = (SELECT id FROM products WHERE product_key = $1)',
}
const DROP: Statement = {
  text: `WITH gone AS (DELETE FROM products WHERE product_key = $1 RETURNING id)
    INSERT INTO orphans (product_id) SELECT id FROM gone`,
}
// Of two gateways that sweep at once each takes a product of its own.
const NEXT_ORPHAN: Statement = { text: 'SELECT product_id FROM orphans LIMIT 1 FOR UPDATE SKIP LOCKED' }
const DROP_SOME: Statement = {
  text: `WITH chosen AS (SELECT device_name FROM devices WHERE product_id = $1 ORDER BY device_name LIMIT $2),
    issued AS (DELETE FROM client_ids WHERE product_id = $1 AND device_name IN (SELECT device_name FROM chosen))
    DELETE FROM devices WHERE product_id = $1 AND device_name IN (SELECT device_name FROM chosen)`,
}
const DROP_ORPHAN: Statement = { text: 'DELETE FROM orphans WHERE product_id = $1' }

export interface ProductParts {
  database: Database
  sealer: Sealer
  notices: Notices
  clock: () => TimeMs
}

type Products = Pick<Store, 'createProduct' | 'updateProduct' | 'deleteProduct'>

export function products({ database, sealer, notices, clock }: ProductParts): Products {
  return {
    async createProduct({ productKey, productSecret, name, createdAt, updatedAt, ...settings }, note) {
      const sealed = Buffer.from(sealer.seal(productSecret, productPlace(productKey)))
      const values = [productKey, sealed, name, JSON.stringify(settings), createdAt, updatedAt]
      const made = await auditedTransaction(database, note, session => session.change(INSERT, values))
      if (made > 0) return
      throw new Conflict('product-exists', `A product with the ProductKey ${productKey} exists already.`)
    },
    updateProduct: (productKey, { name, ...change }, now, note) =>
      auditedTransaction(database, note, async session => {
        const [row] = await session.query<{ id: number; name: string; settings: string }>(LOCK, [productKey])
        if (!row) return false
        const settings = { ...(JSON.parse(row.settings) as Partial<ProductSettings>), ...change }
        await session.change(UPDATE, [row.id, name ?? row.name, JSON.stringify(settings), now])
        await notices.send(session, [{ kind: 'product-changed', productKey, at: now }])
        return true
      }),
    deleteProduct: (productKey, note) =>
      auditedTransaction(database, note, async session => {
        await session.change(DROP_COUNTS, [productKey])
        if ((await session.change(DROP, [productKey])) === 0) return false
        await notices.send(session, [{ kind: 'product-deleted', productKey, at: clock() }])
        return true
      }),
  }
}

/** Removes some devices of deleted products; false when none is left. */
export async function sweepOrphans(session: Session, maxDevices: number): Promise<boolean> {
  const [orphan] = await session.query<{ product_id: number }>(NEXT_ORPHAN)
  if (!orphan) return false
  const dropped = await session.change(DROP_SOME, [orphan.product_id, maxDevices])
  if (dropped < maxDevices) await session.change(DROP_ORPHAN, [orphan.product_id])
  return true
}
