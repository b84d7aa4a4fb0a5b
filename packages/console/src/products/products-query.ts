import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, resultOf } from '../api/client.ts'

const PAGE_LIMIT = 200

export const productsQuery = infiniteQueryOptions({
  queryKey: ['products'],
  queryFn: ({ pageParam, signal }) =>
    resultOf(api.GET('/api/v1/products', { params: { query: { limit: PAGE_LIMIT, cursor: pageParam } }, signal })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: page => page.nextCursor ?? undefined,
})

export const productQuery = (productKey: string) =>
  queryOptions({
    queryKey: ['products', productKey],
    queryFn: ({ signal }) =>
      resultOf(api.GET('/api/v1/products/{pk}', { params: { path: { pk: productKey } }, signal })),
  })
