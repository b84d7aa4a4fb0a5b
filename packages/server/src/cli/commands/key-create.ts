import type { Command } from 'commander'
import type { Key } from '../api-types.ts'
import { choice, collect, printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { facts } from '../table.ts'

interface CreateOptions extends ApiOptions {
  role: Key['role']
  product?: readonly string[]
}

export function addKeyCreate(group: Command, io: Io): void {
  addApiCommand(group, 'create', {
    description: 'create an API key and print its secret, this once',
    examples: [
      'hatchway key create "Billing" --role application --product al123456789',
      'hatchway key create "Wall screen" --role viewer',
    ],
  })
    .argument('<name>', 'name for people')
    .addOption(
      choice('--role <role>', 'what it may do', ['admin', 'operator', 'viewer', 'application']).makeOptionMandatory(),
    )
    .option('--product <keys>', 'ProductKeys that it covers, comma list, may be given again; without it all', collect)
    .action(async (name: string, options: CreateOptions) => {
      const body = { name, role: options.role, products: options.product }
      const key = await openApi(options, io).request<Key & { secret: string }>('POST', '/api/v1/keys', { body })
      if (options.json) return printJson(io, key)
      io.stdout(
        facts([
          ['Id', key.id],
          ['Secret', key.secret],
          ['Name', key.name],
          ['Role', key.role],
          ['Products', productsText(key)],
        ]),
      )
      const use = key.role === 'application' ? 'MQTT user name is the id, password the secret; TLS only. ' : ''
      io.stdout(`\n${use}The secret is shown this once.\n`)
    })
}

export const productsText = ({ products }: Key): string => (products === null ? 'all' : products.join(', '))
