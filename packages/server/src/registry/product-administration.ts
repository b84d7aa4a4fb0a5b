import { newProductKey, newProductSecret } from '@hatchway/protocol'
import type { ActingParts } from './administration-parts.ts'
import { MASKED } from './audit/audit-entry.ts'
import { type Act, changedFields, noteOf } from './audit/note.ts'
import { checkName, checkProductKey, checkProductSecret, checkSettings } from './fields.ts'
import { DEFAULT_PRODUCT_SETTINGS } from './product-settings.ts'
import { RequestError } from './request-error.ts'
import { Conflict } from './store.ts'
import type { Product, ProductSettings } from './types.ts'

export interface NewProductRequest extends Partial<ProductSettings> {
  name: string
  /** Left out: made here. Given: those of an imported product. */
  productKey?: string
  productSecret?: string
}

export interface ProductAdministration {
  createProduct(request: NewProductRequest): Promise<Product>
  /** What is left out stays. */
  updateProduct(productKey: string, change: Partial<ProductSettings> & { name?: string }): Promise<void>
  /** Refuses a product that has devices unless they shall go with it; then they are cut and their credentials end. */
  deleteProduct(productKey: string, options?: { withDevices?: boolean }): Promise<void>
}

export function productAdministration(parts: ActingParts): ProductAdministration {
  const { registry, clock, random, actor } = parts
  const { store } = registry
  return {
    async createProduct(request) {
      const now = clock()
      const product: Product = {
        ...DEFAULT_PRODUCT_SETTINGS,
        ...checkSettings({ ...request }),
        name: checkName(request.name, 'product'),
        productKey: request.productKey === undefined ? newProductKey(random) : checkProductKey(request.productKey),
        productSecret:
          request.productSecret === undefined ? newProductSecret(random) : checkProductSecret(request.productSecret),
        createdAt: now,
        updatedAt: now,
      }
      try {
        await store.createProduct(product, noteOf(actor, now, creation(product)))
      } catch (error) {
        if (!(error instanceof Conflict)) throw error
        throw new RequestError(error.reason, {
          problem: `productKey: ${product.productKey} is taken`,
          fix: 'choose another, or leave it out to get a new one',
          field: 'productKey',
        })
      }
      return product
    },
    async updateProduct(productKey, { name, ...settings }) {
      const change = { ...checkSettings(settings), ...(name === undefined ? {} : { name: checkName(name, 'product') }) }
      const at = clock()
      const view = await store.productView(productKey)
      if (!view) throw productNotFound(productKey)
      const fields = changedFields({ ...view }, change)
      const note = noteOf(actor, at, { action: 'product.update', target: productKey, ...fields })
      if (!(await store.updateProduct(productKey, change, at, note))) throw productNotFound(productKey)
      registry.announce({ kind: 'product-changed', productKey, at })
    },
    async deleteProduct(productKey, { withDevices = false } = {}) {
      const view = await store.productView(productKey)
      if (!view) throw productNotFound(productKey)
      if (view.deviceCount > 0 && !withDevices) throw productNotEmpty(productKey, view.deviceCount)
      const at = clock()
      const before = { name: view.name, deviceCount: view.deviceCount }
      const note = noteOf(actor, at, { action: 'product.delete', target: productKey, before })
      if (!(await store.deleteProduct(productKey, note))) throw productNotFound(productKey)
      registry.announce({ kind: 'product-deleted', productKey, at })
    },
  }
}

function creation({ productKey, createdAt: _, updatedAt: __, ...fields }: Product): Act {
  return { action: 'product.create', target: productKey, after: { ...fields, productSecret: MASKED } }
}

export const productNotFound = (productKey: string): RequestError =>
  new RequestError('product-not-found', {
    problem: `There is no product with the ProductKey ${JSON.stringify(productKey)}`,
    fix: 'list the products and use one of theirs',
    field: 'productKey',
  })

const productNotEmpty = (productKey: string, deviceCount: number): RequestError =>
  new RequestError('product-not-empty', {
    problem: `The product ${productKey} has ${deviceCount} ${deviceCount === 1 ? 'device' : 'devices'}`,
    fix: 'delete them first, or say withDevices=true (CLI: --with-devices) to delete them with it',
    field: 'productKey',
  })
