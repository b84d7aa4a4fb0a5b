import type { User } from './api-types.ts'
import { facts } from './table.ts'
import { localTime } from './times.ts'

export const userFacts = (user: User): string =>
  facts([
    ['Name', user.name],
    ['Role', user.role],
    ['Disabled', user.disabled ? 'yes' : 'no'],
    ['Password', user.hasPassword ? 'set' : 'none'],
    ['Created', localTime(user.createdAt)],
    ['Last sign-in', localTime(user.lastSignInAt)],
  ])
