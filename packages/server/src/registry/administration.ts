import type { AdministrationParts } from './administration-parts.ts'
import { type DeviceAdministration, deviceAdministration } from './device-administration.ts'
import { type KeyAdministration, keyAdministration } from './key-administration.ts'
import { type ProductAdministration, productAdministration } from './product-administration.ts'

/**
 * What operators do. Every function rejects with a `RequestError` that names the field, its problem and the fix, or
 * with
 * `StoreUnavailable`; what it changed is durable and announced when it resolves. None of them needs its `this`.
 */
export interface Administration extends ProductAdministration, DeviceAdministration, KeyAdministration {}

export function createAdministration(parts: AdministrationParts): Administration {
  return { ...productAdministration(parts), ...deviceAdministration(parts), ...keyAdministration(parts) }
}
