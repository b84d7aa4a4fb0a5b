import type { Command } from 'commander'
import type { Device } from '../api-types.ts'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { deviceNameArgument, productKeyArgument, productPath } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addDeviceAdd(group: Command, io: Io): void {
  addApiCommand(group, 'add', {
    description: 'create a device, so that it may register',
    examples: ['hatchway device add al123456789 SN-0001'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName: serial number, MAC, IMEI', deviceNameArgument)
    .option('--device-secret <secret>', 'a DeviceSecret burnt in at the factory; without it the device registers')
    .action(async (productKey: string, deviceName: string, options: ApiOptions & { deviceSecret?: string }) => {
      const body = { deviceName, deviceSecret: options.deviceSecret }
      const device = await openApi(options, io).request<Device>('POST', `${productPath(productKey)}/devices`, { body })
      if (options.json) return printJson(io, device)
      const next = device.hasSecret ? 'It logs in with its DeviceSecret.' : 'It may register now.'
      io.stdout(`Created device ${deviceName} of product ${productKey}. ${next}\n`)
    })
}
