import type { Command } from 'commander'
import type { User } from '../api-types.ts'
import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { countLine } from '../listing.ts'
import { type ApiOptions, addApiCommand, openApi } from '../server-access.ts'
import { type Column, table } from '../table.ts'
import { localTime } from '../times.ts'

const COLUMNS: readonly Column<User>[] = [
  { title: 'NAME', value: ({ name }) => name, keep: true },
  { title: 'ROLE', value: ({ role }) => role, keep: true },
  { title: 'STATE', value: ({ disabled, hasPassword }) => stateText(disabled, hasPassword) },
  { title: 'LAST SIGN-IN', value: ({ lastSignInAt }) => localTime(lastSignInAt) },
]

const stateText = (disabled: boolean, hasPassword: boolean): string => {
  if (disabled) return 'disabled'
  return hasPassword ? 'active' : 'no password'
}

export function addUserList(group: Command, io: Io): void {
  addApiCommand(group, 'list', {
    description: 'list users, disabled ones included',
    examples: ['hatchway user list'],
  }).action(async (options: ApiOptions) => {
    const users = await openApi(options, io).get<{ items: readonly User[] }>('/api/v1/users')
    if (options.json) return printJson(io, users)
    if (users.items.length === 0) {
      return io.stdout('No users yet. Create the first one in a browser: hatchway user setup-link\n')
    }
    const counted = { items: users.items, nextCursor: null }
    io.stdout(table(users.items, COLUMNS, io.columns) + countLine(counted, { one: 'user', many: 'users' }))
  })
}
