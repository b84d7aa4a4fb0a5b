import { afterAll, beforeAll } from 'vitest'
import { rules } from '../fixture-rules.suite.ts'
import type { Store } from '../store.ts'
import { createPostgresStore, type PostgresStoreOptions } from './postgres-store.ts'
import { PostgresServer } from './server.suite.ts'

export const MASTER_KEY = Buffer.alloc(32, 7)

/** Stores on a server of the test file's own; all is closed and gone after its tests. */
export function stores(): {
  server(): PostgresServer
  open(url: string, options?: Partial<PostgresStoreOptions>): Promise<Store>
} {
  const opened: Store[] = []
  let server: PostgresServer | undefined
  beforeAll(async () => {
    server = await PostgresServer.create()
  })
  afterAll(async () => {
    await Promise.all(opened.map(store => store.close()))
    await server?.remove()
  })
  return {
    server() {
      if (!server) throw new Error('the server starts before the first test')
      return server
    },
    async open(url, options = {}) {
      const store = await createPostgresStore({
        url,
        masterKey: MASTER_KEY,
        rules,
        groupCommitWindowMs: 1,
        ...options,
      })
      opened.push(store)
      return store
    },
  }
}
