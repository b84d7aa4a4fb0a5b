import type { ReasonCode } from '@hatchway/protocol'
import type { AdministrationParts } from './administration-parts.ts'
import { checkDeviceName, checkDeviceSecret } from './fields.ts'
import { productNotFound } from './product-administration.ts'
import type { RegistryChange } from './registry.ts'
import { RequestError } from './request-error.ts'
import type { CreateDeviceOutcome, DeviceChange, NewDevice } from './store.ts'

export interface NewDeviceRequest {
  deviceName: string
  /** One that is burnt in already; without it the device gets its own when it registers. */
  deviceSecret?: string | null
}
export type NewDeviceOutcome = { ok: true } | { ok: false; reason: ReasonCode; problem: string }

export interface DeviceAdministration {
  createDevice(request: NewDeviceRequest & { productKey: string }): Promise<void>
  /** One outcome for each row, in order; a bad row spoils only itself. */
  createDevices(productKey: string, requests: readonly NewDeviceRequest[]): Promise<readonly NewDeviceOutcome[]>
  /** Opens registration again. What the device holds stays good until something new is issued. */
  resetDevice(productKey: string, deviceName: string): Promise<void>
  disableDevice(productKey: string, deviceName: string): Promise<void>
  enableDevice(productKey: string, deviceName: string): Promise<void>
  deleteDevice(productKey: string, deviceName: string): Promise<void>
  /** Forgets one ClientID, or all: their tokens end and their slots are free again. */
  dropClientIds(productKey: string, deviceName: string, clientId?: string): Promise<void>
  /** Forbids every ClientID but this one; they hold their slots. */
  keepClientId(productKey: string, deviceName: string, clientId: string): Promise<void>
}

export function deviceAdministration(parts: AdministrationParts): DeviceAdministration {
  return { ...creating(parts), ...changing(parts), ...clientIds(parts) }
}

type Creating = Pick<DeviceAdministration, 'createDevice' | 'createDevices'>
type Changing = Pick<DeviceAdministration, 'resetDevice' | 'disableDevice' | 'enableDevice' | 'deleteDevice'>
type ClientIds = Pick<DeviceAdministration, 'dropClientIds' | 'keepClientId'>

function creating({ registry, clock }: AdministrationParts): Creating {
  const create = async (devices: readonly NewDevice[]): Promise<readonly CreateDeviceOutcome[]> => {
    const outcomes = await registry.store.createDevices(devices)
    for (const [at, { productKey, deviceName, createdAt }] of devices.entries()) {
      if (outcomes[at] === 'created')
        registry.announce({ kind: 'device-created', productKey, deviceName, at: createdAt })
    }
    return outcomes
  }
  const checked = (productKey: string, { deviceName, deviceSecret }: NewDeviceRequest): NewDevice => ({
    productKey,
    deviceName: checkDeviceName(deviceName),
    deviceSecret: checkDeviceSecret(deviceSecret),
    createdAt: clock(),
  })
  return {
    async createDevice({ productKey, ...request }) {
      const device = checked(productKey, request)
      const [outcome] = await create([device])
      if (outcome !== 'created') throw notCreated(outcome, device)
    },
    async createDevices(productKey, requests) {
      const rows = requests.map(request => attempt(() => checked(productKey, request)))
      const outcomes = await create(rows.flatMap(row => ('device' in row ? [row.device] : [])))
      let next = 0
      return rows.map(row => {
        if ('refusal' in row) return refused(row.refusal)
        const outcome = outcomes[next++]
        return outcome === 'created' ? { ok: true } : refused(notCreated(outcome, row.device))
      })
    },
  }
}

function attempt(check: () => NewDevice): { device: NewDevice } | { refusal: RequestError } {
  try {
    return { device: check() }
  } catch (error) {
    if (error instanceof RequestError) return { refusal: error }
    throw error
  }
}

const refused = ({ reason, message }: RequestError): NewDeviceOutcome => ({ ok: false, reason, problem: message })

function notCreated(outcome: CreateDeviceOutcome | undefined, { productKey, deviceName }: NewDevice): RequestError {
  if (outcome === 'product-not-found') return productNotFound(productKey)
  if (outcome !== 'device-exists') throw new Error('the store gave no outcome for a device')
  return new RequestError('device-exists', {
    problem: `deviceName: ${deviceName} is taken in this product`,
    fix: 'choose another, or use the device that is there',
    field: 'deviceName',
  })
}

async function change(parts: AdministrationParts, device: [string, string], what: DeviceChange): Promise<void> {
  if (await parts.registry.store.changeDevice(...device, what)) return
  const clientId = 'clientId' in what ? what.clientId : undefined
  throw await notFound(parts, device, clientId)
}

async function notFound(
  { registry }: AdministrationParts,
  [productKey, deviceName]: [string, string],
  clientId?: string,
): Promise<RequestError> {
  if (!(await registry.store.product(productKey))) return productNotFound(productKey)
  if (clientId !== undefined && (await registry.store.device(productKey, deviceName))) {
    return new RequestError('client-id-not-found', {
      problem: `The device ${deviceName} has no ClientID ${JSON.stringify(clientId)}`,
      fix: 'show the device and use one of its own',
      field: 'clientId',
    })
  }
  return new RequestError('device-not-found', {
    problem: `The product ${productKey} has no device ${JSON.stringify(deviceName)}`,
    fix: 'list its devices and use one of theirs',
    field: 'deviceName',
  })
}

function changing(parts: AdministrationParts): Changing {
  const { registry, clock } = parts
  const announce = (
    kind: Extract<RegistryChange['kind'], 'device-disabled' | 'device-enabled' | 'device-deleted'>,
    [productKey, deviceName]: [string, string],
  ): void => registry.announce({ kind, productKey, deviceName, at: clock() })
  return {
    resetDevice: (...device) => change(parts, device, { kind: 'reset', now: clock() }),
    async disableDevice(...device) {
      await change(parts, device, { kind: 'disable' })
      announce('device-disabled', device)
    },
    async enableDevice(...device) {
      await change(parts, device, { kind: 'enable' })
      announce('device-enabled', device)
    },
    async deleteDevice(...device) {
      if (!(await registry.store.deleteDevice(...device))) throw await notFound(parts, device)
      announce('device-deleted', device)
    },
  }
}

function clientIds(parts: AdministrationParts): ClientIds {
  const { registry, clock } = parts
  const revoke = (productKey: string, deviceName: string, revoked: readonly string[] | 'all'): void =>
    registry.announce({ kind: 'credentials-revoked', productKey, deviceName, clientIds: revoked, at: clock() })
  return {
    async dropClientIds(productKey, deviceName, clientId) {
      const all = clientId === undefined
      await change(
        parts,
        [productKey, deviceName],
        all ? { kind: 'drop-all-client-ids' } : { kind: 'drop-client-id', clientId },
      )
      revoke(productKey, deviceName, all ? 'all' : [clientId])
    },
    async keepClientId(productKey, deviceName, clientId) {
      await change(parts, [productKey, deviceName], { kind: 'keep-client-id', clientId, now: clock() })
      // Read afterwards: what was issued since then is not forbidden, and has not logged in with the old ones.
      const device = await registry.store.device(productKey, deviceName)
      const forbidden = (device?.clientIds ?? []).filter(({ forbiddenAt }) => forbiddenAt !== null)
      if (forbidden.length === 0) return
      revoke(
        productKey,
        deviceName,
        forbidden.map(issued => issued.clientId),
      )
    },
  }
}
