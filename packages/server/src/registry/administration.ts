import type { ActingParts, AdministrationParts } from './administration-parts.ts'
import type { Actor } from './audit/audit-entry.ts'
import { type DeviceAdministration, deviceAdministration } from './device-administration.ts'
import { type KeyAdministration, keyAdministration } from './key-administration.ts'
import { type ProductAdministration, productAdministration } from './product-administration.ts'

/**
 * What operators do. Every function rejects with a `RequestError` that names the field, its problem and the fix, or
 * with
 * `StoreUnavailable`; what it changed is durable and announced when it resolves. None of them needs its `this`.
 */
export interface Administration extends ProductAdministration, DeviceAdministration, KeyAdministration {}

/** Nobody acts without a name. */
export interface AdministrationDesk {
  by(actor: Actor): Administration
}

export function createAdministration(parts: AdministrationParts): AdministrationDesk {
  return { by: actor => administrationBy({ ...parts, actor }) }
}

function administrationBy(parts: ActingParts): Administration {
  return { ...productAdministration(parts), ...deviceAdministration(parts), ...keyAdministration(parts) }
}
