import type { ReasonCode } from '@hatchway/protocol'
import type { RegistryChange } from './changes.ts'
import type { OutageState } from './outage.ts'
import type { ActivationOutcome, ActivationRequest, RegistrationOutcome, RegistrationRequest, Store } from './store.ts'
import type { ApiKey, Device, JournalEntry, NewJournalEntry, Product, SignedIn } from './types.ts'

export type { RegistryChange } from './changes.ts'
export type { OutageState } from './outage.ts'

/**
 * The registry as the rest of the server uses it: the store with bounded caches on the lookups of every CONNECT,
 * change notices, and the journal's buffer. Use cases for administration live beside it and go through the same notices.
 */
export interface Registry {
  readonly store: Store
  /** Cached; the returned objects must not be changed. */
  product(productKey: string): Promise<Product | undefined>
  device(productKey: string, deviceName: string): Promise<Device | undefined>
  apiKey(id: string): Promise<ApiKey | undefined>
  apiKeyBySecret(secret: string): Promise<ApiKey | undefined>
  /** May have ended, by its times. */
  sessionByToken(token: string): Promise<SignedIn | undefined>

  register(request: RegistrationRequest): Promise<RegistrationOutcome>
  activate(request: ActivationRequest): Promise<ActivationOutcome>

  /** While the store can't be read, and lookups are answered from what is remembered; else null. */
  readonly outage: OutageState | null

  readonly journal: Journal
  /**
   * Entries of all servers that share the store, in the order of their ids, from about now on. Resolves when it has begun to
   * how to stop. Rejects with `StoreUnavailable`.
   */
  followJournal(listener: JournalListener): Promise<() => void>
  onChange(listener: (change: RegistryChange) => void): () => void
  /** Only where several servers share the store; see there. */
  onLeaseEvent?: NonNullable<Store['onLeaseEvent']>
  readonly fleet?: NonNullable<Store['fleet']>
  close(): Promise<void>
}

export interface JournalListener {
  entry(entry: JournalEntry): void
  /** The journal could not be read for a reason of its own; it is tried again. */
  failed(error: unknown): void
}

/** Takes entries at any rate, keeps a bounded buffer, writes in batches, folds floods of alike entries; never throws, never waits. */
export interface Journal {
  record(entry: NewJournalEntry): void
  /** Entries as they become durable. */
  onEntry(listener: (entry: JournalEntry) => void): () => void
  /** Entries folded or dropped because the buffer was full, by reason, since the start. */
  readonly dropped: ReadonlyMap<ReasonCode, number>
  flush(): Promise<void>
}
