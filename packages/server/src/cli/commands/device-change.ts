import type { Command } from 'commander'
import type { Device } from '../api-types.ts'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { deviceNameArgument, devicePath, productKeyArgument } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

/** Commands of one shape: what is done, and what is true afterwards. */
const CHANGES = [
  {
    name: 'reset',
    description: 'let an activated device register again; its credentials stay good until new ones are issued',
    done: 'may register again; its present credentials stay good until then',
  },
  {
    name: 'disable',
    description: 'refuse the device and end its connection',
    done: 'is disabled: it can neither register nor log in',
  },
  { name: 'enable', description: 'let a disabled device in again', done: 'is enabled' },
] as const

export function addDeviceChange(group: Command, io: Io): void {
  for (const { name, description, done } of CHANGES) {
    addApiCommand(group, name, { description, examples: [`hatchway device ${name} al123456789 SN-0001`] })
      .argument('<product-key>', 'ProductKey', productKeyArgument)
      .argument('<device-name>', 'DeviceName', deviceNameArgument)
      .action(async (productKey: string, deviceName: string, options: ApiOptions) => {
        const path = `${devicePath(productKey, deviceName)}/${name}`
        const device = await openApi(options, io).request<Device>('POST', path)
        if (options.json) printJson(io, device)
        else io.stdout(`Device ${deviceName} ${done}.\n`)
      })
  }
}
