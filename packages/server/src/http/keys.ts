import { Type } from 'typebox'
import type { ApiKey } from '../registry/types.ts'
import { actorOf } from './caller.ts'
import type { Api, HttpParts } from './parts.ts'
import { boundedText, iso, isoOrNull, keyedProblems, nothing, nullable, oneOf, ref, text, time } from './schemas.ts'

const MAX_PRODUCTS = 1000
const ROLES = ['admin', 'operator', 'viewer', 'application'] as const
const ROLE_TEXT =
  'admin: all; operator: all but keys, product secrets and deletion of products; viewer: read; ' +
  'application: messages and device states over HTTP, and MQTT with the id as user name'

const NewKey = Type.Object(
  {
    name: boundedText('Name for people', 64),
    role: oneOf(ROLES, ROLE_TEXT),
    products: Type.Optional(
      Type.Array(boundedText('ProductKey', 64), {
        description: 'ProductKeys that the key covers; without it all',
        minItems: 1,
        maxItems: MAX_PRODUCTS,
      }),
    ),
  },
  { additionalProperties: false },
)

const KEY = {
  id: text('Id of the key, for application keys the MQTT user name'),
  name: text('Name for people'),
  role: oneOf(ROLES, ROLE_TEXT),
  products: Type.Unsafe<string[] | null>({
    type: ['array', 'null'],
    items: { type: 'string' },
    description: 'ProductKeys that the key covers; null = all',
  }),
  createdAt: time('When it was created'),
  revokedAt: nullable.time('Since when it is refused'),
}
export const KeyReply = Type.Object(KEY, { $id: 'ApiKey', description: 'An API key; never with its secret' })
type KeyReply = Type.Static<typeof KeyReply>
const CreatedKey = Type.Object(
  { ...KEY, secret: text('Shown this once: the server keeps only its hash') },
  { description: 'The key with its secret' },
)
const Keys = Type.Object({ items: Type.Array(ref(KeyReply)) }, { description: 'All keys' })

/** API keys are about the whole instance: a key for some products could otherwise make itself one for all. */
const config = { access: 'administer', allProducts: true } as const

export function keyRoutes(api: Api, { administration, registry }: HttpParts): void {
  api.post(
    '/keys',
    {
      config,
      schema: {
        operationId: 'createKey',
        summary: 'Create an API key; its secret is in this reply and nowhere else',
        tags: ['keys'],
        body: NewKey,
        response: { 201: CreatedKey, ...keyedProblems(413, 415, 422, 429) },
      },
    },
    async (request, reply) => {
      const { key, secret } = await administration.by(actorOf(request)).createKey(request.body)
      reply.code(201)
      return { ...keyReply(key), secret }
    },
  )
  api.get(
    '/keys',
    {
      config,
      schema: {
        operationId: 'listKeys',
        summary: 'API keys, revoked ones included',
        tags: ['keys'],
        response: { 200: Keys, ...keyedProblems() },
      },
    },
    async () => ({ items: (await registry.store.listApiKeys()).map(keyReply) }),
  )
  api.delete(
    '/keys/:id',
    {
      config,
      schema: {
        operationId: 'revokeKey',
        summary: 'Revoke an API key at once; connections and event streams that use it end',
        tags: ['keys'],
        params: Type.Object({ id: boundedText('Id of the key', 64) }),
        response: { 204: nothing('Revoked'), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      await administration.by(actorOf(request)).revokeKey(request.params.id)
      reply.code(204)
      return null
    },
  )
}

const keyReply = ({ id, name, role, products, createdAt, revokedAt }: ApiKey): KeyReply => ({
  id,
  name,
  role,
  products: products === null ? null : [...products],
  createdAt: iso(createdAt),
  revokedAt: isoOrNull(revokedAt),
})
