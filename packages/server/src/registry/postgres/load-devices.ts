import type { ClientIdRow, ProductRow } from '../sql/rows.ts'
import type { Session, Statement } from './database.ts'
import type { DevicePlace, DeviceState, HeldDeviceRow } from './device-state.ts'
import type { DeviceId, DeviceWork } from './device-work.ts'

export const DEVICE_COLUMNS = `d.product_id, d.device_name, d.device_secret, d.disabled::integer AS disabled,
  d.activated_at, d.secret_activated_at, d.reopened_at, d.created_at, d.online::integer AS online, d.last_online_at,
  d.last_offline_at, d.address, d.gateway_id, d.status`

const PRODUCTS: Statement = {
  name: 'work-products',
  text: `SELECT id, product_key, product_secret, name, settings, created_at, updated_at FROM products
    WHERE product_key = ANY($1::text[])`,
}

// Locked in one order by all gateways.
const DEVICES: Statement = {
  name: 'work-devices',
  text: `SELECT ${DEVICE_COLUMNS}, d.connections FROM unnest($1::bigint[], $2::text[]) AS asked (product_id, device_name)
    JOIN devices d ON d.product_id = asked.product_id AND d.device_name = asked.device_name COLLATE "C"
    ORDER BY d.product_id, d.device_name FOR UPDATE OF d`,
}

// A statement of its own, after the lock: what it reads is what those before us have left.
const CLIENT_IDS: Statement = {
  name: 'work-client-ids',
  text: `SELECT c.* FROM unnest($1::bigint[], $2::text[]) AS asked (product_id, device_name)
    JOIN client_ids c ON c.product_id = asked.product_id AND c.device_name = asked.device_name COLLATE "C"
    ORDER BY c.created_at, c.client_id`,
}

type OwnedClientIdRow = ClientIdRow & { product_id: number; device_name: string }

/** Reads and locks the devices that the calls are about, those that are there. */
export async function loadDevices(session: Session, work: DeviceWork, asked: readonly DeviceId[]): Promise<void> {
  if (asked.length === 0) return
  const keys = [...new Set(asked.map(({ productKey }) => productKey))]
  for (const row of await session.query<ProductRow>(PRODUCTS, [keys])) work.knowProduct(row)
  const places = new Map<string, { productKey: string; place: DevicePlace }>()
  for (const { productKey, deviceName } of asked) {
    const productId = work.product(productKey)?.id
    if (productId === undefined) continue
    places.set(keyOf(productId, deviceName), { productKey, place: { productId, deviceName } })
  }
  if (places.size === 0) return
  const states = await readStates(
    session,
    [...places.values()].map(({ place }) => place),
  )
  for (const [key, { productKey, place }] of places) {
    work.hold(productKey, place, states.get(key) ?? { row: null, clientIds: [] })
  }
}

async function readStates(session: Session, places: readonly DevicePlace[]): Promise<Map<string, DeviceState>> {
  const states = new Map<string, { row: HeldDeviceRow; clientIds: ClientIdRow[] }>()
  for (const row of await session.query<HeldDeviceRow>(DEVICES, columns(places))) {
    states.set(keyOf(row.product_id, row.device_name), { row, clientIds: [] })
  }
  const there = [...states.values()].map(({ row }) => ({ productId: row.product_id, deviceName: row.device_name }))
  if (there.length === 0) return states
  for (const { product_id, device_name, ...row } of await session.query<OwnedClientIdRow>(CLIENT_IDS, columns(there))) {
    states.get(keyOf(product_id, device_name))?.clientIds.push(row)
  }
  return states
}

const keyOf = (productId: number, deviceName: string): string => `${productId}/${deviceName}`

const columns = (places: readonly DevicePlace[]): [number[], string[]] => [
  places.map(({ productId }) => productId),
  places.map(({ deviceName }) => deviceName),
]
