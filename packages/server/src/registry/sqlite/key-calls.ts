import { Conflict } from '../store.ts'
import type { WriteCalls } from './calls.ts'
import { one, type Writer } from './writer.ts'

export function keyCalls({ db }: Writer): Pick<WriteCalls, 'createApiKey' | 'revokeApiKey'> {
  const select = db.prepare('SELECT id FROM api_keys WHERE id = ? OR secret_hash = ?')
  const insert = db.prepare(`INSERT INTO api_keys (id, name, role, products, secret_hash, created_at, revoked_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`)
  const revoke = db.prepare('UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?')
  return {
    createApiKey({ id, name, role, products, secretHash, createdAt, revokedAt }) {
      if (one(select, id, secretHash))
        throw new Conflict('key-exists', 'An API key with this id or secret exists already.')
      insert.run(id, name, role, products === null ? null : JSON.stringify(products), secretHash, createdAt, revokedAt)
    },
    revokeApiKey: ({ id, now }) => revoke.run(now, id).changes > 0,
  }
}
