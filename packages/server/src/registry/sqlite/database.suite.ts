import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Store } from '../store.ts'
import { createSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'

export const MASTER_KEY = Buffer.alloc(32, 7)
export const FIXTURE_RULES = new URL('../fixture-rules.suite.ts', import.meta.url)

/** Databases in a directory of their own, which is gone after the tests of the file. */
export function databases(): {
  file(): string
  open(file: string, options?: Partial<SqliteStoreOptions>): Promise<Store>
} {
  const directory = mkdtempSync(join(tmpdir(), 'hatchway-registry-'))
  const opened: Store[] = []
  let made = 0
  afterAll(async () => {
    await Promise.all(opened.map(store => store.close()))
    rmSync(directory, { recursive: true, force: true })
  })
  return {
    file: () => join(directory, `registry${++made}.db`),
    async open(file, options = {}) {
      const store = await createSqliteStore({
        file,
        masterKey: MASTER_KEY,
        rulesModule: FIXTURE_RULES,
        groupCommitWindowMs: 1,
        ...options,
      })
      opened.push(store)
      return store
    },
  }
}
