import type { Role } from '../api/types.ts'

/** What the console offers to whom; the server has the last word. */
const MAY = {
  read: ['admin', 'operator', 'viewer'],
  operate: ['admin', 'operator'],
  administer: ['admin'],
} as const satisfies Record<string, readonly Role[]>
export type Right = keyof typeof MAY

export const may = (role: Role, right: Right): boolean => (MAY[right] as readonly Role[]).includes(role)
