import type { ReasonCode } from '@hatchway/protocol'
import type { AccountStore } from './account-store.ts'
import type { AuditNote } from './audit/audit-entry.ts'
import type { AuditStore } from './audit/audit-store.ts'
import type { ForeignChange } from './changes.ts'
import type {
  ApiKey,
  ConnectionEnd,
  Device,
  DeviceConnection,
  DeviceStatus,
  DeviceView,
  JournalEntry,
  NewJournalEntry,
  Outcome,
  Page,
  Product,
  ProductSettings,
  ProductView,
  TimeMs,
  Transport,
} from './types.ts'

export { StoreUnavailable } from '../storage/store-unavailable.ts'

/**
 * The one seam between Hatchway and a database. SQLite and PostgreSQL implement it; `store.suite.ts` is its
 * specification.
 * A promise of a changing call resolves only after the change is durable; with the note of the act, both are, or neither. Every call rejects with `StoreUnavailable`
 * when the
 * database can't be reached or takes longer than the store's time limit, and with `Conflict` where it says so.
 */
export interface Store extends AccountStore, AuditStore {
  /** Reads, decides by the rules and writes in one transaction: two requests for one device can't both win. */
  register(request: RegistrationRequest): Promise<RegistrationOutcome>
  /** Marks the first login with a DeviceSecret or a DeviceToken, if the credential is still the present one. */
  activate(request: ActivationRequest): Promise<ActivationOutcome>

  createProduct(product: Product, note?: AuditNote): Promise<void> // Conflict 'product-exists'
  product(productKey: string): Promise<Product | undefined>
  productView(productKey: string): Promise<ProductView | undefined>
  listProducts(query: { limit: number; cursor?: string }): Promise<Page<ProductView> & { total: number }>
  updateProduct(
    productKey: string,
    change: Partial<ProductSettings> & { name?: string },
    now: TimeMs,
    note?: AuditNote,
  ): Promise<boolean>
  deleteProduct(productKey: string, note?: AuditNote): Promise<boolean>

  createDevices(devices: readonly NewDevice[], note?: AuditNote): Promise<readonly CreateDeviceOutcome[]>
  device(productKey: string, deviceName: string): Promise<Device | undefined>
  deviceView(productKey: string, deviceName: string): Promise<DeviceView | undefined>
  /** The newest ones, newest first; undefined where there is no such device. */
  deviceConnections(productKey: string, deviceName: string): Promise<readonly DeviceConnection[] | undefined>
  listDevices(query: DeviceQuery): Promise<DevicePage>
  changeDevice(productKey: string, deviceName: string, change: DeviceChange, note?: AuditNote): Promise<boolean>
  deleteDevice(productKey: string, deviceName: string, note?: AuditNote): Promise<boolean>
  /**
   * Some hundred in one transaction, and the rest after it. Tells of each device whether it was there; the note's `deviceNames` become
   * those that were.
   */
  changeDevices(
    productKey: string,
    deviceNames: readonly string[],
    change: CommonChange,
    note?: AuditNote,
  ): Promise<readonly boolean[]>

  createApiKey(key: ApiKey, note?: AuditNote): Promise<void> // Conflict 'key-exists'
  apiKey(id: string): Promise<ApiKey | undefined>
  apiKeyBySecretHash(secretHash: string): Promise<ApiKey | undefined>
  listApiKeys(): Promise<readonly ApiKey[]>
  revokeApiKey(id: string, now: TimeMs, note?: AuditNote): Promise<boolean>

  /**
   * Not awaited by any device; batched, in order. Tells of each change whether it counts: one of an unknown device does
   * not, nor that a device is off line which another gateway has taken on since.
   */
  notePresence(changes: readonly PresenceChange[]): Promise<readonly boolean[]>

  appendJournal(entries: readonly NewJournalEntry[]): Promise<readonly JournalEntry[]>
  listJournal(query: JournalQuery): Promise<Page<JournalEntry>>

  /** Replaces what one gateway had noted of these minutes, and forgets what is older than `KEPT_ACTIVITY_MINUTES`. */
  noteActivity(gateway: string, minutes: readonly MinuteActivity[]): Promise<void>
  /** Of all gateways together, from that minute on, by time; minutes in which nothing happened are left out. */
  activity(sinceMinute: number): Promise<readonly MinuteActivity[]>

  /** Where several servers share one database: told of what the others have changed. Returns how to stop listening. */
  onForeignChange?(listener: (change: ForeignChange) => void): () => void
  /** Where several servers share one database: told what became of their leases. Returns how to stop listening. */
  onLeaseEvent?(listener: (event: LeaseEvent) => void): () => void

  /** Where several servers share one database. */
  readonly fleet?: FleetChannel

  counts(): Promise<StoreCounts>
  /** For people: what it takes up, and who shares it. */
  status(): Promise<StoreStatus>
  /** Resolves if a read and a write go through. */
  check(): Promise<void>
  close(): Promise<void>
}

export interface RegistrationRequest {
  mode: 'register' | 'regnwl'
  productKey: string
  deviceName: string
  /** Asked for by a gateway: that the ProductSecret is known was not shown. */
  byGateway?: boolean
  now: TimeMs
  /** Made before the transaction, because the rules are pure. */
  fresh: { deviceSecret: string } | { clientId: string; tokenHash: string }
  /** Written in the same transaction when the decision is to issue. */
  journal: NewJournalEntry
}

export type RegistrationOutcome =
  | { ok: true; journal: JournalEntry; created: boolean; revoked?: RevokedCredentials }
  | { ok: false; reason: ReasonCode; problem?: string }

/** Credentials that had logged in, so a connection may be using them, and that this registration has ended. */
export interface RevokedCredentials {
  secret: boolean
  clientIds: readonly string[]
}

export interface ActivationRequest {
  productKey: string
  deviceName: string
  now: TimeMs
  credential: { deviceSecret: string } | { clientId: string; tokenHash: string }
}
export type ActivationOutcome = { ok: true } | { ok: false; reason: ReasonCode }

/** What registration does, decided by `RegistrationRules` from what the transaction read. */
export type RegistrationDecision =
  | { kind: 'refuse'; reason: ReasonCode; problem?: string }
  /** Replaces the DeviceSecret, clears activation, `reopenedAt` and, after a reset, every ClientID. */
  | { kind: 'issue-secret'; clearClientIds: boolean }
  /** Adds a ClientID, creating the device if needed and dropping the pending one that it replaces. */
  | { kind: 'issue-token'; createDevice: boolean; replaces: string | null }

/**
 * The pure rules of who may register. A store calls them inside its transaction; they are handed in from above (see
 * ARCHITECTURE.md).
 */
export interface RegistrationRules {
  decideRegistration(
    request: Pick<RegistrationRequest, 'mode' | 'productKey' | 'deviceName' | 'byGateway' | 'now'>,
    product: Product | undefined,
    device: Device | undefined,
  ): RegistrationDecision
}

export interface NewDevice {
  productKey: string
  deviceName: string
  deviceSecret: string | null
  createdAt: TimeMs
}
export type CreateDeviceOutcome = 'created' | 'device-exists' | 'product-not-found'

export type DeviceChange =
  | { kind: 'reset'; now: TimeMs }
  | { kind: 'disable' }
  | { kind: 'enable' }
  /** Forgets one ClientID or all: their slots are free again. */
  | { kind: 'drop-client-id'; clientId: string }
  | { kind: 'drop-all-client-ids' }
  /** Forbids every ClientID but this one; forbidden ones keep their slots. */
  | { kind: 'keep-client-id'; clientId: string; now: TimeMs }

/** What can be done to many devices alike. */
export type CommonChange = Extract<DeviceChange, { kind: 'reset' | 'disable' | 'enable' }> | { kind: 'delete' }

export interface DeviceQuery {
  productKey: string
  /** Part of the name, any case. */
  search?: string
  status?: DeviceStatus
  /** Created at or after this time. */
  createdSince?: TimeMs
  /** Created before this time. */
  createdBefore?: TimeMs
  /** By time of creation. Without it: by name, or newest first where the query is about times of creation. */
  order?: 'newest' | 'oldest'
  /** False spares a search the counting: its total is a lower bound then. */
  isCounted?: boolean
  limit: number
  cursor?: string
}

/**
 * In the order of the query. A search may end a page early, even an empty one, where devices that match are far between:
 * `nextCursor` tells whether there may be more.
 */
export type DevicePage = Page<DeviceView> & {
  /** Of all pages. */
  total: number
  /** There may be more than `total`: a search counts only so far. */
  totalIsLowerBound?: true
}

export interface PresenceChange {
  productKey: string
  deviceName: string
  online: boolean
  at: TimeMs
  address: string | null
  /**
   * Since when the connection is there, if it is noted again after the lease was lost: it does not count where another gateway
   * has taken the device on since.
   */
  since?: TimeMs
  /** By which it came, and with which issued ClientID. */
  transport?: Transport
  clientId?: string | null
  /** Why it went. */
  reason?: ConnectionEnd | null
}

/** What servers tell each other of the moment: kept nowhere, and lost while the way is broken. */
export interface FleetChannel {
  /** At most some kilobytes as JSON; dropped where too much is under way. */
  say(word: object): void
  /** Hears what the others say, each by a name of its own, which a restart changes. Returns how to stop listening. */
  onSaid(listener: (said: { gateway: string; word: unknown }) => void): () => void
}

export type LeaseEvent =
  /** A gateway has died, and these devices of it are off line now. Only the one that found it is told. */
  | { kind: 'abandoned'; devices: readonly PresenceChange[] }
  /** This gateway had not renewed its lease in time: devices that are connected here may be noted as off line. */
  | { kind: 'lost' }

/** Two days: the last one, and the same time of the day before. */
export const KEPT_ACTIVITY_MINUTES = 2880

/** What happened in one minute. */
export interface MinuteActivity {
  /** Minutes since 1970. */
  minute: number
  registrations: number
  /** Of devices. */
  logins: number
  /** CONNECTs and registrations that were refused, by reason. */
  refusals: Readonly<Partial<Record<ReasonCode, number>>>
}

export interface JournalQuery {
  productKey?: string
  deviceName?: string
  outcome?: Outcome
  reason?: string
  /** Entries at or after this time. */
  since?: TimeMs
  /** Entries with a higher id, oldest first: for following. Without it: newest first. */
  afterId?: number
  limit: number
  cursor?: string
}

export interface StoreCounts {
  products: number
  devices: number
  /** Never logged in, and not disabled. */
  unactive: number
  online: number
  offline: number
  activated: number
  disabled: number
  clientIds: number
  journalEntries: number
}

export interface StoreStatus {
  /** The tables and their indexes; without what is about to be written to them. */
  sizeBytes: number
  /** Gateways with a lease, in the order of their starts; empty where only one server may have the store. */
  gateways: readonly GatewayLease[]
}

export interface GatewayLease {
  id: string
  /** Whether it is this one. */
  self: boolean
  /** False: it has not renewed its lease in time. */
  ok: boolean
  leasedUntil: TimeMs
}

/** The name is taken. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
  readonly reason: ReasonCode
  constructor(reason: ReasonCode, message: string) {
    super(message)
    this.reason = reason
  }
}

/** A page's cursor is not one that this store gave out. */
export class InvalidCursor extends Error {
  override readonly name = 'InvalidCursor'
}
