/** The store of one process used by the others of the same server. */
export type { RemoteCall, StoreCall, StoreChange, StoreReply } from './messages.ts'
export { RemoteStore } from './remote-store.ts'
export { type ServedStore, serveStore } from './serve-store.ts'
