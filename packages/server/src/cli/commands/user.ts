import type { Command } from 'commander'
import { addGroup } from '../command.ts'
import type { Io } from '../io.ts'
import { addUserAdd } from './user-add.ts'
import { addUserDelete } from './user-delete.ts'
import { addUserList } from './user-list.ts'
import { addUserSet } from './user-set.ts'
import { addUserSetupLink } from './user-setup-link.ts'

export function addUser(program: Command, io: Io): void {
  const group = addGroup(program, 'user', {
    description: 'people who sign in to the console',
    examples: ['hatchway user add ann --role operator --password', 'hatchway user list'],
  })
  addUserAdd(group, io)
  addUserList(group, io)
  addUserSet(group, io)
  addUserDelete(group, io)
  addUserSetupLink(group, io)
}
