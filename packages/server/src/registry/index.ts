export type { Administration, AdministrationDesk } from './administration.ts'
export { createAdministration } from './administration.ts'
export type { AdministrationParts } from './administration-parts.ts'
export type { AnnouncingRegistry, RegistryOptions } from './create-registry.ts'
export { CACHE_MAX_AGE_MS, createRegistry } from './create-registry.ts'
export type { NewDeviceOutcome, NewDeviceRequest } from './device-administration.ts'
export { hashSecret, sameSecret } from './hash.ts'
export type { NewKeyRequest } from './key-administration.ts'
export { deriveKey, loadOrCreateMasterKey, MasterKeyError } from './master-key.ts'
export type { TableCheck } from './migration/compare-registries.ts'
export { type CopyEnd, MigrationRefused } from './migration/copy-end.ts'
export { type MigrationResult, migrateRegistry } from './migration/migrate-registry.ts'
export type { MigrationProgress } from './migration/progress.ts'
export { databaseWithoutPassword } from './postgres/connection-settings.ts'
export { openPostgresCopyEnd } from './postgres/copy-end.ts'
export type { PostgresStoreOptions } from './postgres/postgres-store.ts'
export { createPostgresStore } from './postgres/postgres-store.ts'
export type { NewProductRequest } from './product-administration.ts'
export { DEFAULT_PRODUCT_SETTINGS } from './product-settings.ts'
export type { Journal, Registry, RegistryChange } from './registry.ts'
export { RequestError } from './request-error.ts'
export { createSealer } from './seal.ts'
export { openSqliteCopyEnd } from './sqlite/copy-end.ts'
export type { SqliteStoreOptions } from './sqlite/sqlite-store.ts'
export { createSqliteStore } from './sqlite/sqlite-store.ts'
export type {
  ActivationOutcome,
  ActivationRequest,
  DeviceQuery,
  JournalQuery,
  MinuteActivity,
  PresenceChange,
  RegistrationDecision,
  RegistrationOutcome,
  RegistrationRequest,
  RegistrationRules,
  Store,
  StoreCounts,
} from './store.ts'
export { Conflict, InvalidCursor, StoreUnavailable } from './store.ts'
export type * from './types.ts'
