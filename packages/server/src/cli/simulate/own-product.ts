import { type ApiClient, ApiRefusal } from '../api-client.ts'
import type { Product } from '../api-types.ts'
import { csvParts } from '../csv-parts.ts'
import { CliError } from '../io.ts'
import { productPath } from '../names.ts'
import { pages } from '../paging.ts'

/** By these names a later run finds the products of an earlier one again. */
const NAMES = { register: 'Simulated fleet', regnwl: 'Simulated fleet, preregistration-free' } as const
const MAX_PRODUCTS = 10_000
/** The server's limit of one request. */
const MAX_CHANGED = 1000

interface ImportReport {
  rows: { deviceName: string; outcome: string; reason?: string; problem?: string }[]
}
interface ChangeReport {
  rows: { deviceName: string; outcome: string; reason?: string; problem?: string }[]
}

export interface Wanted {
  mode: 'register' | 'regnwl'
  /** Undefined: the product of simulations, whose devices may be changed at will. */
  productKey: string | undefined
  productSecret: string | undefined
  deviceNames: readonly string[]
}

export interface Prepared {
  productKey: string
  productSecret: string
}

/**
 * Sees to it, by the API, that these devices may register: makes the product if it is missing, creates the devices, and in
 * the product of simulations opens registration again for those of an earlier run. Throws CliError.
 */
export async function prepareProduct(api: ApiClient, wanted: Wanted): Promise<Prepared> {
  const product =
    wanted.productKey === undefined ? await simulationProduct(api, wanted) : await namedProduct(api, wanted)
  const isOwn = wanted.productKey === undefined
  if (wanted.mode === 'regnwl') {
    if (isOwn) await changeDevices(api, product.productKey, { action: 'delete', deviceNames: wanted.deviceNames })
    return product
  }
  const existing = await createDevices(api, product.productKey, wanted.deviceNames)
  if (isOwn) await changeDevices(api, product.productKey, { action: 'reset', deviceNames: existing })
  return product
}

async function simulationProduct(api: ApiClient, { mode }: Wanted): Promise<Prepared> {
  for await (const { items } of pages<Product>(api, '/api/v1/products', {}, MAX_PRODUCTS)) {
    const found = items.find(({ name }) => name === NAMES[mode])
    if (found !== undefined) return productWithSecret(api, found.productKey)
  }
  return createProduct(api, { name: NAMES[mode], mode })
}

async function namedProduct(api: ApiClient, { productKey = '', productSecret, mode }: Wanted): Promise<Prepared> {
  try {
    if (productSecret === undefined) return await productWithSecret(api, productKey)
    await api.get<Product>(productPath(productKey))
    return { productKey, productSecret }
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.status !== 404) throw error
    const secret = productSecret === undefined ? {} : { productSecret }
    return createProduct(api, { name: NAMES[mode], mode, productKey, ...secret })
  }
}

const productWithSecret = async (api: ApiClient, productKey: string): Promise<Prepared> =>
  api.get<Prepared>(`${productPath(productKey)}/secret`)

async function createProduct(
  api: ApiClient,
  { mode, ...settings }: { mode: Wanted['mode']; name: string } & Partial<Prepared>,
): Promise<Prepared> {
  const body = { ...settings, dynamicRegistration: true, preregistrationFree: mode === 'regnwl' }
  const { productKey, productSecret } = await api.request<Prepared>('POST', '/api/v1/products', { body })
  return { productKey, productSecret }
}

/** Names of those that there were already. */
async function createDevices(api: ApiClient, productKey: string, deviceNames: readonly string[]): Promise<string[]> {
  const existing: string[] = []
  for (const { text } of csvParts(`${deviceNames.join('\n')}\n`)) {
    const request = { body: text, contentType: 'text/csv; charset=utf-8' }
    const { rows } = await api.request<ImportReport>('POST', `${productPath(productKey)}/imports`, request)
    for (const row of rows.filter(({ outcome }) => outcome === 'failed')) {
      if (row.reason !== 'device-exists') throw failureOf('create', row)
      existing.push(row.deviceName)
    }
  }
  return existing
}

async function changeDevices(
  api: ApiClient,
  productKey: string,
  { action, deviceNames }: { action: 'reset' | 'delete'; deviceNames: readonly string[] },
): Promise<void> {
  for (let start = 0; start < deviceNames.length; start += MAX_CHANGED) {
    const body = { action, deviceNames: deviceNames.slice(start, start + MAX_CHANGED) }
    const { rows } = await api.request<ChangeReport>('POST', `${productPath(productKey)}/devices/actions`, { body })
    const failed = rows.find(({ outcome, reason }) => outcome === 'failed' && reason !== 'device-not-found')
    if (failed !== undefined) throw failureOf(action, failed)
  }
}

const failureOf = (act: string, row: { deviceName: string; problem?: string; reason?: string }): CliError =>
  new CliError(`Could not ${act} the device ${row.deviceName}: ${row.problem ?? row.reason ?? 'failed'}`)
