import type { Command } from 'commander'
import type { Product } from '../api-types.ts'
import { printJson, wholeNumber } from '../command.ts'
import type { Io } from '../io.ts'
import { countLine } from '../listing.ts'
import { readPages } from '../paging.ts'
import { onOffText } from '../product-text.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { type Column, table } from '../table.ts'

const COLUMNS: readonly Column<Product>[] = [
  { title: 'PRODUCTKEY', value: ({ productKey }) => productKey, keep: true },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'REGISTRATION', value: registrationText, keep: true },
  { title: 'DEVICES', value: ({ deviceCount }) => deviceCount, align: 'right', keep: true },
  { title: 'ON LINE', value: ({ onlineCount }) => onlineCount, align: 'right', keep: true },
]

export function addProductList(group: Command, io: Io): void {
  addApiCommand(group, 'list', {
    description: 'list products',
    examples: ['hatchway product list', 'hatchway product list --json'],
  })
    .option('--limit <number>', 'most products to list', wholeNumber(1, 1_000_000), 200)
    .action(async (options: ApiOptions & { limit: number }) => {
      const page = await readPages<Product>(openApi(options, io), '/api/v1/products', {}, options.limit)
      if (options.json) return printJson(io, page)
      if (page.items.length === 0) {
        return io.stdout('No products yet. Create one: hatchway product create "My product" --dynamic-registration\n')
      }
      io.stdout(table(page.items, COLUMNS, io.columns) + countLine(page, { one: 'product', many: 'products' }))
    })
}

function registrationText({ dynamicRegistration, preregistrationFree }: Product): string {
  return dynamicRegistration && preregistrationFree ? 'on, open' : onOffText(dynamicRegistration)
}
