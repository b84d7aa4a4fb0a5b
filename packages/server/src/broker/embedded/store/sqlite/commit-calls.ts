import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { EntryRecord } from '../session-store.ts'
import type { PackedChange, PackedSession, StoreCalls } from './calls.ts'

const noBytes = new Uint8Array(0)

/** The next so many of the bytes that came with the changes. */
type TakeBytes = (sizeBytes: number) => Uint8Array

/** Each change is one statement; all may run twice without harm. */
export function commitCalls(db: DatabaseSync): Pick<StoreCalls, 'commit' | 'removeUnused'> {
  const statements = prepare(db)
  return {
    commit: (changes, bytes = noBytes) => {
      let at = 0
      const take = (sizeBytes: number): Uint8Array => {
        at += sizeBytes
        return bytes.subarray(at - sizeBytes, at)
      }
      for (const change of changes) apply(statements, change, take)
      if (at !== bytes.length) throw new RangeError(`${bytes.length} bytes came with changes that have ${at}`)
    },
    removeUnused: () => {
      for (const table of ['subscriptions', 'entries', 'unreleased']) {
        db.exec(`DELETE FROM ${table} WHERE session_key NOT IN (SELECT key FROM sessions)`)
      }
      db.exec('DELETE FROM messages WHERE id NOT IN (SELECT message_id FROM entries)')
    },
  }
}

type Statements = ReturnType<typeof prepare>

function prepare(db: DatabaseSync) {
  const removal = [
    'sessions WHERE key',
    ...['subscriptions', 'entries', 'unreleased'].map(t => `${t} WHERE session_key`),
  ]
  return {
    putSession: db.prepare('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    removeSession: removal.map(where => db.prepare(`DELETE FROM ${where} = ?`)),
    subscribe: db.prepare('INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)'),
    unsubscribe: db.prepare('DELETE FROM subscriptions WHERE session_key = ? AND filter = ?'),
    addMessage: db.prepare('INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?)'),
    removeMessage: db.prepare('DELETE FROM messages WHERE id = ?'),
    addEntry: db.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    releaseEntry: db.prepare('UPDATE entries SET released = 1 WHERE session_key = ? AND sequence = ?'),
    removeEntry: db.prepare('DELETE FROM entries WHERE session_key = ? AND sequence = ?'),
    receive: db.prepare('INSERT OR REPLACE INTO unreleased VALUES (?, ?)'),
    retain: db.prepare('INSERT OR REPLACE INTO retained VALUES (?, ?, ?, ?, ?)'),
    clearRetained: db.prepare('DELETE FROM retained WHERE topic = ?'),
    forget: db.prepare('DELETE FROM unreleased WHERE session_key = ? AND packet_id = ?'),
  }
}

function apply(statements: Statements, change: PackedChange, take: TakeBytes): void {
  switch (change.do) {
    case 'put-session':
      putSession(statements.putSession, change.session, take)
      break
    case 'remove-session':
      for (const statement of statements.removeSession) statement.run(change.sessionKey)
      break
    case 'subscribe': {
      const { sessionKey, filter, options, owesRetained } = change
      statements.subscribe.run(sessionKey, filter, JSON.stringify(options), owesRetained ? 1 : 0)
      break
    }
    case 'unsubscribe':
      statements.unsubscribe.run(change.sessionKey, change.filter)
      break
    case 'add-message': {
      const { id, packet, level, expiresAtMs } = change.message
      statements.addMessage.run(id, take(packet), level, expiresAtMs)
      break
    }
    case 'remove-message':
      statements.removeMessage.run(change.messageId)
      break
    case 'add-entry':
      addEntry(statements.addEntry, change.entry)
      break
    case 'release-entry':
      statements.releaseEntry.run(change.sessionKey, change.sequence)
      break
    case 'remove-entry':
      statements.removeEntry.run(change.sessionKey, change.sequence)
      break
    case 'receive':
      statements.receive.run(change.sessionKey, change.packetId)
      break
    case 'forget':
      statements.forget.run(change.sessionKey, change.packetId)
      break
    case 'retain': {
      const { topic, packet, level, from, expiresAtMs } = change.message
      statements.retain.run(topic, take(packet), level, from, expiresAtMs)
      break
    }
    case 'clear-retained':
      statements.clearRetained.run(change.topic)
      break
    default:
      change satisfies never
  }
}

function addEntry(statement: StatementSync, entry: EntryRecord): void {
  const { sessionKey, sequence, messageId, packetId, firstByte, identifiers, isReleased, sharedFilter } = entry
  const listed = identifiers.length === 0 ? null : identifiers.join()
  statement.run(sessionKey, sequence, messageId, packetId, firstByte, listed, isReleased ? 1 : 0, sharedFilter)
}

function putSession(statement: StatementSync, session: PackedSession, take: TakeBytes): void {
  const { key, sessionId, identity, level, expirySeconds, absentSinceMs, sentUpTo, will } = session
  statement.run(
    ...[key, sessionId, JSON.stringify(identity), level, expirySeconds, absentSinceMs, sentUpTo],
    will === null ? null : take(will.packet),
    ...[will?.level ?? null, will?.qos ?? null, will?.delaySeconds ?? null],
  )
}
