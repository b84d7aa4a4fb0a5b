import type { Device, DeviceConnection } from './api-types.ts'
import { facts, table } from './table.ts'
import { localTime } from './times.ts'

export function deviceText(device: Device, connections: readonly DeviceConnection[], columns: number): string {
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
  const clientIds = device.clientIds.length === 0 ? '' : `\n${clientIdTable(device, columns)}`
  return `${lines}${clientIds}${connections.length === 0 ? '' : `\n${connectionTable(connections, columns)}`}`
}

function connectionTable(connections: readonly DeviceConnection[], columns: number): string {
  return table(
    connections,
    [
      { title: 'CONNECTED', value: ({ since }) => localTime(since), keep: true },
      { title: 'UNTIL', value: ({ until }) => (until === null ? 'now' : localTime(until)), keep: true },
      { title: 'ENDED BY', value: ({ end }) => end, keep: true },
      { title: 'FROM', value: ({ address, transport }) => (address === null ? null : `${address} (${transport})`) },
    ],
    columns,
  )
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
