import type { Command } from 'commander'
import { printJson } from '../command.ts'
import { confirm } from '../confirm.ts'
import type { Io } from '../io.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addProductDelete(group: Command, io: Io): void {
  addApiCommand(group, 'delete', {
    description: 'delete a product that has no devices',
    examples: ['hatchway product delete al123456789', 'hatchway product delete al123456789 --yes'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .option('--yes', 'do not ask')
    .action(async (productKey: string, options: ApiOptions & { yes?: boolean }) => {
      await confirm(`Delete product ${productKey}?`, { yes: options.yes, io })
      await openApi(options, io).request('DELETE', productPath(productKey))
      if (options.json) printJson(io, { deleted: true, productKey })
      else io.stdout(`Deleted product ${productKey}.\n`)
    })
}
