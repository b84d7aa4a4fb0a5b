import type { Command } from 'commander'
import { printJson } from '../command.ts'
import { confirm } from '../confirm.ts'
import type { Io } from '../io.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addProductDelete(group: Command, io: Io): void {
  addApiCommand(group, 'delete', {
    description: 'delete a product; one with devices only with --with-devices',
    examples: ['hatchway product delete al123456789', 'hatchway product delete al123456789 --with-devices --yes'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .option('--with-devices', 'delete its devices too: their connections and credentials end')
    .option('--yes', 'do not ask')
    .action(async (productKey: string, options: ApiOptions & { withDevices?: boolean; yes?: boolean }) => {
      const { withDevices = false } = options
      const question = `Delete product ${productKey}${withDevices ? ' and all its devices' : ''}?`
      await confirm(question, { yes: options.yes, io })
      await openApi(options, io).request('DELETE', productPath(productKey), {
        query: withDevices ? { withDevices: 'true' } : {},
      })
      if (options.json) printJson(io, { deleted: true, productKey })
      else io.stdout(`Deleted product ${productKey}.\n`)
    })
}
