import type { Command } from 'commander'
import type { Product } from '../api-types.ts'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { productKeyArgument, productPath } from '../names.ts'
import { productText } from '../product-text.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addProductShow(group: Command, io: Io): void {
  addApiCommand(group, 'show', {
    description: 'show a product with its settings and counts',
    examples: ['hatchway product show al123456789'],
  })
    .argument('<product-key>', 'ProductKey', productKeyArgument)
    .action(async (productKey: string, options: ApiOptions) => {
      const product = await openApi(options, io).get<Product>(productPath(productKey))
      if (options.json) printJson(io, product)
      else io.stdout(productText(product))
    })
}
