import type { ReasonCode } from '@hatchway/protocol'
import type { RegistrationDecision, RegistrationRules } from '../registry/store.ts'
import type { Device, IssuedClientId, Product } from '../registry/types.ts'

type Asked = Parameters<RegistrationRules['decideRegistration']>[0]

const refuse = (reason: ReasonCode, problem?: string): RegistrationDecision =>
  problem === undefined ? { kind: 'refuse', reason } : { kind: 'refuse', reason, problem }

/** Whether some unit has proved that it holds a credential of this device. A forbidden ClientID proves it as well. */
const isActivated = (device: Device): boolean =>
  device.secretActivatedAt !== null || device.clientIds.some(issued => issued.usedAt !== null)

/** Pre-registration: the device must be known, and gets a new DeviceSecret each time until it has logged in. */
const decideRegister = (device: Device | undefined): RegistrationDecision => {
  if (device === undefined) return refuse('device-unknown')
  if (device.disabled) return refuse('device-disabled')
  if (isActivated(device) && device.reopenedAt === null) return refuse('already-activated')
  return { kind: 'issue-secret', clearClientIds: device.reopenedAt !== null }
}

/** Pending: issued, never logged in with, not forbidden. Its unit may never have received it. */
const oldestPending = (clientIds: readonly IssuedClientId[]): IssuedClientId | undefined => {
  let oldest: IssuedClientId | undefined
  for (const issued of clientIds) {
    if (issued.usedAt !== null || issued.forbiddenAt !== null) continue
    if (oldest === undefined || issued.createdAt < oldest.createdAt) oldest = issued
  }
  return oldest
}

/** Preregistration-free: the first registration creates the device, and each unit of that name takes one slot. */
const decideRegnwl = (product: Product, device: Device | undefined): RegistrationDecision => {
  if (!product.preregistrationFree) return refuse('preregistration-free-off')
  if (device === undefined) return { kind: 'issue-token', createDevice: true, replaces: null }
  if (device.disabled) return refuse('device-disabled')
  if (device.secretActivatedAt !== null) return refuse('secret-identity')
  const { clientIds } = device
  if (clientIds.length < product.clientIdLimit) return { kind: 'issue-token', createDevice: false, replaces: null }
  const pending = oldestPending(clientIds)
  if (pending === undefined) return refuse('slots-full', `${clientIds.length} of ${product.clientIdLimit} in use`)
  return { kind: 'issue-token', createDevice: false, replaces: pending.clientId }
}

const decideRegistration = (
  asked: Asked,
  product: Product | undefined,
  device: Device | undefined,
): RegistrationDecision => {
  if (product === undefined) return refuse('product-unknown')
  if (!product.dynamicRegistration) return refuse('switch-off')
  if (asked.byGateway === true && !product.registrationByGateways) return refuse('registration-by-gateways-off')
  switch (asked.mode) {
    case 'register':
      return decideRegister(device)
    case 'regnwl':
      return decideRegnwl(product, device)
    default:
      return asked.mode satisfies never
  }
}

/**
 * Who may register: (what was asked, product, device) -> decision, from what the store's transaction has just read.
 * Pure, and it runs wherever the store does (a worker thread for SQLite), so it may import nothing but types and
 * `@hatchway/protocol`. That the CONNECT was signed with the ProductSecret is settled before anyone asks; a gateway's
 * request is not, so the product must allow it.
 */
export const rules: RegistrationRules = { decideRegistration }
