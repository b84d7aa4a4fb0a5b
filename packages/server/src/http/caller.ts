import type { FastifyRequest } from 'fastify'
import type { Actor } from '../registry/audit/index.ts'
import type { KeyRole, SignedIn, UserRole } from '../registry/types.ts'

interface CallerOf<Kind extends string, Role extends KeyRole> {
  kind: Kind
  id: string
  name: string
  role: Role
  /** ProductKeys that it covers; null = all. */
  products: readonly string[] | null
}

/** Who asks: an API key, or a user who is signed in. */
export type Caller =
  | CallerOf<'key', KeyRole>
  | (CallerOf<'user', UserRole> & { signedIn: SignedIn /** What the cookie holds. */; token: string })

declare module 'fastify' {
  interface FastifyRequest {
    /** Null only before authentication; see callerOf. */
    caller: Caller | null
  }
}

/** Whoever the request was let in for. */
export function callerOf({ caller, routeOptions }: FastifyRequest): Caller {
  if (caller === null) throw new Error(`${routeOptions.url} was reached without authentication`)
  return caller
}

const CLI_AGENT = /^hatchway-cli\//

/** Whoever it was let in for, as the audit log names him. */
export function actorOf(request: FastifyRequest): Actor {
  const { kind, id, name } = callerOf(request)
  const ofKey = CLI_AGENT.test(request.headers['user-agent'] ?? '') ? 'cli' : 'api'
  return { kind, id, name, address: request.ip, via: kind === 'user' ? 'console' : ofKey }
}

/** Whether the caller's products include this one. What belongs to no product is for unrestricted callers only. */
export const covers = ({ products }: Pick<Caller, 'products'>, productKey: string | null): boolean =>
  products === null || (productKey !== null && products.includes(productKey))
