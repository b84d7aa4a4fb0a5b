import { Type } from 'typebox'
import type { ApiKey, ProductView } from '../registry/types.ts'
import { keyOf } from './authentication.ts'
import { cursorsOf, limitOf, PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import {
  boundedText,
  count,
  flag,
  iso,
  keyedProblems,
  nothing,
  nullable,
  ProductPath,
  ref,
  text,
  time,
  wholeNumber,
} from './schemas.ts'

const MAX_NAME_LENGTH = 64
const MAX_CLIENT_IDS = 100

const SETTINGS = {
  dynamicRegistration: flag('The dynamic-registration switch: whether devices may register; without it off'),
  preregistrationFree: flag(
    'Whether devices that nobody created may register (regnwl); needs the switch too; without it off',
  ),
  tlsOnly: flag('Whether logins over plain TCP and ws are refused; without it off'),
  strictKeepAlive: flag('Whether logins with a Keep Alive below 30 s are refused; without it off'),
  clientIdLimit: wholeNumber('How many ClientIDs one device name may hold; without it 5', 1, MAX_CLIENT_IDS),
}
const name = boundedText('Name for people', MAX_NAME_LENGTH)

const NewProduct = Type.Object(
  {
    name,
    productKey: Type.Optional(boundedText('1 to 20 letters and digits; without it a new one is made', 64)),
    productSecret: Type.Optional(boundedText('1 to 64 printable characters; without it a new one is made', 128)),
    ...Type.Partial(Type.Object(SETTINGS)).properties,
  },
  { additionalProperties: false },
)

const ProductChange = Type.Partial(Type.Object({ name, ...SETTINGS }), { additionalProperties: false })

const Deletion = Type.Object(
  { withDevices: Type.Optional(flag('Delete its devices too: their connections and credentials end')) },
  { additionalProperties: false },
)

const PRODUCT = {
  productKey: text('Public id of the product'),
  name: text('Name for people'),
  ...SETTINGS,
  deviceCount: count('Devices of the product'),
  onlineCount: count('Those that are connected'),
  createdAt: time('When it was created'),
  updatedAt: time('When its name or settings last changed'),
}
export const ProductReply = Type.Object(PRODUCT, { $id: 'Product', description: 'A product; never with its secret' })
type ProductReply = Type.Static<typeof ProductReply>

const productSecret = text('The secret that every unit of the product carries')
const CreatedProduct = Type.Object({ ...PRODUCT, productSecret }, { description: 'The product with its secret' })
const Secret = Type.Object(
  { productKey: text('Public id of the product'), productSecret },
  { description: 'The secret' },
)
const ProductPage = Type.Object(
  {
    items: Type.Array(ref(ProductReply)),
    nextCursor: nullable.text('Null on the last page'),
    total: count('Products that the key covers'),
  },
  { description: 'One page' },
)

export function productRoutes(api: Api, parts: HttpParts): void {
  createRoute(api, parts)
  listRoute(api, parts)
  singleRoutes(api, parts)
  secretRoute(api, parts)
}

function createRoute(api: Api, { administration, registry }: HttpParts): void {
  api.post(
    '/products',
    {
      config: { access: 'operate', allProducts: true },
      schema: {
        operationId: 'createProduct',
        summary: 'Create a product; the reply holds its secret',
        tags: ['products'],
        body: NewProduct,
        response: { 201: CreatedProduct, ...keyedProblems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { productKey, productSecret } = await administration.createProduct(request.body)
      reply.code(201).header('location', `/api/v1/products/${encodeURIComponent(productKey)}`)
      return { ...(await productReplyFor(registry, productKey)), productSecret }
    },
  )
}

function listRoute(api: Api, { registry }: HttpParts): void {
  api.get(
    '/products',
    {
      config: { access: 'read' },
      schema: {
        operationId: 'listProducts',
        summary: 'Products that the key covers',
        tags: ['products'],
        querystring: Type.Object(PAGING, { additionalProperties: false }),
        response: { 200: ProductPage, ...keyedProblems() },
      },
    },
    async request => {
      const page = { limit: limitOf(request.query), cursor: request.query.cursor }
      const key = keyOf(request)
      if (key.products !== null) return coveredProducts(registry, key.products, page)
      const cursors = cursorsOf('products')
      const { items, nextCursor, total } = await registry.store.listProducts({
        limit: page.limit,
        ...cursors.read(page.cursor),
      })
      return { items: items.map(productReply), nextCursor: cursors.show(nextCursor), total }
    },
  )
}

/** A restricted key's products are few and named by the key itself; the cursor is the place in that list. */
async function coveredProducts(
  registry: HttpParts['registry'],
  products: NonNullable<ApiKey['products']>,
  { limit, cursor }: { limit: number; cursor: string | undefined },
) {
  const cursors = cursorsOf('products', { products })
  const start = Number(cursors.read(cursor).cursor ?? 0)
  const found = await Promise.all(products.map(productKey => registry.store.productView(productKey)))
  const views = found.filter(view => view !== undefined)
  const end = start + limit
  return {
    items: views.slice(start, end).map(productReply),
    nextCursor: cursors.show(end < views.length ? String(end) : null),
    total: views.length,
  }
}

function singleRoutes(api: Api, { administration, registry }: HttpParts): void {
  const path = '/products/:pk'
  const schema = { tags: ['products'], params: ProductPath }
  api.get(
    path,
    {
      config: { access: 'read' },
      schema: {
        ...schema,
        operationId: 'showProduct',
        summary: 'A product with its settings and counts',
        response: { 200: ref(ProductReply), ...keyedProblems(404) },
      },
    },
    async request => productReplyFor(registry, request.params.pk),
  )
  api.patch(
    path,
    {
      config: { access: 'operate' },
      schema: {
        ...schema,
        operationId: 'updateProduct',
        summary: 'Change a product’s name or settings; what is left out stays',
        body: ProductChange,
        response: { 200: ref(ProductReply), ...keyedProblems(404, 413, 415, 422) },
      },
    },
    async request => {
      await administration.updateProduct(request.params.pk, request.body)
      return productReplyFor(registry, request.params.pk)
    },
  )
  api.delete(
    path,
    {
      config: { access: 'administer' },
      schema: {
        ...schema,
        operationId: 'deleteProduct',
        summary: 'Delete a product, with its devices only where withDevices says so',
        querystring: Deletion,
        response: { 204: nothing('Deleted'), ...keyedProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { withDevices = false } = request.query
      await administration.deleteProduct(request.params.pk, { withDevices })
      reply.code(204)
      return null
    },
  )
}

function secretRoute(api: Api, { registry }: HttpParts): void {
  api.get(
    '/products/:pk/secret',
    {
      config: { access: 'administer' },
      schema: {
        operationId: 'showProductSecret',
        summary: 'The product’s secret',
        tags: ['products'],
        params: ProductPath,
        response: { 200: Secret, ...keyedProblems(404) },
      },
    },
    async request => {
      const product = await registry.product(request.params.pk)
      if (product === undefined) throw productNotFound()
      return { productKey: product.productKey, productSecret: product.productSecret }
    },
  )
}

async function productReplyFor(registry: HttpParts['registry'], productKey: string): Promise<ProductReply> {
  const view = await registry.store.productView(productKey)
  if (view === undefined) throw productNotFound()
  return productReply(view)
}

const productReply = ({ createdAt, updatedAt, ...view }: ProductView): ProductReply => ({
  ...view,
  createdAt: iso(createdAt),
  updatedAt: iso(updatedAt),
})
