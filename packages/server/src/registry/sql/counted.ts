import type { DeviceStatus } from '../types.ts'

/** The counters of a product. */
export const COUNT_COLUMNS = [
  'unactive_count',
  'online_count',
  'offline_count',
  'disabled_count',
  'activated_count',
  'client_id_count',
] as const
export type CountColumn = (typeof COUNT_COLUMNS)[number]

const STATUS_COLUMN: Readonly<Record<DeviceStatus, CountColumn>> = {
  UNACTIVE: 'unactive_count',
  ONLINE: 'online_count',
  OFFLINE: 'offline_count',
  DISABLE: 'disabled_count',
}

/** What a device counts as; `status` is the column of the same name. */
export interface Counted {
  status: DeviceStatus
  activated_at: number | null
}

/** Tells by how much the counters change when a device comes (`before` null), goes (`after` null) or changes. */
export function deviceCounts(
  before: Counted | null,
  after: Counted | null,
  add: (column: CountColumn, by: number) => void,
): void {
  if (before?.status !== after?.status) {
    if (before) add(STATUS_COLUMN[before.status], -1)
    if (after) add(STATUS_COLUMN[after.status], 1)
  }
  const activated = Number((after?.activated_at ?? null) !== null) - Number((before?.activated_at ?? null) !== null)
  if (activated !== 0) add('activated_count', activated)
}

/** As the generated column of the devices computes it. */
export function statusOf(device: { disabled: boolean; activatedAt: number | null; online: boolean }): DeviceStatus {
  if (device.disabled) return 'DISABLE'
  if (device.activatedAt === null) return 'UNACTIVE'
  return device.online ? 'ONLINE' : 'OFFLINE'
}
