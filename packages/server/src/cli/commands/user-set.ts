import type { Command } from 'commander'
import type { User } from '../api-types.ts'
import { choice, printJson } from '../command.ts'
import { type Io, usageError } from '../io.ts'
import { userNameArgument, userPath } from '../names.ts'
import { newPassword, PASSWORD_TEXT } from '../passwords.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { userFacts } from '../user-text.ts'
import { USER_ROLES } from './user-add.ts'

interface SetOptions extends ApiOptions {
  role?: User['role']
  password?: boolean
  disable?: boolean
  enable?: boolean
}

export function addUserSet(group: Command, io: Io): void {
  addApiCommand(group, 'set', {
    description: 'change a user; another role, another password and disabling end the sessions',
    examples: ['hatchway user set ann --password', 'hatchway user set bob --disable'],
  })
    .argument('<name>', 'user name', userNameArgument)
    .addOption(choice('--role <role>', 'what the user may do', USER_ROLES))
    .option('--password', PASSWORD_TEXT)
    .option('--disable', 'let the user sign in no more')
    .option('--enable', 'let the user sign in again')
    .action(async (name: string, { role, password, disable, enable, ...options }: SetOptions) => {
      if (disable && enable) throw usageError('--disable and --enable exclude each other. Give one of them.')
      if (!role && !password && !disable && !enable) {
        throw usageError('Nothing to change. Give --role, --password, --disable or --enable.')
      }
      const body = {
        role,
        ...(disable || enable ? { disabled: disable === true } : {}),
        ...(password ? { password: await newPassword(io) } : {}),
      }
      const user = await openApi(options, io).request<User>('PATCH', userPath(name), { body })
      if (options.json) printJson(io, user)
      else io.stdout(userFacts(user))
    })
}
