import { Conflict, type Store } from '../store.ts'
import { auditedTransaction } from './audit.ts'
import type { Database, Statement } from './database.ts'
import type { Notices } from './notices.ts'

const INSERT: Statement = {
  text: `INSERT INTO api_keys (id, name, role, products, secret_hash, created_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
}
const REVOKE: Statement = { text: 'UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1' }

export function keys(database: Database, notices: Notices): Pick<Store, 'createApiKey' | 'revokeApiKey'> {
  return {
    async createApiKey({ id, name, role, products, secretHash, createdAt, revokedAt }, note) {
      const covered = products === null ? null : JSON.stringify(products)
      const values = [id, name, role, covered, secretHash, createdAt, revokedAt]
      if ((await auditedTransaction(database, note, session => session.change(INSERT, values))) > 0) return
      throw new Conflict('key-exists', 'An API key with this id or secret exists already.')
    },
    revokeApiKey: (id, now, note) =>
      auditedTransaction(database, note, async session => {
        if ((await session.change(REVOKE, [id, now])) === 0) return false
        await notices.send(session, [{ kind: 'key-revoked', keyId: id, at: now }])
        return true
      }),
  }
}
