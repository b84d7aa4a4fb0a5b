import type { Command } from 'commander'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { keyIdArgument } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addKeyRevoke(group: Command, io: Io): void {
  addApiCommand(group, 'revoke', {
    description: 'revoke an API key at once; connections that use it end',
    examples: ['hatchway key revoke hkA1B2C3D4E5F6G7'],
  })
    .argument('<key-id>', 'id of the key', keyIdArgument)
    .action(async (id: string, options: ApiOptions) => {
      await openApi(options, io).request('DELETE', `/api/v1/keys/${id}`)
      if (options.json) printJson(io, { revoked: true, id })
      else io.stdout(`Revoked key ${id}.\n`)
    })
}
