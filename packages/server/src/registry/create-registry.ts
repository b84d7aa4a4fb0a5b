import type { ReasonCode } from '@hatchway/protocol'
import { Cache } from './cache.ts'
import type { ForeignChange } from './changes.ts'
import { followJournal } from './follow-journal.ts'
import { hashSecret } from './hash.ts'
import { type BufferedJournal, createJournal } from './journal.ts'
import { Listeners } from './listeners.ts'
import { Outage, type OutageState } from './outage.ts'
import type { Registry, RegistryChange } from './registry.ts'
import { type RegistrationOutcome, type RegistrationRequest, type Store, StoreUnavailable } from './store.ts'
import type { ApiKey, Device, Product, SignedIn, TimeMs } from './types.ts'
import { type StoreWatch, watchStore } from './watched-store.ts'

export interface RegistryOptions {
  store: Store
  clock: () => TimeMs
  /** Devices kept in memory; products and keys have a tenth of that. */
  cacheEntries?: number
  /** For how long lookups are answered from memory, however old, when the store is away; 0 = not at all. */
  rememberMs?: number
  /** Told when the store is known to be away, and when it is back (null). */
  onOutage?: (state: OutageState | null) => void
  /** Told when changes begin to fail for the store's sake, and when one succeeds again (null). */
  onWriteTrouble?: (problem: string | null) => void
}

/** The registry as its owner has it: use cases announce what they changed. */
export interface AnnouncingRegistry extends Registry {
  announce(change: RegistryChange): void
  /** Told of all that makes something remembered old, whoever has changed it: for other processes that remember. */
  onOutdated(listener: (change: ForeignChange) => void): () => void
  /** For another process that keeps a buffer of its own: writes the entries, and tells of them here. */
  appendJournal: Store['appendJournal']
  /** Entries that the buffer of another process has folded or dropped. */
  countDropped(reason: ReasonCode, count: number): void
}

const DEFAULT_CACHE_ENTRIES = 50_000
/**
 * How long a change that nobody here saw (another process, a call that timed out and was done all the same) can stay
 * unseen.
 */
export const CACHE_MAX_AGE_MS = 30_000

function watchWriting(tell: RegistryOptions['onWriteTrouble']): Pick<StoreWatch, 'written' | 'notWritten'> {
  let isFailing = false
  return {
    written() {
      if (isFailing) tell?.(null)
      isFailing = false
    },
    notWritten(error) {
      if (isFailing || !(error instanceof StoreUnavailable) || error.reason !== 'store-unavailable') return
      isFailing = true
      tell?.(error.message)
    },
  }
}

export function createRegistry(options: RegistryOptions): AnnouncingRegistry {
  const { store, clock, cacheEntries = DEFAULT_CACHE_ENTRIES } = options
  const outage = watchOutage(options, () => forgetAll(caches))
  const caches = createCaches({ store, clock, outage }, cacheEntries)
  const changes = new Listeners<RegistryChange>()
  const outdated = new Listeners<ForeignChange>()
  const journal = createJournal({ store, clock })
  const outdate = (change: ForeignChange): void => {
    forget(caches, change)
    outdated.tell(change)
  }
  const stopHearing = store.onForeignChange?.(change => {
    outdate(change)
    if (isActedOn(change)) changes.tell(change)
  })
  const watched = watchStore(store, {
    productChanged: productKey => outdate({ kind: 'product-changed', productKey, at: clock() }),
    productDeleted: productKey => outdate({ kind: 'product-deleted', productKey, at: clock() }),
    deviceChanged: (productKey, deviceName) => outdate({ kind: 'device-changed', productKey, deviceName, at: clock() }),
    keysChanged: () => outdate({ kind: 'keys-changed', at: clock() }),
    accountsChanged: () => caches.sessions.invalidateAll(),
    ...watchWriting(options.onWriteTrouble),
  })
  return {
    store: watched,
    product: productKey => caches.products.get(productKey),
    device: (productKey, deviceName) => caches.devices.get(deviceKey(productKey, deviceName)),
    apiKey: id => caches.keys.get(id),
    apiKeyBySecret: secret => caches.keysByHash.get(hashSecret(secret)),
    sessionByToken: token => caches.sessions.get(hashSecret(token)),
    async register(request) {
      const outcome = await outage.write(() => watched.register(request))
      if (outcome.ok) tellRegistration({ request, outcome, changes, journal })
      return outcome
    },
    activate: request => outage.write(() => watched.activate(request)),
    get outage() {
      return outage.state
    },
    journal,
    followJournal: async listener =>
      store.onLeaseEvent === undefined
        ? journal.onEntry(entry => listener.entry(entry))
        : followJournal({ store, journal }, listener), // others write to it too
    onChange: listener => changes.add(listener),
    ...(store.fleet && { fleet: store.fleet }),
    ...(store.onLeaseEvent && { onLeaseEvent: store.onLeaseEvent.bind(store) }),
    announce: change => changes.tell(change),
    onOutdated: listener => outdated.add(listener),
    async appendJournal(entries) {
      const written = await store.appendJournal(entries)
      for (const entry of written) journal.announce(entry)
      return written
    },
    countDropped: (reason, count) => journal.countDropped(reason, count),
    async close() {
      stopHearing?.()
      outage.close()
      await journal.close()
      await store.close()
    },
  }
}

interface Caches {
  products: Cache<Product>
  devices: Cache<Device>
  keys: Cache<ApiKey>
  keysByHash: Cache<ApiKey>
  sessions: Cache<SignedIn>
}

interface CacheParts {
  store: Store
  clock: () => TimeMs
  outage: Outage
}

function createCaches({ store, clock, outage }: CacheParts, maxEntries: number): Caches {
  const settings = { maxAgeMs: CACHE_MAX_AGE_MS, clock, remembers: () => outage.remembers }
  const few = { ...settings, maxEntries: Math.max(1, Math.ceil(maxEntries / 10)) }
  return {
    products: new Cache(few, productKey => outage.read(() => store.product(productKey))),
    devices: new Cache({ ...settings, maxEntries }, key => {
      const at = key.indexOf('/') // neither name holds one
      return outage.read(() => store.device(key.slice(0, at), key.slice(at + 1)))
    }),
    keys: new Cache(few, id => outage.read(() => store.apiKey(id))),
    keysByHash: new Cache(few, hash => outage.read(() => store.apiKeyBySecretHash(hash))),
    sessions: new Cache(few, hash => outage.read(() => store.sessionByTokenHash(hash))),
  }
}

/** No product has this key: the way to the store and back is what counts. */
const PROBED_PRODUCT = '-'

function watchOutage({ store, clock, rememberMs = 0, onOutage }: RegistryOptions, onBack: () => void): Outage {
  return new Outage({
    probe: () => store.product(PROBED_PRODUCT),
    clock,
    rememberMs,
    onChange(state) {
      if (state === null) onBack() // what others did meanwhile may be heard of a little later
      onOutage?.(state)
    },
  })
}

const forgetAll = (caches: Caches): void => {
  for (const cache of Object.values(caches)) cache.invalidateAll()
}

/** The others only make what is remembered old. */
const isActedOn = (change: ForeignChange): change is RegistryChange =>
  change.kind !== 'device-changed' && change.kind !== 'keys-changed'

/** What was changed is read anew. */
function forget(caches: Caches, change: ForeignChange): void {
  switch (change.kind) {
    case 'device-created':
    case 'device-changed':
    case 'device-deleted':
    case 'device-enabled':
    case 'device-disabled':
    case 'credentials-revoked':
      caches.devices.invalidate(deviceKey(change.productKey, change.deviceName))
      break
    case 'product-changed':
      caches.products.invalidate(change.productKey)
      break
    case 'key-revoked':
    case 'keys-changed':
      caches.keys.invalidateAll()
      caches.keysByHash.invalidateAll()
      break
    case 'sessions-changed':
      caches.sessions.invalidateAll()
      break
    case 'product-deleted':
      caches.products.invalidate(change.productKey)
      caches.devices.invalidateAll()
      break
    case 'anything':
      forgetAll(caches)
      break
    default:
      change satisfies never
  }
}

const deviceKey = (productKey: string, deviceName: string): string => `${productKey}/${deviceName}`

interface Registration {
  request: RegistrationRequest
  outcome: Extract<RegistrationOutcome, { ok: true }>
  changes: Listeners<RegistryChange>
  journal: BufferedJournal
}

function tellRegistration({ request, outcome, changes, journal }: Registration): void {
  const { productKey, deviceName, now: at } = request
  const { created, revoked } = outcome
  journal.announce(outcome.journal) // it was written in the same transaction
  if (created) changes.tell({ kind: 'device-created', productKey, deviceName, at })
  const revocation = { kind: 'credentials-revoked', productKey, deviceName, at } as const
  if (revoked?.secret) changes.tell({ ...revocation, clientIds: 'secret' })
  if (revoked && revoked.clientIds.length > 0) changes.tell({ ...revocation, clientIds: revoked.clientIds })
}
