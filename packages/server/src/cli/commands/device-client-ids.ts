import type { Command } from 'commander'
import { addGroup, printJson } from '../command.ts'
import { type Io, usageError } from '../io.ts'
import { clientIdArgument, deviceNameArgument, devicePath, productKeyArgument } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addDeviceClientIds(group: Command, io: Io): void {
  const clientIds = addGroup(group, 'client-ids', {
    description: 'ClientIDs of a device (mode regnwl); device show lists them',
    examples: [
      'hatchway device client-ids drop al123456789 SN-0001 K19uYV000100',
      'hatchway device client-ids keep al123456789 SN-0001 K19uYV000100',
    ],
  })
  addDrop(clientIds, io)
  addKeep(clientIds, io)
}

function addDrop(group: Command, io: Io): void {
  addApiCommand(group, 'drop', {
    description: 'forget one ClientID, or all: their slots are free again',
    examples: [
      'hatchway device client-ids drop al123456789 SN-0001 K19uYV000100',
      'hatchway device client-ids drop al123456789 SN-0001 --all',
    ],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName', deviceNameArgument)
    .argument('[client-id]', 'ClientID', clientIdArgument)
    .option('--all', 'forget all of them')
    .action(async (...[productKey, deviceName, clientId, options]: DropArguments) => {
      if ((clientId === undefined) !== (options.all === true)) throw usageError('Give one ClientID, or --all.')
      const path = `${devicePath(productKey, deviceName)}/client-ids`
      await openApi(options, io).request('DELETE', clientId === undefined ? path : `${path}/${clientId}`)
      if (options.json) printJson(io, { dropped: clientId ?? 'all', productKey, deviceName })
      else io.stdout(`Forgot ${clientId === undefined ? 'every ClientID' : `ClientID ${clientId}`} of ${deviceName}.\n`)
    })
}
type DropArguments = [
  productKey: string,
  deviceName: string,
  clientId: string | undefined,
  options: ApiOptions & { all?: boolean },
  command: Command,
]

function addKeep(group: Command, io: Io): void {
  addApiCommand(group, 'keep', {
    description: 'keep one ClientID and forbid the others, which hold their slots',
    examples: ['hatchway device client-ids keep al123456789 SN-0001 K19uYV000100'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .argument('<device-name>', 'DeviceName', deviceNameArgument)
    .argument('<client-id>', 'ClientID', clientIdArgument)
    .action(async (productKey: string, deviceName: string, clientId: string, options: ApiOptions) => {
      const path = `${devicePath(productKey, deviceName)}/client-ids/${clientId}/keep`
      const device = await openApi(options, io).request('POST', path)
      if (options.json) printJson(io, device)
      else io.stdout(`Only ClientID ${clientId} of ${deviceName} may log in now.\n`)
    })
}
