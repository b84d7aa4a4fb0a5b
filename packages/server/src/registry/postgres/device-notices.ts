import type { ForeignChange } from '../changes.ts'
import type { ClientIdRow, DeviceRow } from '../sql/rows.ts'
import type { TimeMs } from '../types.ts'
import type { DeviceState } from './device-state.ts'
import type { DeviceChanged } from './device-work.ts'

/** ClientIDs of one notice, so that it fits into a notification. */
const MAX_CLIENT_IDS = 50

/**
 * What other gateways have to know of what a transaction changed. Not that a device is new, since nobody remembers
 * that one is absent; not presence, which is not remembered; not a first login, which a second one does not harm.
 */
export function deviceNotices(changes: readonly DeviceChanged[], at: TimeMs): ForeignChange[] {
  return changes.flatMap(({ productKey, place, before, after }): ForeignChange[] => {
    const device = { productKey, deviceName: place.deviceName, at }
    if (before.row === null) return []
    if (after.row === null) return [{ kind: 'device-deleted', ...device }]
    const notices: ForeignChange[] = []
    if (before.row.disabled !== after.row.disabled) {
      notices.push({ kind: after.row.disabled === 1 ? 'device-disabled' : 'device-enabled', ...device })
    }
    if (before.row.secret_activated_at !== null && before.row.device_secret !== after.row.device_secret) {
      notices.push({ kind: 'credentials-revoked', clientIds: 'secret', ...device })
    }
    const ended = endedClientIds(before, after)
    for (let from = 0; from < ended.length; from += MAX_CLIENT_IDS) {
      notices.push({ kind: 'credentials-revoked', clientIds: ended.slice(from, from + MAX_CLIENT_IDS), ...device })
    }
    if (notices.length === 0 && isOutdated(before, before.row, after, after.row)) {
      notices.push({ kind: 'device-changed', ...device })
    }
    return notices
  })
}

function endedClientIds(before: DeviceState, after: DeviceState): string[] {
  if (before.clientIds === after.clientIds) return []
  const usable = new Set(after.clientIds.filter(isUsable).map(({ client_id }) => client_id))
  return before.clientIds.flatMap(one => (isUsable(one) && !usable.has(one.client_id) ? [one.client_id] : []))
}

const isUsable = ({ forbidden_at }: ClientIdRow): boolean => forbidden_at === null

const NOTICED = ['device_secret', 'reopened_at', 'created_at'] as const satisfies readonly (keyof DeviceRow)[]

function isOutdated(before: DeviceState, old: DeviceRow, after: DeviceState, row: DeviceRow): boolean {
  if (NOTICED.some(column => old[column] !== row[column])) return true
  if (before.clientIds === after.clientIds) return false
  const held = ({ clientIds }: DeviceState): string =>
    JSON.stringify(clientIds.map(({ client_id, forbidden_at }) => [client_id, forbidden_at]))
  return held(before) !== held(after)
}
