import { queryOptions } from '@tanstack/react-query'
import { api, resultOf } from '../api/client.ts'

const REFRESH_MS = 15_000

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: ({ signal }) => resultOf(api.GET('/api/v1/system', { signal })),
  refetchInterval: REFRESH_MS,
})
