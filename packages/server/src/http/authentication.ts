import type { FastifyRequest } from 'fastify'
import type { Registry } from '../registry/registry.ts'
import type { ApiKey, KeyRole } from '../registry/types.ts'
import { Problem, productNotFound } from './problem.ts'

/** Which roles a kind of route lets in. */
export const ACCESS = {
  /** API keys and product secrets, deletion of products. */
  administer: ['admin'],
  operate: ['admin', 'operator'],
  read: ['admin', 'operator', 'viewer'],
  /** The state of single devices: what a business system needs to talk to them. */
  observe: ['admin', 'operator', 'viewer', 'application'],
  send: ['admin', 'operator', 'application'],
} as const satisfies Record<string, readonly KeyRole[]>
export type Access = keyof typeof ACCESS

declare module 'fastify' {
  interface FastifyRequest {
    /** Null only before authentication; see keyOf. */
    apiKey: ApiKey | null
  }
  interface FastifyContextConfig {
    access?: Access
    /** The route is about all products, so a key for some of them may not use it. */
    allProducts?: boolean
  }
}

const MAX_SECRET_LENGTH = 512

/** An onRequest hook: who asks, may the role, is the product covered. Nothing of the body is read before. */
export function authenticate(registry: Registry): (request: FastifyRequest) => Promise<void> {
  return async request => {
    const key = await presentedKey(registry, request.headers.authorization)
    const { access, allProducts } = request.routeOptions.config
    checkRole(key, access)
    if (allProducts === true && key.products !== null) throw new Problem('forbidden', RESTRICTED)
    checkProduct(key, request.params)
    request.apiKey = key
  }
}

const RESTRICTED = {
  detail: 'This operation is about all products, and the API key is restricted to some.',
  fix: 'Use a key that is not restricted to products.',
}

async function presentedKey(registry: Registry, authorization: string | undefined): Promise<ApiKey> {
  if (authorization === undefined) throw unauthorized('The request has no Authorization header.')
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

function checkRole(key: ApiKey, access: Access | undefined): void {
  // A route without a declared access is nobody's: the check fails closed.
  const roles: readonly KeyRole[] = access === undefined ? [] : ACCESS[access]
  if (roles.includes(key.role)) return
  throw new Problem('forbidden', {
    detail: `This operation needs the role ${roles.join(' or ')}; the API key has the role ${key.role}.`,
    fix: `Use a key with the role ${roles.join(' or ')}.`,
  })
}

function checkProduct(key: ApiKey, params: unknown): void {
  const productKey = (params as { pk?: string } | undefined)?.pk
  // Not "forbidden": whether the product exists is none of this key's business.
  if (productKey !== undefined && !covers(key, productKey)) throw productNotFound()
}

/** Whether the key's products include this one. What belongs to no product is for unrestricted keys only. */
export const covers = (key: ApiKey, productKey: string | null): boolean =>
  key.products === null || (productKey !== null && key.products.includes(productKey))

/** The key that the request was let in with. */
export function keyOf(request: FastifyRequest): ApiKey {
  if (request.apiKey === null) throw new Error(`${request.routeOptions.url} was reached without authentication`)
  return request.apiKey
}
