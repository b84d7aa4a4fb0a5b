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
import type { Store } from '../store.ts'
import type { Database, Statement } from './database.ts'
import { DEVICE_COLUMNS } from './load-devices.ts'

/** With its ClientIDs in one column, so that both are of one instant. */
export type DeviceWithClientIds = DeviceRow & { client_ids: ClientIdRow[] | null }

export const CLIENT_IDS_COLUMN = `(SELECT json_agg(json_build_object('client_id', c.client_id, 'token_hash', c.token_hash,
    'created_at', c.created_at, 'used_at', c.used_at, 'forbidden_at', c.forbidden_at) ORDER BY c.created_at, c.client_id)
  FROM client_ids c WHERE c.product_id = d.product_id AND c.device_name = d.device_name) AS client_ids`

export const COUNTED_PRODUCTS = `SELECT p.*, c.unactive_count, c.online_count, c.offline_count, c.disabled_count
  FROM products p JOIN product_counts c ON c.product_id = p.id`

const PRODUCT: Statement = { name: 'product', text: 'SELECT * FROM products WHERE product_key = $1' }
const COUNTED_PRODUCT: Statement = { name: 'counted-product', text: `${COUNTED_PRODUCTS} WHERE p.product_key = $1` }
const DEVICE: Statement = {
  name: 'device',
  text: `SELECT ${DEVICE_COLUMNS}, ${CLIENT_IDS_COLUMN} FROM products p JOIN devices d ON d.product_id = p.id
    WHERE p.product_key = $1 AND d.device_name = $2`,
}
const DEVICE_CONNECTIONS: Statement = {
  name: 'device-connections',
  text: `SELECT d.online::integer AS online, d.last_offline_at, d.connections
    FROM products p JOIN devices d ON d.product_id = p.id WHERE p.product_key = $1 AND d.device_name = $2`,
}
const KEY_BY_ID: Statement = { name: 'key-by-id', text: 'SELECT * FROM api_keys WHERE id = $1' }
const KEY_BY_HASH: Statement = { name: 'key-by-hash', text: 'SELECT * FROM api_keys WHERE secret_hash = $1' }

/** Lookups by key, on the way of every CONNECT. */
export function lookups(
  database: Database,
  sealer: Sealer,
): Pick<
  Store,
  'product' | 'productView' | 'device' | 'deviceView' | 'deviceConnections' | 'apiKey' | 'apiKeyBySecretHash'
> {
  const one = async <Row extends object>(statement: Statement, ...values: string[]): Promise<Row | undefined> =>
    (await database.read<Row>(statement, values))[0]
  return {
    async product(productKey) {
      const row = await one<ProductRow>(PRODUCT, productKey)
      return row && { ...lazyProduct(row, sealer) } // opens the secret
    },
    async productView(productKey) {
      const row = await one<CountedProductRow>(COUNTED_PRODUCT, productKey)
      return row && productView(row)
    },
    async device(productKey, deviceName) {
      const row = await one<DeviceWithClientIds>(DEVICE, productKey, deviceName)
      return row && { ...lazyDevice(productKey, row, row.client_ids ?? [], sealer) } // opens the secret
    },
    async deviceView(productKey, deviceName) {
      const row = await one<DeviceWithClientIds>(DEVICE, productKey, deviceName)
      return row && deviceView(productKey, row, row.client_ids ?? [])
    },
    async deviceConnections(productKey, deviceName) {
      const row = await one<DeviceRow>(DEVICE_CONNECTIONS, productKey, deviceName)
      return row && recentConnections(row)
    },
    async apiKey(id) {
      const row = await one<ApiKeyRow>(KEY_BY_ID, id)
      return row && apiKey(row)
    },
    async apiKeyBySecretHash(secretHash) {
      const row = await one<ApiKeyRow>(KEY_BY_HASH, secretHash)
      return row && apiKey(row)
    },
  }
}
