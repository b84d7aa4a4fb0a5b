import type { Command } from 'commander'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { facts } from '../table.ts'

export function addProductSecret(group: Command, io: Io): void {
  addApiCommand(group, 'secret', {
    description: 'print the ProductSecret, for the firmware build',
    examples: ['hatchway product secret al123456789'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .action(async (productKey: string, options: ApiOptions) => {
      const path = `${productPath(productKey)}/secret`
      const secret = await openApi(options, io).get<{ productKey: string; productSecret: string }>(path)
      if (options.json) printJson(io, secret)
      else io.stdout(facts([['ProductSecret', secret.productSecret]]))
    })
}
