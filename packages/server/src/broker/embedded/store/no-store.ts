import type { SessionStore, StoredSessions } from './session-store.ts'

export const nothingStored: StoredSessions = { sessions: [], messages: new Map(), retained: [] }

/** For a broker whose sessions outlive their connections and not the process: it keeps nothing. */
export const noStore: SessionStore = {
  load: async () => nothingStored,
  commit: async () => undefined,
  close: async () => undefined,
}
