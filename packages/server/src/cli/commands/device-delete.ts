import type { Command } from 'commander'
import { printJson } from '../command.ts'
import { confirm } from '../confirm.ts'
import type { Io } from '../io.ts'
import { deviceNameArgument, devicePath, productKeyArgument } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addDeviceDelete(group: Command, io: Io): void {
  addApiCommand(group, 'delete', {
    description: 'delete a device and its credentials; its connection ends',
    examples: ['hatchway device delete al123456789 SN-0001', 'hatchway device delete al123456789 SN-0001 --yes'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName', deviceNameArgument)
    .option('--yes', 'do not ask')
    .action(async (productKey: string, deviceName: string, options: ApiOptions & { yes?: boolean }) => {
      await confirm(`Delete device ${deviceName} and its credentials?`, { yes: options.yes, io })
      await openApi(options, io).request('DELETE', devicePath(productKey, deviceName))
      if (options.json) printJson(io, { deleted: true, productKey, deviceName })
      else io.stdout(`Deleted device ${deviceName} of product ${productKey}.\n`)
    })
}
