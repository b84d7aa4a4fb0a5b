/** The broker in this process. What it serves and what not yet: `createEmbeddedBroker`. */
export { createEmbeddedBroker, type EmbeddedBrokerOptions } from './broker.ts'
export { type BrokerSettings, defaultBrokerSettings } from './settings.ts'
export type { SessionStore, StoredSessions } from './store/session-store.ts'
export { openSqliteSessionStore, type SqliteSessionStoreOptions } from './store/sqlite/sqlite-session-store.ts'
