import { type ProductRow, productPlace } from '../sql/rows.ts'
import { Conflict } from '../store.ts'
import type { ProductSettings } from '../types.ts'
import type { WriteCalls } from './calls.ts'
import { all, one, type Writer } from './writer.ts'

type ProductCalls = Pick<WriteCalls, 'createProduct' | 'updateProduct' | 'deleteProduct' | 'sweepOrphans'>

export function productCalls(writer: Writer): ProductCalls {
  return { ...keeping(writer), ...deleting(writer) }
}

function keeping({ db, sealer, products }: Writer): Pick<ProductCalls, 'createProduct' | 'updateProduct'> {
  const select = db.prepare('SELECT * FROM products WHERE product_key = ?')
  const insert = db.prepare(`INSERT INTO products (product_key, product_secret, name, settings, created_at, updated_at)
    VALUES (?, ?, ?, ?, ?, ?)`)
  const update = db.prepare('UPDATE products SET name = ?, settings = ?, updated_at = ? WHERE id = ?')
  return {
    createProduct({ productKey, productSecret, name, createdAt, updatedAt, ...settings }) {
      if (one(select, productKey)) {
        throw new Conflict('product-exists', `A product with the ProductKey ${productKey} exists already.`)
      }
      const sealed = sealer.seal(productSecret, productPlace(productKey))
      insert.run(productKey, sealed, name, JSON.stringify(settings), createdAt, updatedAt)
      products.forget()
    },
    updateProduct({ productKey, change: { name, ...change }, now }) {
      const row = one<ProductRow>(select, productKey)
      if (!row) return false
      const settings = { ...(JSON.parse(row.settings) as Partial<ProductSettings>), ...change }
      update.run(name ?? row.name, JSON.stringify(settings), now, row.id)
      products.forget()
      return true
    },
  }
}

function deleting({ db, products, names }: Writer): Pick<ProductCalls, 'deleteProduct' | 'sweepOrphans'> {
  const drop = db.prepare('DELETE FROM products WHERE product_key = ? RETURNING id')
  const orphan = db.prepare('INSERT INTO orphans (product_id) VALUES (?)')
  const nextOrphan = db.prepare('SELECT product_id FROM orphans LIMIT 1')
  const someDevices = db.prepare('SELECT device_name, search_id FROM devices WHERE product_id = ? LIMIT ?')
  const dropDevice = db.prepare('DELETE FROM devices WHERE product_id = ? AND device_name = ?')
  const dropOrphan = db.prepare('DELETE FROM orphans WHERE product_id = ?')
  return {
    deleteProduct({ productKey }) {
      const row = one<{ id: number }>(drop, productKey)
      if (!row) return false
      orphan.run(row.id)
      products.forget()
      return true
    },
    sweepOrphans({ devices: limit }) {
      const orphaned = one<{ product_id: number }>(nextOrphan)
      if (!orphaned) return false
      const devices = all<{ device_name: string; search_id: number }>(someDevices, orphaned.product_id, limit)
      for (const { device_name, search_id } of devices) {
        dropDevice.run(orphaned.product_id, device_name)
        names.remove(search_id)
      }
      if (devices.length < limit) dropOrphan.run(orphaned.product_id)
      return true
    },
  }
}
