import type { ClientIdRow, DeviceRow } from '../sql/rows.ts'

export interface HeldDeviceRow extends DeviceRow {
  /** The gateway that the device is connected to, or was last; null if that has died. */
  gateway_id: number | null
}

/**
 * A device as a transaction has it in hand, its row locked: read once, changed in memory by one call after the other,
 * written once. Never changed in place, so that a call that fails leaves the state before it.
 */
export interface DeviceState {
  row: HeldDeviceRow | null
  /** Oldest first. */
  clientIds: readonly ClientIdRow[]
}

export const NO_DEVICE: DeviceState = { row: null, clientIds: [] }

export interface DevicePlace {
  productId: number
  deviceName: string
}

export function newDeviceRow(
  { productId, deviceName }: DevicePlace,
  device: { secret: Uint8Array | null; createdAt: number },
): HeldDeviceRow {
  return {
    product_id: productId,
    device_name: deviceName,
    device_secret: device.secret,
    disabled: 0,
    activated_at: null,
    secret_activated_at: null,
    reopened_at: null,
    created_at: device.createdAt,
    online: 0,
    last_online_at: null,
    last_offline_at: null,
    address: null,
    connections: null,
    gateway_id: null,
    status: 'UNACTIVE',
  }
}
