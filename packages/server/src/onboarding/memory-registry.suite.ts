import type { Journal, Registry, RegistryChange } from '../registry/registry.ts'
import {
  type ActivationOutcome,
  type ActivationRequest,
  type DeviceChange,
  type RegistrationOutcome,
  type RegistrationRequest,
  type RegistrationRules,
  type Store,
  StoreUnavailable,
} from '../registry/store.ts'
import type { ApiKey, Device, JournalEntry, NewJournalEntry, Product } from '../registry/types.ts'

/** A registry in memory, to test against: the transaction of each call is one synchronous piece of code. */
export interface MemoryRegistry extends Registry {
  outage: Registry['outage']
  addProduct(product: Partial<Product> & { productKey: string }): Product
  addDevice(device: Partial<Device> & { productKey: string; deviceName: string }): void
  addKey(key: Partial<ApiKey> & { id: string; secretHash: string }): void
  /** The device as it is now, without waiting. */
  peek(productKey: string, deviceName: string): Device | undefined
  change(productKey: string, deviceName: string, change: DeviceChange): boolean
  removeDevice(productKey: string, deviceName: string): void
  announce(change: RegistryChange): void
  /** What each changing call was, in order. */
  readonly calls: string[]
  readonly entries: NewJournalEntry[]
  readonly presence: { productKey: string; deviceName: string; online: boolean; address: string | null }[]
  /** From now on every call rejects with this; undefined heals it. */
  fail(error: Error | undefined): void
}

export const defaultProduct = {
  productSecret: 'psecret',
  name: 'test',
  dynamicRegistration: true,
  preregistrationFree: false,
  registrationByGateways: false,
  tlsOnly: false,
  strictKeepAlive: false,
  clientIdLimit: 5,
  createdAt: 1,
  updatedAt: 1,
} as const satisfies Omit<Product, 'productKey'>

type Writable<Whole> = { -readonly [Key in keyof Whole]: Whole[Key] }
type Row = Writable<Omit<Device, 'clientIds'>> & { clientIds: Device['clientIds'][number][] }

const notNeeded = (): never => {
  throw new Error('not part of this fake')
}

export const unavailable = (): Error => new StoreUnavailable('down')

export function createMemoryRegistry(rules: RegistrationRules): MemoryRegistry {
  const products = new Map<string, Product>()
  const devices = new Map<string, Row>()
  const keys = new Map<string, ApiKey>()
  const listeners = new Set<(change: RegistryChange) => void>()
  const calls: string[] = []
  const entries: NewJournalEntry[] = []
  const presence: MemoryRegistry['presence'] = []
  let broken: Error | undefined
  const at = (productKey: string, deviceName: string): string => `${productKey}/${deviceName}`
  const snapshot = (row: Row | undefined): Device | undefined => (row === undefined ? undefined : structuredClone(row))
  const working = <Value>(read: () => Value): Promise<Value> =>
    broken === undefined ? Promise.resolve(read()) : Promise.reject(broken)

  const register = (request: RegistrationRequest): RegistrationOutcome => {
    const { productKey, deviceName, fresh, now } = request
    const key = at(productKey, deviceName)
    const row = devices.get(key)
    const decision = rules.decideRegistration(request, products.get(productKey), snapshot(row))
    calls.push(`register:${decision.kind}`)
    if (decision.kind === 'refuse') return { ok: false, ...decision }
    const present = row ?? { ...blankDevice(productKey, deviceName), createdAt: now }
    devices.set(key, present)
    if (decision.kind === 'issue-secret' && 'deviceSecret' in fresh) {
      Object.assign(present, { ...fresh, activatedAt: null, secretActivatedAt: null, reopenedAt: null })
      if (decision.clearClientIds) present.clientIds = []
    }
    if (decision.kind === 'issue-token' && 'clientId' in fresh) {
      present.clientIds = present.clientIds.filter(issued => issued.clientId !== decision.replaces)
      present.clientIds.push({ ...fresh, createdAt: now, usedAt: null, forbiddenAt: null })
    }
    entries.push(request.journal)
    return { ok: true, journal: { ...request.journal, id: entries.length }, created: row === undefined }
  }

  const activate = ({ productKey, deviceName, credential, now }: ActivationRequest): ActivationOutcome => {
    calls.push('activate')
    const row = devices.get(at(productKey, deviceName))
    if (row === undefined) return { ok: false, reason: 'device-unknown' }
    if (row.disabled) return { ok: false, reason: 'device-disabled' }
    if ('deviceSecret' in credential) {
      if (row.deviceSecret !== credential.deviceSecret) return { ok: false, reason: 'signature-mismatch' }
      row.secretActivatedAt ??= now
    } else {
      const issued = row.clientIds.find(one => one.clientId === credential.clientId)
      if (issued === undefined) return { ok: false, reason: 'client-id-unknown' }
      if (issued.forbiddenAt !== null) return { ok: false, reason: 'client-id-forbidden' }
      row.clientIds = row.clientIds.map(one => (one === issued ? { ...one, usedAt: one.usedAt ?? now } : one))
    }
    row.activatedAt ??= now
    return { ok: true }
  }

  const change = (productKey: string, deviceName: string, what: DeviceChange): boolean => {
    const row = devices.get(at(productKey, deviceName))
    if (row === undefined) return false
    if (what.kind === 'reset') row.reopenedAt = what.now
    if (what.kind === 'disable' || what.kind === 'enable') row.disabled = what.kind === 'disable'
    if (what.kind === 'drop-all-client-ids') row.clientIds = []
    if (what.kind === 'drop-client-id') row.clientIds = row.clientIds.filter(one => one.clientId !== what.clientId)
    if (what.kind === 'keep-client-id') {
      if (!row.clientIds.some(one => one.clientId === what.clientId)) return false
      row.clientIds = row.clientIds.map(one => ({
        ...one,
        forbiddenAt: one.clientId === what.clientId ? null : (one.forbiddenAt ?? what.now),
      }))
    }
    return true
  }

  const journal: Journal = {
    record: entry => {
      entries.push(entry)
    },
    onEntry: (_listener: (entry: JournalEntry) => void) => () => {},
    dropped: new Map(),
    flush: async () => {},
  }

  const store = new Proxy({} as Store, {
    get: (_target, name) =>
      name === 'notePresence'
        ? (changes: MemoryRegistry['presence']) =>
            working(() => {
              presence.push(...changes)
              return changes.map(() => true)
            })
        : notNeeded,
  })

  return {
    store,
    journal,
    outage: null,
    calls,
    entries,
    presence,
    product: productKey => working(() => products.get(productKey)),
    device: (productKey, deviceName) => working(() => snapshot(devices.get(at(productKey, deviceName)))),
    apiKey: id => working(() => keys.get(id)),
    apiKeyBySecret: notNeeded,
    sessionByToken: notNeeded,
    register: request => working(() => register(request)),
    activate: request => working(() => activate(request)),
    followJournal: notNeeded,
    onChange: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {},
    announce: what => {
      for (const listener of listeners) listener(what)
    },
    addProduct: given => {
      const product = { ...defaultProduct, ...given }
      products.set(product.productKey, product)
      return product
    },
    addDevice: given => {
      const row = { ...blankDevice(given.productKey, given.deviceName), ...given }
      devices.set(at(given.productKey, given.deviceName), { ...row, clientIds: [...row.clientIds] })
    },
    addKey: given => {
      keys.set(given.id, { name: 'app', role: 'application', products: null, createdAt: 1, revokedAt: null, ...given })
    },
    peek: (productKey, deviceName) => snapshot(devices.get(at(productKey, deviceName))),
    change,
    removeDevice: (productKey, deviceName) => {
      devices.delete(at(productKey, deviceName))
    },
    fail: error => {
      broken = error
    },
  }
}

export const blankDevice = (productKey: string, deviceName: string): Row => ({
  productKey,
  deviceName,
  deviceSecret: null,
  disabled: false,
  activatedAt: null,
  secretActivatedAt: null,
  reopenedAt: null,
  createdAt: 1,
  clientIds: [],
})
