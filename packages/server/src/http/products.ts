import { Type } from 'typebox'
import { noteOf } from '../registry/audit/index.ts'
import { actorOf, type Caller, callerOf } from './caller.ts'
import { cursorsOf, limitOf, PAGING } from './paging.ts'
import type { Api, HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import {
  CreatedProduct,
  NewProduct,
  ProductChange,
  ProductDeletion,
  ProductPage,
  ProductReply,
  ProductSecret,
  productReply,
  productReplyFor,
} from './product-schemas.ts'
import { keyedProblems, nothing, ProductPath, ref } from './schemas.ts'

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
      const { productKey, productSecret } = await administration.by(actorOf(request)).createProduct(request.body)
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
        summary: 'Products that the caller may see',
        tags: ['products'],
        querystring: Type.Object(PAGING, { additionalProperties: false }),
        response: { 200: ProductPage, ...keyedProblems() },
      },
    },
    async request => {
      const page = { limit: limitOf(request.query), cursor: request.query.cursor }
      const { products } = callerOf(request)
      if (products !== null) return coveredProducts(registry, products, page)
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
  products: NonNullable<Caller['products']>,
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
      await administration.by(actorOf(request)).updateProduct(request.params.pk, request.body)
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
        querystring: ProductDeletion,
        response: { 204: nothing('Deleted'), ...keyedProblems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { withDevices = false } = request.query
      await administration.by(actorOf(request)).deleteProduct(request.params.pk, { withDevices })
      reply.code(204)
      return null
    },
  )
}

function secretRoute(api: Api, { registry, clock }: HttpParts): void {
  api.get(
    '/products/:pk/secret',
    {
      config: { access: 'administer' },
      schema: {
        operationId: 'showProductSecret',
        summary: 'The product’s secret',
        tags: ['products'],
        params: ProductPath,
        response: { 200: ProductSecret, ...keyedProblems(404) },
      },
    },
    async request => {
      const product = await registry.product(request.params.pk)
      if (product === undefined) throw productNotFound()
      const { productKey, productSecret } = product
      // Seen is seen: the entry comes first.
      const act = { action: 'product.view-secret', target: productKey }
      await registry.store.appendAudit([noteOf(actorOf(request), clock(), act)])
      return { productKey, productSecret }
    },
  )
}
