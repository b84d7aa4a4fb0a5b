import type { Command } from 'commander'
import type { Key } from '../api-types.ts'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { countLine } from '../listing.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { type Column, table } from '../table.ts'
import { localTime } from '../times.ts'
import { productsText } from './key-create.ts'

const COLUMNS: readonly Column<Key>[] = [
  { title: 'ID', value: ({ id }) => id, keep: true },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'ROLE', value: ({ role }) => role, keep: true },
  { title: 'PRODUCTS', value: productsText },
  { title: 'REVOKED', value: ({ revokedAt }) => (revokedAt === null ? '-' : localTime(revokedAt).slice(0, 10)) },
]

export function addKeyList(group: Command, io: Io): void {
  addApiCommand(group, 'list', {
    description: 'list API keys, revoked ones included; never with their secrets',
    examples: ['hatchway key list'],
  }).action(async (options: ApiOptions) => {
    const keys = await openApi(options, io).get<{ items: readonly Key[] }>('/api/v1/keys')
    if (options.json) return printJson(io, keys)
    if (keys.items.length === 0) {
      return io.stdout('No API keys yet. Create one: hatchway key create "My script" --role operator\n')
    }
    const counted = { items: keys.items, nextCursor: null }
    io.stdout(table(keys.items, COLUMNS, io.columns) + countLine(counted, { one: 'key', many: 'keys' }))
  })
}
