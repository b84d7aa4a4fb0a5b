import type {
  ChangeUserOutcome,
  CreateUserOutcome,
  EndingSessions,
  SessionLimits,
  UserChange,
} from '../account-store.ts'
import type { AuditEntry, AuditNote, AuditQuery } from '../audit/audit-entry.ts'
import type {
  ActivationOutcome,
  ActivationRequest,
  CommonChange,
  CreateDeviceOutcome,
  DeviceChange,
  DevicePage,
  DeviceQuery,
  JournalQuery,
  MinuteActivity,
  NewDevice,
  PresenceChange,
  RegistrationOutcome,
  RegistrationRequest,
  RevokedCredentials,
  StoreCounts,
} from '../store.ts'
import type {
  ApiKey,
  Device,
  DeviceConnection,
  DeviceView,
  JournalEntry,
  NewJournalEntry,
  Page,
  Product,
  ProductSettings,
  ProductView,
  Session,
  SignedIn,
  TimeMs,
  User,
} from '../types.ts'

// What the store asks of its database threads. Arguments and answers travel as JSON: plain data only.

export interface DeviceId {
  productKey: string
  deviceName: string
}

/** A registration's outcome without the entry, which the asking side still has. */
export type RegistrationReply =
  | { ok: true; journalId: number; created: boolean; revoked: RevokedCredentials }
  | Extract<RegistrationOutcome, { ok: false }>

export type AccountWrites = {
  createUser(request: { user: User; condition: 'any' | 'first' }): CreateUserOutcome
  updateUser(request: { id: string; change: UserChange }): ChangeUserOutcome
  deleteUser(request: { id: string }): ChangeUserOutcome
  createSession(request: { session: Session; limits: SessionLimits }): boolean
  noteSessionSeen(seen: { id: string; at: TimeMs; address: string }): void
  endSessions(request: { userId: string; which: EndingSessions }): readonly string[]
}

export type AccountReads = {
  userByName(user: { name: string }): User | undefined
  listUsers(query: Record<never, never>): readonly User[]
  sessionByTokenHash(session: { tokenHash: string }): SignedIn | undefined
  listSessions(query: { userId: string }): readonly Session[]
}

/** A changing call of a name of the others, and the note of the act: both are done, or neither. */
export interface AuditedCall {
  call: readonly [name: string, argument: unknown]
  note: AuditNote
}

export type AuditWrites = {
  appendAudit(notes: readonly AuditNote[]): void
  /** Answers as the call does. */
  audited(audited: AuditedCall): unknown
}

export type WriteCalls = AccountWrites &
  AuditWrites & {
    register(request: RegistrationRequest): RegistrationReply
    activate(request: ActivationRequest): ActivationOutcome
    createProduct(product: Product): void
    updateProduct(update: {
      productKey: string
      change: Partial<ProductSettings> & { name?: string }
      now: TimeMs
    }): boolean
    deleteProduct(product: { productKey: string }): boolean
    /** Removes some devices of deleted products; false when none is left. */
    sweepOrphans(limits: { devices: number }): boolean
    createDevices(devices: readonly NewDevice[]): readonly CreateDeviceOutcome[]
    changeDevice(change: DeviceId & { change: DeviceChange }): boolean
    deleteDevice(device: DeviceId): boolean
    changeDevices(change: {
      productKey: string
      deviceNames: readonly string[]
      change: CommonChange
    }): readonly boolean[]
    createApiKey(key: ApiKey): void
    revokeApiKey(key: { id: string; now: TimeMs }): boolean
    notePresence(changes: readonly PresenceChange[]): readonly boolean[]
    /** The ids of the entries, in their order. */
    appendJournal(entries: readonly NewJournalEntry[]): readonly number[]
    noteActivity(note: { gateway: string; minutes: readonly MinuteActivity[] }): void
    writeCheck(check: { now: TimeMs }): void
  }

/** Lookups by key, on the way of every CONNECT. */
export type ReadCalls = AccountReads & {
  product(product: { productKey: string }): Product | undefined
  productView(product: { productKey: string }): ProductView | undefined
  device(device: DeviceId): Device | undefined
  deviceView(device: DeviceId): DeviceView | undefined
  deviceConnections(device: DeviceId): readonly DeviceConnection[] | undefined
  apiKey(key: { id: string }): ApiKey | undefined
  apiKeyBySecretHash(key: { secretHash: string }): ApiKey | undefined
  /** Whether devices of deleted products are left to be swept. */
  hasOrphans(query: Record<never, never>): boolean
  readCheck(check: Record<never, never>): void
}

/** Pages and counts, which may read a whole table: on a thread of their own, so that no CONNECT waits for them. */
export type ListCalls = {
  listProducts(query: { limit: number; cursor?: string }): Page<ProductView> & { total: number }
  listDevices(query: DeviceQuery): DevicePage
  listApiKeys(query: Record<never, never>): readonly ApiKey[]
  listJournal(query: JournalQuery): Page<JournalEntry>
  listAudit(query: AuditQuery): Page<AuditEntry>
  activity(query: { sinceMinute: number }): readonly MinuteActivity[]
  counts(query: Record<never, never>): StoreCounts
  sizeBytes(query: Record<never, never>): number
}

export type Role = 'write' | 'read' | 'list'
export interface ThreadOptions {
  role: Role
  file: string
  masterKey: Uint8Array
  /** The module that exports `rules: RegistrationRules`. */
  rulesModule: string
  journalLimit: number
  busyTimeoutMs: number
  sizeLimitBytes: number | null
  /**
   * Set on the server's start and not on a restart of the thread: the file may be made, and no device is connected
   * yet.
   */
  firstStart: { now: TimeMs } | null
}
