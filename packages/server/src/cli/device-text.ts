import type { Device } from './api-types.ts'
import { facts, table } from './table.ts'
import { localTime } from './times.ts'

export function deviceText(device: Device, columns: number): string {
  const lines = facts([
    ['DeviceName', device.deviceName],
    ['ProductKey', device.productKey],
    ['Status', device.status],
    ['DeviceSecret', device.hasSecret ? 'has one' : 'none'],
    ['Created', localTime(device.createdAt)],
    ['Activated', localTime(device.activatedAt)],
    ['Reset', localTime(device.reopenedAt)],
    ['Last on line', localTime(device.lastOnlineAt)],
    ['Last off line', localTime(device.lastOfflineAt)],
    ['Address', device.address],
  ])
  if (device.clientIds.length === 0) return lines
  return `${lines}\n${clientIdTable(device, columns)}`
}

function clientIdTable({ clientIds }: Device, columns: number): string {
  return table(
    clientIds,
    [
      { title: 'CLIENTID', value: ({ clientId }) => clientId, keep: true },
      { title: 'ISSUED', value: ({ createdAt }) => localTime(createdAt) },
      { title: 'FIRST LOGIN', value: ({ usedAt }) => (usedAt === null ? 'pending' : localTime(usedAt)) },
      { title: 'FORBIDDEN', value: ({ forbiddenAt }) => (forbiddenAt === null ? '-' : localTime(forbiddenAt)) },
    ],
    columns,
  )
}
