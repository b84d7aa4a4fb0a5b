import type { Command } from 'commander'
import type { Device } from '../api-types.ts'
import { printJson } from '../command.ts'
import { deviceText } from '../device-text.ts'
import type { Io } from '../io.ts'
import { deviceNameArgument, devicePath, productKeyArgument } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addDeviceShow(group: Command, io: Io): void {
  addApiCommand(group, 'show', {
    description: 'show a device with its state and ClientIDs',
    examples: ['hatchway device show al123456789 SN-0001'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName', deviceNameArgument)
    .action(async (productKey: string, deviceName: string, options: ApiOptions) => {
      const device = await openApi(options, io).get<Device>(devicePath(productKey, deviceName))
      if (options.json) printJson(io, device)
      else io.stdout(deviceText(device, io.columns))
    })
}
