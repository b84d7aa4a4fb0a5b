import { statusOf } from '../sql/counted.ts'
import { withComing, withGoing } from '../sql/recent-connections.ts'
import { type DeviceRow, devicePlace } from '../sql/rows.ts'
import type { DeviceChange, PresenceChange } from '../store.ts'
import type { WriteCalls } from './calls.ts'
import type { Writer } from './writer.ts'

type DeviceCalls = Pick<
  WriteCalls,
  'createDevices' | 'changeDevice' | 'deleteDevice' | 'changeDevices' | 'notePresence'
>

export function deviceCalls(writer: Writer): DeviceCalls {
  const single = { ...changing(writer), ...deleting(writer) }
  return {
    ...creating(writer),
    ...single,
    changeDevices: ({ productKey, deviceNames, change }) =>
      deviceNames.map(deviceName => {
        const device = { productKey, deviceName }
        return change.kind === 'delete' ? single.deleteDevice(device) : single.changeDevice({ ...device, change })
      }),
    ...connecting(writer),
  }
}

function creating({ db, sealer, products, counters, names, deviceRow }: Writer): Pick<DeviceCalls, 'createDevices'> {
  const insert = db.prepare(`INSERT INTO devices (product_id, device_name, device_secret, created_at, search_id)
    VALUES (?, ?, ?, ?, ?)`)
  return {
    createDevices: devices =>
      devices.map(({ productKey, deviceName, deviceSecret, createdAt }) => {
        const found = products.get(productKey)
        if (!found) return 'product-not-found'
        if (deviceRow(found.id, deviceName)) return 'device-exists'
        const sealed = deviceSecret === null ? null : sealer.seal(deviceSecret, devicePlace(productKey, deviceName))
        insert.run(found.id, deviceName, sealed, createdAt, names.add(found.id, deviceName))
        counters.deviceChanged(found.id, null, { status: 'UNACTIVE', activated_at: null })
        return 'created'
      }),
  }
}

type Changer<Kind extends DeviceChange['kind']> = (
  row: DeviceRow,
  change: Extract<DeviceChange, { kind: Kind }>,
) => boolean

function changing(writer: Writer): Pick<DeviceCalls, 'changeDevice'> {
  const { db, products } = writer
  const reopen = db.prepare('UPDATE devices SET reopened_at = ? WHERE product_id = ? AND device_name = ?')
  const clientIds = clientIdChangers(writer)
  const setDisabled = disabler(writer)
  const changers: { [Kind in DeviceChange['kind']]: Changer<Kind> } = {
    reset: (row, { now }) => reopen.run(now, row.product_id, row.device_name).changes > 0,
    disable: row => setDisabled(row, true),
    enable: row => setDisabled(row, false),
    ...clientIds,
  }
  return {
    changeDevice({ productKey, deviceName, change }) {
      const found = products.get(productKey)
      const row = found && writer.deviceRow(found.id, deviceName)
      if (!row) return false
      const changer = changers[change.kind] as Changer<DeviceChange['kind']> // the table pairs each kind with its own
      return changer(row, change)
    },
  }
}

function disabler({ db, counters }: Writer): (row: DeviceRow, disabled: boolean) => boolean {
  const update = db.prepare('UPDATE devices SET disabled = ? WHERE product_id = ? AND device_name = ?')
  return (row, disabled) => {
    update.run(Number(disabled), row.product_id, row.device_name)
    const status = statusOf({ disabled, activatedAt: row.activated_at, online: row.online === 1 })
    counters.deviceChanged(row.product_id, row, { ...row, status })
    return true
  }
}

function clientIdChangers({ db, counters }: Writer) {
  const device = 'product_id = ? AND device_name = ?'
  const drop = db.prepare(`DELETE FROM client_ids WHERE ${device} AND client_id = ?`)
  const dropAll = db.prepare(`DELETE FROM client_ids WHERE ${device}`)
  const keep = db.prepare(`UPDATE client_ids SET forbidden_at = NULL WHERE ${device} AND client_id = ?`)
  const forbidOthers = db.prepare(`UPDATE client_ids SET forbidden_at = ?
    WHERE ${device} AND client_id <> ? AND forbidden_at IS NULL`)
  return {
    'drop-client-id': (row: DeviceRow, change: { clientId: string }) => {
      const { changes } = drop.run(row.product_id, row.device_name, change.clientId)
      counters.clientIdsChanged(row.product_id, -Number(changes))
      return changes > 0
    },
    'drop-all-client-ids': (row: DeviceRow) => {
      const { changes } = dropAll.run(row.product_id, row.device_name)
      counters.clientIdsChanged(row.product_id, -Number(changes))
      return true
    },
    'keep-client-id': (row: DeviceRow, change: { clientId: string; now: number }) => {
      if (keep.run(row.product_id, row.device_name, change.clientId).changes === 0) return false
      forbidOthers.run(change.now, row.product_id, row.device_name, change.clientId)
      return true
    },
  }
}

function deleting(writer: Writer): Pick<DeviceCalls, 'deleteDevice'> {
  const { db, counters, products, names } = writer
  const drop = db.prepare('DELETE FROM devices WHERE product_id = ? AND device_name = ?')
  return {
    deleteDevice({ productKey, deviceName }) {
      const found = products.get(productKey)
      const row = found && writer.deviceRow(found.id, deviceName)
      if (!row) return false
      counters.clientIdsChanged(row.product_id, -writer.clientIdRows(row.product_id, deviceName).length)
      counters.deviceChanged(row.product_id, row, null)
      drop.run(row.product_id, deviceName)
      names.remove(row.search_id)
      return true
    },
  }
}

function connecting(writer: Writer): Pick<DeviceCalls, 'notePresence'> {
  const { db, counters, products } = writer
  const came = db.prepare(`UPDATE devices SET online = 1, last_online_at = ?, address = coalesce(?, address),
      connections = ? WHERE product_id = ? AND device_name = ?`)
  const went = db.prepare(`UPDATE devices SET online = 0, last_offline_at = ?, address = coalesce(?, address),
      connections = ? WHERE product_id = ? AND device_name = ?`)
  const note = (change: PresenceChange): boolean => {
    const { productKey, deviceName, online, at, address } = change
    const found = products.get(productKey)
    const row = found && writer.deviceRow(found.id, deviceName)
    if (!row) return false
    const connections = online ? withComing(row, change) : withGoing(row.connections, change)
    ;(online ? came : went).run(at, address, connections, row.product_id, deviceName)
    const status = statusOf({ disabled: row.disabled === 1, activatedAt: row.activated_at, online })
    counters.deviceChanged(row.product_id, row, { ...row, status })
    return true
  }
  return { notePresence: changes => changes.map(note) }
}
