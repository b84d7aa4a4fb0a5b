import type { Command } from 'commander'
import { printJson } from '../command.ts'
import { confirm } from '../confirm.ts'
import type { Io } from '../io.ts'
import { userNameArgument, userPath } from '../names.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'

export function addUserDelete(group: Command, io: Io): void {
  addApiCommand(group, 'delete', {
    description: 'delete a user; the sessions end',
    examples: ['hatchway user delete bob', 'hatchway user delete bob --yes'],
  })
    .argument('<name>', 'user name', userNameArgument)
    .option('--yes', 'do not ask')
    .action(async (name: string, { yes, ...options }: ApiOptions & { yes?: boolean }) => {
      await confirm(`Delete the user ${name}?`, { yes, io })
      await openApi(options, io).request('DELETE', userPath(name))
      if (options.json) printJson(io, { deleted: true, name })
      else io.stdout(`Deleted the user ${name}.\n`)
    })
}
