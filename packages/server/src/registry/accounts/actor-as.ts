import type { Actor } from '../audit/audit-entry.ts'
import type { User } from '../types.ts'

/** A user in the console. */
export const actorAs = ({ id, name }: Pick<User, 'id' | 'name'>, address: string): Actor => ({
  kind: 'user',
  id,
  name,
  address,
  via: 'console',
})
