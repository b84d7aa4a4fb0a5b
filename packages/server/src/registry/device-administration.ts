import type { ReasonCode } from '@hatchway/protocol'
import type { ActingParts } from './administration-parts.ts'
import { MASKED } from './audit/audit-entry.ts'
import { type Act, noteOf } from './audit/note.ts'
import { checkDeviceName, checkDeviceSecret } from './fields.ts'
import { productNotFound } from './product-administration.ts'
import type { RegistryChange } from './registry.ts'
import { RequestError } from './request-error.ts'
import type { CommonChange, CreateDeviceOutcome, DeviceChange, NewDevice } from './store.ts'

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
  /** The same to each of them, and whether it was there; `filter` is what found them, for the audit log. */
  changeDevices(change: {
    productKey: string
    deviceNames: readonly string[]
    action: CommonChange['kind']
    filter: Readonly<Record<string, unknown>>
  }): Promise<readonly boolean[]>
  /** Forgets one ClientID, or all: their tokens end and their slots are free again. */
  dropClientIds(productKey: string, deviceName: string, clientId?: string): Promise<void>
  /** Forbids every ClientID but this one; they hold their slots. */
  keepClientId(productKey: string, deviceName: string, clientId: string): Promise<void>
}

export function deviceAdministration(parts: ActingParts): DeviceAdministration {
  return { ...creating(parts), ...changing(parts), ...clientIds(parts) }
}

type Creating = Pick<DeviceAdministration, 'createDevice' | 'createDevices'>
type Changing = Pick<
  DeviceAdministration,
  'resetDevice' | 'disableDevice' | 'enableDevice' | 'deleteDevice' | 'changeDevices'
>
type ClientIds = Pick<DeviceAdministration, 'dropClientIds' | 'keepClientId'>

function creating({ registry, clock, actor }: ActingParts): Creating {
  const create = async (devices: readonly NewDevice[], act: Act): Promise<readonly CreateDeviceOutcome[]> => {
    const outcomes = await registry.store.createDevices(devices, noteOf(actor, clock(), act))
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
      const secret = device.deviceSecret === null ? null : { deviceSecret: MASKED }
      const act = { action: 'device.create', target: targetOf(device), after: secret }
      const [outcome] = await create([device], act)
      if (outcome !== 'created') throw notCreated(outcome, device)
    },
    async createDevices(productKey, requests) {
      const rows = requests.map(request => attempt(() => checked(productKey, request)))
      // The store names those that it has made.
      const act = { action: 'device.import', target: productKey, after: { deviceNames: [] } }
      const devices = rows.flatMap(row => ('device' in row ? [row.device] : []))
      const outcomes = await create(devices, act)
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

const targetOf = ({ productKey, deviceName }: { productKey: string; deviceName: string }): string =>
  `${productKey}/${deviceName}`

async function change(
  { actor, ...parts }: ActingParts,
  device: [string, string],
  { what, before = null, after = null }: { what: DeviceChange; before?: Act['before']; after?: Act['after'] },
): Promise<void> {
  const action = `device.${what.kind}`
  const note = noteOf(actor, parts.clock(), { action, target: device.join('/'), before, after })
  if (await parts.registry.store.changeDevice(...device, what, note)) return
  const clientId = 'clientId' in what ? what.clientId : undefined
  throw await notFound(parts, device, clientId)
}

async function notFound(
  { registry }: Pick<ActingParts, 'registry'>,
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

const TOLD_OF = {
  reset: null,
  disable: 'device-disabled',
  enable: 'device-enabled',
  delete: 'device-deleted',
} as const satisfies Record<CommonChange['kind'], RegistryChange['kind'] | null>

function changing(parts: ActingParts): Changing {
  const { registry, clock, actor } = parts
  const switched = async (device: [string, string], disabled: boolean) => {
    const known = await registry.device(...device)
    return { before: { disabled: known?.disabled ?? null }, after: { disabled } }
  }
  const announce = (
    kind: Extract<RegistryChange['kind'], 'device-disabled' | 'device-enabled' | 'device-deleted'>,
    [productKey, deviceName]: [string, string],
  ): void => registry.announce({ kind, productKey, deviceName, at: clock() })
  return {
    resetDevice: (...device) => change(parts, device, { what: { kind: 'reset', now: clock() } }),
    async disableDevice(...device) {
      await change(parts, device, { what: { kind: 'disable' }, ...(await switched(device, true)) })
      announce('device-disabled', device)
    },
    async enableDevice(...device) {
      await change(parts, device, { what: { kind: 'enable' }, ...(await switched(device, false)) })
      announce('device-enabled', device)
    },
    async deleteDevice(...device) {
      const view = await registry.store.deviceView(...device)
      const before = view && { status: view.status, clientIds: view.clientIds.map(({ clientId }) => clientId) }
      const act = { action: 'device.delete', target: device.join('/'), before: before ?? null }
      const deleted = await registry.store.deleteDevice(...device, noteOf(actor, clock(), act))
      if (!deleted) throw await notFound(parts, device)
      announce('device-deleted', device)
    },
    async changeDevices({ productKey, deviceNames, action, filter }) {
      const what: CommonChange = action === 'reset' ? { kind: action, now: clock() } : { kind: action }
      // The store names those that were there.
      const act = { action: `device.${action}`, target: productKey, after: { filter, deviceNames: [] } }
      const done = await registry.store.changeDevices(productKey, deviceNames, what, noteOf(actor, clock(), act))
      const told = TOLD_OF[action]
      for (const [at, deviceName] of deviceNames.entries()) {
        if (done[at] && told !== null) announce(told, [productKey, deviceName])
      }
      return done
    },
  }
}

function clientIds(parts: ActingParts): ClientIds {
  const { registry, clock } = parts
  const revoke = (productKey: string, deviceName: string, revoked: readonly string[] | 'all'): void =>
    registry.announce({ kind: 'credentials-revoked', productKey, deviceName, clientIds: revoked, at: clock() })
  return {
    async dropClientIds(productKey, deviceName, clientId) {
      const all = clientId === undefined
      const what: DeviceChange = all ? { kind: 'drop-all-client-ids' } : { kind: 'drop-client-id', clientId }
      const device = all ? await registry.device(productKey, deviceName) : undefined
      const before = { clientIds: all ? (device?.clientIds ?? []).map(issued => issued.clientId) : [clientId] }
      await change(parts, [productKey, deviceName], { what, before })
      revoke(productKey, deviceName, all ? 'all' : [clientId])
    },
    async keepClientId(productKey, deviceName, clientId) {
      const what = { kind: 'keep-client-id', clientId, now: clock() } as const
      await change(parts, [productKey, deviceName], { what, after: { clientId } })
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
