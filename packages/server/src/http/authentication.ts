import type { FastifyRequest } from 'fastify'
import type { Registry } from '../registry/registry.ts'
import type { ApiKey, KeyRole } from '../registry/types.ts'
import { type Caller, covers } from './caller.ts'
import type { HttpParts } from './parts.ts'
import { Problem, productNotFound } from './problem.ts'
import { checkSameOrigin, isFromConsole } from './sign-in/same-origin.ts'
import { sessionToken } from './sign-in/session-cookie.ts'
import { wayChecker } from './sign-in/way.ts'

/** Which roles a kind of route lets in. */
export const ACCESS = {
  /** API keys, users and product secrets, deletion of products. */
  administer: ['admin'],
  operate: ['admin', 'operator'],
  read: ['admin', 'operator', 'viewer'],
  /** The state of single devices: what a business system needs to talk to them. */
  observe: ['admin', 'operator', 'viewer', 'application'],
  send: ['admin', 'operator', 'application'],
} as const satisfies Record<string, readonly KeyRole[]>
export type Access = keyof typeof ACCESS

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** The route is about all products, so a key for some of them may not use it. */
    allProducts?: boolean
  }
}

const MAX_SECRET_LENGTH = 512

type AuthenticationParts = Pick<HttpParts, 'registry' | 'accounts' | 'settings'>

/** An onRequest hook: who asks, may the role, is the product covered. Nothing of the body is read before. */
export function authenticate(parts: AuthenticationParts): (request: FastifyRequest) => Promise<void> {
  const signedIn = signedInUser(parts)
  return async request => {
    const { authorization } = request.headers
    const token = authorization === undefined ? sessionToken(request) : undefined
    const caller =
      token === undefined ? keyCaller(await presentedKey(parts.registry, request)) : await signedIn(request, token)
    const { access, allProducts } = request.routeOptions.config
    checkRole(caller, access)
    if (allProducts === true && caller.products !== null) throw new Problem('forbidden', RESTRICTED)
    checkProduct(caller, request.params)
    request.caller = caller
  }
}

const RESTRICTED = {
  detail: 'This operation is about all products, and the API key is restricted to some.',
  fix: 'Use a key that is not restricted to products.',
}

function signedInUser({ accounts, settings }: AuthenticationParts) {
  const checkWay = wayChecker(settings)
  return async (request: FastifyRequest, token: string): Promise<Caller> => {
    checkWay(request)
    checkSameOrigin(request)
    const known = await accounts.sessions.live(token, request.ip)
    if (known === undefined) throw new Problem('not-signed-in')
    const { id, name, role } = known.user
    return { kind: 'user', id, name, role, products: null, signedIn: known, token }
  }
}

const keyCaller = ({ id, name, role, products }: ApiKey): Caller => ({ kind: 'key', id, name, role, products })

async function presentedKey(registry: Registry, request: FastifyRequest): Promise<ApiKey> {
  const { authorization } = request.headers
  if (authorization === undefined) {
    throw isFromConsole(request)
      ? new Problem('not-signed-in')
      : unauthorized('The request has no Authorization header.')
  }
  const secret = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
  if (secret === undefined || secret.length > MAX_SECRET_LENGTH) {
    throw unauthorized('The Authorization header is not of the form: Bearer <key secret>.', 'invalid_request')
  }
  // Found by the secret's SHA-256, so that no comparison's duration tells anything about a secret.
  const key = await registry.apiKeyBySecret(secret)
  if (key === undefined) throw unauthorized('There is no API key with this secret.', 'invalid_token')
  if (key.revokedAt !== null) throw unauthorized('The API key is revoked.', 'invalid_token')
  return key
}

function unauthorized(detail: string, error?: 'invalid_request' | 'invalid_token'): Problem {
  const challenge = `Bearer realm="hatchway"${error === undefined ? '' : `, error="${error}"`}`
  return new Problem('unauthorized', { detail, field: 'Authorization', headers: { 'www-authenticate': challenge } })
}

function checkRole({ kind, role }: Caller, access: Access | undefined): void {
  // A route without a declared access is nobody's: the check fails closed.
  const roles: readonly KeyRole[] = access === undefined ? [] : ACCESS[access]
  if (roles.includes(role)) return
  const who = kind === 'key' ? 'the API key' : 'the user'
  throw new Problem('forbidden', {
    detail: `This operation needs the role ${roles.join(' or ')}; ${who} has the role ${role}.`,
    fix: kind === 'key' ? `Use a key with the role ${roles.join(' or ')}.` : 'Ask an administrator.',
  })
}

function checkProduct(caller: Caller, params: unknown): void {
  const productKey = (params as { pk?: string } | undefined)?.pk
  // Not "forbidden": whether the product exists is none of this key's business.
  if (productKey !== undefined && !covers(caller, productKey)) throw productNotFound()
}
