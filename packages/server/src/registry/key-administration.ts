import { newKeyId, newKeySecret } from '@hatchway/protocol'
import type { ActingParts } from './administration-parts.ts'
import { MASKED } from './audit/audit-entry.ts'
import { noteOf } from './audit/note.ts'
import { checkKeyRole, checkKeySecret, checkName, checkProductKey } from './fields.ts'
import { hashSecret } from './hash.ts'
import { RequestError } from './request-error.ts'
import { Conflict } from './store.ts'
import type { ApiKey, KeyRole } from './types.ts'

export interface NewKeyRequest {
  name: string
  role: KeyRole
  /** ProductKeys that the key covers; left out or null = all. */
  products?: readonly string[] | null
  /** One of the operator's own choosing, at least 16 characters; left out: made here. */
  secret?: string
}

export interface KeyAdministration {
  /** The secret is told here and never again. */
  createKey(request: NewKeyRequest): Promise<{ key: ApiKey; secret: string }>
  revokeKey(id: string): Promise<void>
  /**
   * Sees to it that an administrator can get in. With a secret (HATCHWAY_ADMIN_TOKEN) it becomes the key of the
   * environment, and
   * the one that the environment had before is revoked. Without one, a key is made if there is none at all; then, and
   * only then,
   * `secret` is set, to be shown once.
   */
  ensureAdminKey(secret?: string): Promise<{ id: string; secret: string | null }>
}

const MAX_KEYS = 1000
const MAX_PRODUCTS_A_KEY = 1000
const ADMIN_TOKEN_FIELD = 'HATCHWAY_ADMIN_TOKEN'
/** The name marks the key of the environment, so that nobody else may use it. */
const ENVIRONMENT_KEY_NAME = ADMIN_TOKEN_FIELD
const FIRST_KEY_NAME = 'administrator'

export function keyAdministration(parts: ActingParts): KeyAdministration {
  const { registry, clock, actor } = parts
  const revokeKey = async (id: string): Promise<void> => {
    const at = clock()
    const key = await registry.store.apiKey(id)
    if (!key) throw keyNotFound(id)
    const { name, role, revokedAt } = key
    // Once more changes nothing.
    const before = { name, role }
    const note = revokedAt === null ? noteOf(actor, at, { action: 'key.revoke', target: id, before }) : undefined
    if (!(await registry.store.revokeApiKey(id, at, note))) throw keyNotFound(id)
    registry.announce({ kind: 'key-revoked', keyId: id, at })
  }
  return {
    async createKey({ name, role, products, secret }) {
      if (name === ENVIRONMENT_KEY_NAME) throw nameReserved()
      if ((await registry.store.listApiKeys()).length >= MAX_KEYS) throw tooManyKeys()
      return create(parts, {
        name: checkName(name, 'key'),
        role: checkKeyRole(role),
        products: await checkProducts(parts, products),
        secret: secret === undefined ? undefined : checkKeySecret(secret),
      })
    },
    revokeKey,
    async ensureAdminKey(secret) {
      if (secret !== undefined) return { id: await ensureEnvironmentKey(parts, secret, revokeKey), secret: null }
      const keys = await registry.store.listApiKeys()
      const present = keys.find(({ role, products, revokedAt }) => role === 'admin' && !products && revokedAt === null)
      if (present) return { id: present.id, secret: null }
      const made = await create(parts, { name: FIRST_KEY_NAME, role: 'admin', products: null, secret: undefined })
      return { id: made.key.id, secret: made.secret }
    },
  }
}

async function create(
  { registry, clock, random, actor }: ActingParts,
  fields: Pick<ApiKey, 'name' | 'role' | 'products'> & { secret: string | undefined },
): Promise<{ key: ApiKey; secret: string }> {
  const { name, role, products, secret = newKeySecret(random) } = fields
  const identity = { id: newKeyId(random), secretHash: hashSecret(secret) }
  const key: ApiKey = { ...identity, name, role, products, createdAt: clock(), revokedAt: null }
  try {
    const after = { name, role, products, secret: MASKED }
    const note = noteOf(actor, key.createdAt, { action: 'key.create', target: key.id, after })
    await registry.store.createApiKey(key, note)
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    throw new RequestError(error.reason, {
      problem: 'secret: another key has this secret already',
      fix: 'choose another, or leave it out to get a new one',
      field: 'secret',
    })
  }
  return { key, secret }
}

async function ensureEnvironmentKey(
  parts: ActingParts,
  secret: string,
  revokeKey: (id: string) => Promise<void>,
): Promise<string> {
  const { store } = parts.registry
  const secretHash = hashSecret(checkKeySecret(secret, ADMIN_TOKEN_FIELD, 1))
  let present = await store.apiKeyBySecretHash(secretHash)
  if (present && (present.revokedAt !== null || present.role !== 'admin' || present.products !== null)) {
    const problem =
      present.revokedAt === null ? 'belongs to a key of another role' : 'belongs to a key that was revoked'
    throw new RequestError('key-exists', {
      problem: `${ADMIN_TOKEN_FIELD}: the value ${problem}`,
      fix: 'choose another',
      field: ADMIN_TOKEN_FIELD,
    })
  }
  present ??= await createOrFind(parts, { secret, secretHash })
  for (const { id, name, revokedAt } of await store.listApiKeys()) {
    if (name === ENVIRONMENT_KEY_NAME && revokedAt === null && id !== present.id) await revokeKey(id)
  }
  return present.id
}

/** Of gateways that start together one makes the key. */
async function createOrFind(
  parts: ActingParts,
  { secret, secretHash }: { secret: string; secretHash: string },
): Promise<ApiKey> {
  try {
    return (await create(parts, { name: ENVIRONMENT_KEY_NAME, role: 'admin', products: null, secret })).key
  } catch (error) {
    const made = error instanceof RequestError ? await parts.registry.store.apiKeyBySecretHash(secretHash) : undefined
    if (made === undefined) throw error
    return made
  }
}

async function checkProducts(
  { registry }: ActingParts,
  products: readonly string[] | null | undefined,
): Promise<readonly string[] | null> {
  if (products === null || products === undefined) return null
  const invalid = (problem: string, fix: string): RequestError =>
    new RequestError('field-invalid', { problem: `products: ${problem}`, fix, field: 'products' })
  if (products.length === 0) throw invalid('the list is empty', 'name at least one ProductKey, or leave it out for all')
  if (products.length > MAX_PRODUCTS_A_KEY) throw invalid('the list is too long', `name at most ${MAX_PRODUCTS_A_KEY}`)
  for (const productKey of products) {
    checkProductKey(productKey, 'products')
    if (!(await registry.product(productKey))) throw invalid(`there is no product ${productKey}`, 'create it first')
  }
  return [...new Set(products)]
}

const keyNotFound = (id: string): RequestError =>
  new RequestError('key-not-found', {
    problem: `There is no API key ${JSON.stringify(id)}`,
    fix: 'list the keys and use one of theirs',
    field: 'id',
  })

const nameReserved = (): RequestError =>
  new RequestError('field-invalid', {
    problem: `name: ${ENVIRONMENT_KEY_NAME} marks the key of the environment`,
    fix: 'choose another',
    field: 'name',
  })

const tooManyKeys = (): RequestError =>
  new RequestError('quota-exceeded', {
    problem: `There are ${MAX_KEYS} API keys already, revoked ones included`,
    fix: 'reuse one of them',
  })
