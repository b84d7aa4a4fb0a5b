import { withComing, withGoing } from '../sql/recent-connections.ts'
import { devicePlace } from '../sql/rows.ts'
import {
  type CreateDeviceOutcome,
  type DeviceChange,
  type NewDevice,
  type PresenceChange,
  StoreUnavailable,
} from '../store.ts'
import { type DevicePlace, type DeviceState, NO_DEVICE, newDeviceRow } from './device-state.ts'
import type { DeviceId, DeviceWork } from './device-work.ts'

export function createDevice(work: DeviceWork, device: NewDevice): CreateDeviceOutcome {
  const { productKey, deviceName, deviceSecret, createdAt } = device
  const found = work.product(productKey)
  if (!found) return 'product-not-found'
  const place = { productId: found.id, deviceName }
  if (work.device(place).row) return 'device-exists'
  const secret = deviceSecret === null ? null : work.sealer.seal(deviceSecret, devicePlace(productKey, deviceName))
  work.change(place, { row: newDeviceRow(place, { secret, createdAt }), clientIds: [] })
  return 'created'
}

/** False where there is no such device, or no such ClientID. */
export function changeDevice(work: DeviceWork, id: DeviceId, change: DeviceChange): boolean {
  const place = placeOf(work, id)
  if (!place) return false
  const state = work.device(place)
  if (!state.row) return false
  const next = changed(state, state.row, change)
  if (next === undefined) return false
  work.change(place, next)
  return true
}

type Row = NonNullable<DeviceState['row']>

function changed(state: DeviceState, row: Row, change: DeviceChange): DeviceState | undefined {
  switch (change.kind) {
    case 'reset':
      return { ...state, row: { ...row, reopened_at: change.now } }
    case 'disable':
      return { ...state, row: { ...row, disabled: 1 } }
    case 'enable':
      return { ...state, row: { ...row, disabled: 0 } }
    case 'drop-all-client-ids':
      return { row, clientIds: [] }
    case 'drop-client-id': {
      const left = state.clientIds.filter(({ client_id }) => client_id !== change.clientId)
      return left.length === state.clientIds.length ? undefined : { row, clientIds: left }
    }
    case 'keep-client-id': {
      if (!state.clientIds.some(({ client_id }) => client_id === change.clientId)) return undefined
      const clientIds = state.clientIds.map(one => ({
        ...one,
        forbidden_at: one.client_id === change.clientId ? null : (one.forbidden_at ?? change.now),
      }))
      return { row, clientIds }
    }
    default:
      return change satisfies never
  }
}

export function deleteDevice(work: DeviceWork, id: DeviceId): boolean {
  const place = placeOf(work, id)
  if (!place || !work.device(place).row) return false
  work.change(place, NO_DEVICE)
  return true
}

/** Whether the change counts: a device that another gateway has taken on since does not go off line with this one. */
export function notePresence(work: DeviceWork, change: PresenceChange): boolean {
  const { gateway } = work
  if (gateway === null) throw new StoreUnavailable('the lease of this gateway has run out and is about to be renewed')
  const place = placeOf(work, change)
  const { row, clientIds } = place ? work.device(place) : NO_DEVICE
  if (!place || !row) return false
  const { online, at } = change
  if (online ? isElsewhere(row, gateway, change) : row.gateway_id !== gateway) return false
  // It stays this gateway's, so that the change counts again if its first answer was lost.
  const when = online
    ? { online: 1, last_online_at: at, gateway_id: gateway, connections: withComing(row, change) }
    : { online: 0, last_offline_at: at, connections: withGoing(row.connections, change) }
  work.change(place, { row: { ...row, ...when, address: change.address ?? row.address }, clientIds })
  return true
}

const isElsewhere = (row: Row, gateway: number, { since = Number.POSITIVE_INFINITY }: PresenceChange): boolean =>
  row.online === 1 && row.gateway_id !== gateway && (row.last_online_at ?? 0) > since

const placeOf = (work: DeviceWork, { productKey, deviceName }: DeviceId): DevicePlace | undefined => {
  const found = work.product(productKey)
  return found && { productId: found.id, deviceName }
}
