import type { Command } from 'commander'
import type { User } from '../api-types.ts'
import { choice, printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { userNameArgument } from '../names.ts'
import { newPassword, PASSWORD_TEXT } from '../passwords.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { userFacts } from '../user-text.ts'

export const USER_ROLES = ['admin', 'operator', 'viewer'] as const

interface AddOptions extends ApiOptions {
  role: User['role']
  password?: boolean
}

export function addUserAdd(group: Command, io: Io): void {
  addApiCommand(group, 'add', {
    description: 'create a user; without a password single sign-on only',
    examples: [
      'hatchway user add ann --role operator --password',
      'openssl rand -base64 18 | tee bob.txt | hatchway user add bob --role viewer --password',
    ],
  })
    .argument('<name>', 'user name', userNameArgument)
    .addOption(choice('--role <role>', 'what the user may do', USER_ROLES).makeOptionMandatory())
    .option('--password', PASSWORD_TEXT)
    .action(async (name: string, { role, password, ...options }: AddOptions) => {
      const body = { name, role, ...(password ? { password: await newPassword(io) } : {}) }
      const user = await openApi(options, io).request<User>('POST', '/api/v1/users', { body })
      if (options.json) printJson(io, user)
      else io.stdout(userFacts(user))
    })
}
