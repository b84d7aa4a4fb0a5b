import { type Caller, covers } from './caller.ts'
import { Problem, productNotFound } from './problem.ts'

/**
 * The product that a list across products is about. A key for one product means that one; a key for several has to say which,
 * because a page over a choice of products would have no cursor that the store could follow.
 */
export function productFilter(
  caller: Pick<Caller, 'products'>,
  productKey: string | undefined,
): { productKey?: string } {
  if (productKey !== undefined) {
    if (covers(caller, productKey)) return { productKey }
    throw productNotFound()
  }
  if (caller.products === null) return {}
  const [only] = caller.products
  if (only !== undefined && caller.products.length === 1) return { productKey: only }
  throw new Problem('field-invalid', {
    status: 400,
    field: 'productKey',
    detail: 'productKey is missing: the API key is restricted to several products.',
    fix: 'Add productKey with one of the products that the key covers.',
  })
}
