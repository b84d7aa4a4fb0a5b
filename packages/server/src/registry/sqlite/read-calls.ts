import type { DatabaseSync } from 'node:sqlite'
import type { Sealer } from '../seal.ts'
import { recentConnections } from '../sql/recent-connections.ts'
import {
  type ApiKeyRow,
  apiKey,
  type ClientIdRow,
  type CountedProductRow,
  type DeviceRow,
  deviceView,
  lazyDevice,
  lazyProduct,
  type ProductRow,
  productView,
} from '../sql/rows.ts'
import { accountReads } from './account-calls.ts'
import type { ReadCalls } from './calls.ts'
import { all, one, SELECT_CLIENT_IDS } from './writer.ts'

export function readCalls(db: DatabaseSync, sealer: Sealer): ReadCalls {
  return { ...registryReads(db, sealer), ...keyReads(db), ...accountReads(db) }
}

function registryReads(
  db: DatabaseSync,
  sealer: Sealer,
): Pick<
  ReadCalls,
  'product' | 'productView' | 'device' | 'deviceView' | 'deviceConnections' | 'hasOrphans' | 'readCheck'
> {
  const selectProduct = db.prepare('SELECT * FROM products WHERE product_key = ?')
  const selectDevice = db.prepare(`SELECT devices.* FROM products JOIN devices ON devices.product_id = products.id
    WHERE product_key = ? AND device_name = ?`)
  const selectClientIds = db.prepare(SELECT_CLIENT_IDS)
  const check = db.prepare('SELECT count(*) FROM meta')
  const orphan = db.prepare('SELECT product_id FROM orphans LIMIT 1')
  const deviceRows = (productKey: string, deviceName: string) => {
    const row = one<DeviceRow>(selectDevice, productKey, deviceName)
    return row && { row, clientIds: all<ClientIdRow>(selectClientIds, row.product_id, deviceName) }
  }
  return {
    product({ productKey }) {
      const row = one<ProductRow>(selectProduct, productKey)
      return row && { ...lazyProduct(row, sealer) } // opens the secret here, where a failure is this call's own
    },
    productView({ productKey }) {
      const row = one<CountedProductRow>(selectProduct, productKey)
      return row && productView(row)
    },
    device({ productKey, deviceName }) {
      const found = deviceRows(productKey, deviceName)
      return found && { ...lazyDevice(productKey, found.row, found.clientIds, sealer) }
    },
    deviceView({ productKey, deviceName }) {
      const found = deviceRows(productKey, deviceName)
      return found && deviceView(productKey, found.row, found.clientIds)
    },
    deviceConnections({ productKey, deviceName }) {
      const row = one<DeviceRow>(selectDevice, productKey, deviceName)
      return row && recentConnections(row)
    },
    hasOrphans: () => orphan.get() !== undefined,
    readCheck: () => void check.get(),
  }
}

function keyReads(db: DatabaseSync): Pick<ReadCalls, 'apiKey' | 'apiKeyBySecretHash'> {
  const byId = db.prepare('SELECT * FROM api_keys WHERE id = ?')
  const bySecretHash = db.prepare('SELECT * FROM api_keys WHERE secret_hash = ?')
  return {
    apiKey({ id }) {
      const row = one<ApiKeyRow>(byId, id)
      return row && apiKey(row)
    },
    apiKeyBySecretHash({ secretHash }) {
      const row = one<ApiKeyRow>(bySecretHash, secretHash)
      return row && apiKey(row)
    },
  }
}
