import type { Command } from 'commander'
import type { Device, DeviceConnection } from '../api-types.ts'
import { printJson } from '../command.ts'
import { deviceText } from '../device-text.ts'
import type { Io } from '../io.ts'
import { deviceNameArgument, devicePath, productKeyArgument } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addDeviceShow(group: Command, io: Io): void {
  addApiCommand(group, 'show', {
    description: 'show a device with its state, its ClientIDs and its newest connections',
    examples: ['hatchway device show al123456789 SN-0001'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName', deviceNameArgument)
    .action(async (productKey: string, deviceName: string, options: ApiOptions) => {
      const api = openApi(options, io)
      const path = devicePath(productKey, deviceName)
      const [device, { items: connections }] = await Promise.all([
        api.get<Device>(path),
        api.get<{ items: readonly DeviceConnection[] }>(`${path}/connections`),
      ])
      if (options.json) printJson(io, { ...device, connections })
      else io.stdout(deviceText(device, connections, io.columns))
    })
}
