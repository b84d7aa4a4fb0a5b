import type { Command } from 'commander'
import { addGroup } from '../command.ts'
import type { Io } from '../io.ts'
import { addDeviceAdd } from './device-add.ts'
import { addDeviceBulk } from './device-bulk.ts'
import { addDeviceChange } from './device-change.ts'
import { addDeviceClientIds } from './device-client-ids.ts'
import { addDeviceDelete } from './device-delete.ts'
import { addDeviceExport } from './device-export.ts'
import { addDeviceImport } from './device-import.ts'
import { addDeviceList } from './device-list.ts'
import { addDeviceRrpc } from './device-rrpc.ts'
import { addDeviceSend } from './device-send.ts'
import { addDeviceShow } from './device-show.ts'

export function addDevice(program: Command, io: Io): void {
  const group = addGroup(program, 'device', {
    description: 'devices of a product',
    examples: ['hatchway device add al123456789 SN-0001', 'hatchway device list al123456789 --status ONLINE'],
  })
  for (const add of [
    ...[addDeviceAdd, addDeviceList, addDeviceShow, addDeviceChange, addDeviceDelete, addDeviceBulk],
    ...[addDeviceImport, addDeviceExport, addDeviceSend, addDeviceRrpc, addDeviceClientIds],
  ]) {
    add(group, io)
  }
}
