import { type CountColumn, deviceCounts } from '../sql/counted.ts'
import type { ClientIdRow } from '../sql/rows.ts'
import type { Session, Statement } from './database.ts'
import { ChangedMeanwhile } from './database-error.ts'
import type { DevicePlace, HeldDeviceRow } from './device-state.ts'
import type { DeviceChanged } from './device-work.ts'
import { ProductCounts } from './product-counts.ts'

// A row of a batch is one place in each of the arrays.
const NEW_ROWS = `unnest($1::bigint[], $2::text[], $3::bytea[], $4::boolean[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::boolean[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::text[])
  AS n (product_id, device_name, device_secret, disabled, activated_at, secret_activated_at, reopened_at, created_at,
    online, last_online_at, last_offline_at, address, gateway_id, connections)`

const INSERT_DEVICES: Statement = {
  name: 'insert-devices',
  text: `INSERT INTO devices (product_id, device_name, device_secret, disabled, activated_at, secret_activated_at,
      reopened_at, created_at, online, last_online_at, last_offline_at, address, gateway_id, connections)
    SELECT * FROM ${NEW_ROWS} ON CONFLICT DO NOTHING`,
}

const UPDATE_DEVICES: Statement = {
  name: 'update-devices',
  text: `UPDATE devices d SET device_secret = n.device_secret, disabled = n.disabled, activated_at = n.activated_at,
      secret_activated_at = n.secret_activated_at, reopened_at = n.reopened_at, created_at = n.created_at,
      online = n.online, last_online_at = n.last_online_at, last_offline_at = n.last_offline_at, address = n.address,
      gateway_id = n.gateway_id, connections = n.connections
    FROM ${NEW_ROWS} WHERE d.product_id = n.product_id AND d.device_name = n.device_name COLLATE "C"`,
}

const DELETE_DEVICES: Statement = {
  name: 'delete-devices',
  text: `DELETE FROM devices d USING unnest($1::bigint[], $2::text[]) AS n (product_id, device_name)
    WHERE d.product_id = n.product_id AND d.device_name = n.device_name COLLATE "C"`,
}

const DELETE_CLIENT_IDS: Statement = {
  name: 'delete-client-ids',
  text: `DELETE FROM client_ids c USING unnest($1::bigint[], $2::text[], $3::text[]) AS n (product_id, device_name, client_id)
    WHERE c.product_id = n.product_id AND c.device_name = n.device_name COLLATE "C"
      AND c.client_id = n.client_id COLLATE "C"`,
}

const INSERT_CLIENT_IDS: Statement = {
  name: 'insert-client-ids',
  text: `INSERT INTO client_ids (product_id, device_name, client_id, token_hash, created_at, used_at, forbidden_at)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])`,
}

const UPDATE_CLIENT_IDS: Statement = {
  name: 'update-client-ids',
  text: `UPDATE client_ids c SET used_at = n.used_at, forbidden_at = n.forbidden_at
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
      AS n (product_id, device_name, client_id, used_at, forbidden_at)
    WHERE c.product_id = n.product_id AND c.device_name = n.device_name COLLATE "C"
      AND c.client_id = n.client_id COLLATE "C"`,
}

/** @throws ChangedMeanwhile where another gateway has created one of the devices, or deleted a product */
export async function saveDevices(session: Session, changes: readonly DeviceChanged[]): Promise<void> {
  if (changes.length === 0) return
  await saveRows(session, changes)
  await saveClientIds(session, changes)
  await saveCounts(session, changes)
}

async function saveRows(session: Session, changes: readonly DeviceChanged[]): Promise<void> {
  const [created, updated, deleted]: [HeldDeviceRow[], HeldDeviceRow[], DevicePlace[]] = [[], [], []]
  for (const { place, before, after } of changes) {
    if (after.row === null) {
      if (before.row !== null) deleted.push(place)
    } else if (before.row === null) created.push(after.row)
    else if (rowDiffers(before.row, after.row)) updated.push(after.row)
  }
  if (created.length > 0 && (await session.change(INSERT_DEVICES, deviceColumns(created))) < created.length) {
    throw new ChangedMeanwhile('another gateway has created the device')
  }
  if (updated.length > 0) await session.change(UPDATE_DEVICES, deviceColumns(updated))
  if (deleted.length > 0) {
    await session.change(DELETE_DEVICES, [
      deleted.map(({ productId }) => productId),
      deleted.map(({ deviceName }) => deviceName),
    ])
  }
}

const rowDiffers = (before: HeldDeviceRow, after: HeldDeviceRow): boolean =>
  (Object.keys(after) as (keyof HeldDeviceRow)[]).some(column => before[column] !== after[column])

const deviceColumns = (rows: readonly HeldDeviceRow[]): unknown[][] => [
  rows.map(row => row.product_id),
  rows.map(row => row.device_name),
  rows.map(row => row.device_secret && Buffer.from(row.device_secret)),
  rows.map(row => row.disabled === 1),
  rows.map(row => row.activated_at),
  rows.map(row => row.secret_activated_at),
  rows.map(row => row.reopened_at),
  rows.map(row => row.created_at),
  rows.map(row => row.online === 1),
  rows.map(row => row.last_online_at),
  rows.map(row => row.last_offline_at),
  rows.map(row => row.address),
  rows.map(row => row.gateway_id),
  rows.map(row => row.connections),
]

type OwnedClientId = DevicePlace & { issued: ClientIdRow }

async function saveClientIds(session: Session, changes: readonly DeviceChanged[]): Promise<void> {
  const [dropped, added, updated]: [OwnedClientId[], OwnedClientId[], OwnedClientId[]] = [[], [], []]
  for (const { place, before, after } of changes) {
    if (before.clientIds === after.clientIds) continue
    const old = new Map(before.clientIds.map(issued => [issued.client_id, issued]))
    for (const issued of after.clientIds) {
      const known = old.get(issued.client_id)
      if (known === issued) old.delete(issued.client_id)
      else if (known?.token_hash === issued.token_hash) {
        old.delete(issued.client_id)
        updated.push({ ...place, issued })
      } else added.push({ ...place, issued }) // after a deletion of its namesake, which stays in `old`
    }
    for (const issued of old.values()) dropped.push({ ...place, issued })
  }
  if (dropped.length > 0) await session.change(DELETE_CLIENT_IDS, clientIdKeys(dropped))
  if (added.length > 0) {
    await session.change(INSERT_CLIENT_IDS, [
      ...clientIdKeys(added),
      added.map(({ issued }) => issued.token_hash),
      added.map(({ issued }) => issued.created_at),
      added.map(({ issued }) => issued.used_at),
      added.map(({ issued }) => issued.forbidden_at),
    ])
  }
  if (updated.length > 0) {
    await session.change(UPDATE_CLIENT_IDS, [
      ...clientIdKeys(updated),
      updated.map(({ issued }) => issued.used_at),
      updated.map(({ issued }) => issued.forbidden_at),
    ])
  }
}

const clientIdKeys = (owned: readonly OwnedClientId[]): unknown[][] => [
  owned.map(({ productId }) => productId),
  owned.map(({ deviceName }) => deviceName),
  owned.map(({ issued }) => issued.client_id),
]

async function saveCounts(session: Session, changes: readonly DeviceChanged[]): Promise<void> {
  const counts = new ProductCounts()
  for (const { place, before, after } of changes) {
    const add = (column: CountColumn, by: number): void => counts.add(place.productId, column, by)
    deviceCounts(before.row, after.row, add)
    const clientIds = after.clientIds.length - before.clientIds.length
    if (clientIds !== 0) add('client_id_count', clientIds)
  }
  if (!(await counts.save(session))) throw new ChangedMeanwhile('another gateway has deleted the product')
}
