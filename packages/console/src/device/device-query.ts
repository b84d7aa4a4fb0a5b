import { queryOptions } from '@tanstack/react-query'
import { api, resultOf } from '../api/client.ts'

const REFRESH_MS = 30_000

/** Read anew with the device. */
export const connectionsQuery = (productKey: string, deviceName: string) =>
  queryOptions({
    queryKey: ['device', productKey, deviceName, 'connections'],
    queryFn: ({ signal }) =>
      resultOf(
        api.GET('/api/v1/products/{pk}/devices/{dn}/connections', {
          params: { path: { pk: productKey, dn: deviceName } },
          signal,
        }),
      ),
  })

export const deviceQuery = (productKey: string, deviceName: string) =>
  queryOptions({
    queryKey: ['device', productKey, deviceName],
    queryFn: ({ signal }) =>
      resultOf(
        api.GET('/api/v1/products/{pk}/devices/{dn}', { params: { path: { pk: productKey, dn: deviceName } }, signal }),
      ),
    refetchInterval: REFRESH_MS,
  })
