import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Identity } from '../../../port.ts'
import type { PortableMessage, PortableRetained, PortableSession, StoreCalls } from './calls.ts'

interface SessionRow {
  key: number
  session_id: string
  identity: string
  level: 3 | 4 | 5
  expiry_seconds: number
  absent_since: number | null
  sent_up_to: number
  will_packet: Uint8Array | null
  will_level: 4 | 5
  will_qos: 0 | 1 | 2
  will_delay_seconds: number
}

interface SubscriptionRow {
  session_key: number
  filter: string
  options: string
  retained_owed: number
}

interface MessageRow {
  id: number
  packet: Uint8Array
  level: 4 | 5
  expires_at: number
}

interface RetainedRow {
  topic: string
  packet: Uint8Array
  level: 4 | 5
  session_id: string
  expires_at: number
}

/** Everything, page by page. */
export function loadCalls(db: DatabaseSync): Omit<StoreCalls, 'commit' | 'removeUnused'> {
  const sessions = db.prepare('SELECT * FROM sessions WHERE key > ? ORDER BY key LIMIT ?')
  const subscriptions = db.prepare(
    'SELECT * FROM subscriptions WHERE (session_key, filter) > (?, ?) ORDER BY session_key, filter LIMIT ?',
  )
  const unreleased = db.prepare(
    'SELECT * FROM unreleased WHERE (session_key, packet_id) > (?, ?) ORDER BY session_key, packet_id LIMIT ?',
  )
  const entries = db.prepare(
    'SELECT * FROM entries WHERE (session_key, sequence) > (?, ?) ORDER BY session_key, sequence LIMIT ?',
  )
  const messages = db.prepare('SELECT * FROM messages WHERE id > ? ORDER BY id')
  const retained = db.prepare('SELECT * FROM retained WHERE topic > ? ORDER BY topic')
  return {
    sessions: ({ after, limit }) => all<SessionRow>(sessions, after, limit).map(sessionOf),
    subscriptions: ({ after, filter, limit }) =>
      all<SubscriptionRow>(subscriptions, after, filter, limit).map(row => ({
        sessionKey: row.session_key,
        filter: row.filter,
        options: JSON.parse(row.options),
        owesRetained: row.retained_owed === 1,
      })),
    unreleased: ({ after, packetId, limit }) =>
      all<{ session_key: number; packet_id: number }>(unreleased, after, packetId, limit).map(row => ({
        sessionKey: row.session_key,
        packetId: row.packet_id,
      })),
    entries: ({ after, sequence, limit }) => all<EntryRow>(entries, after, sequence, limit).map(entryOf),
    messages: ({ after, limitBytes }) =>
      upTo(limitBytes, rows<MessageRow>(messages, after), ({ id, packet, level, expires_at: expiresAtMs }) => {
        return { id, packet: Buffer.from(packet).toString('base64'), level, expiresAtMs }
      }),
    retained: ({ after, limitBytes }) =>
      upTo(limitBytes, rows<RetainedRow>(retained, after), ({ topic, packet, level, session_id: from, expires_at }) => {
        return { topic, packet: Buffer.from(packet).toString('base64'), level, from, expiresAtMs: expires_at }
      }),
  }
}

interface EntryRow {
  session_key: number
  sequence: number
  message_id: number
  packet_id: number
  first_byte: number
  identifiers: string | null
  released: number
  shared_filter: string | null
}

function entryOf(row: EntryRow) {
  return {
    sessionKey: row.session_key,
    sequence: row.sequence,
    messageId: row.message_id,
    packetId: row.packet_id,
    firstByte: row.first_byte,
    identifiers: row.identifiers === null ? [] : row.identifiers.split(',').map(Number),
    sharedFilter: row.shared_filter,
    isReleased: row.released === 1,
  }
}

/** The rows until their packets have so many bytes, one at least. */
function upTo<Row extends { packet: Uint8Array }, Message extends PortableMessage | PortableRetained>(
  limitBytes: number,
  found: Iterable<Row>,
  messageOf: (row: Row) => Message,
): Message[] {
  const messages: Message[] = []
  let sizeBytes = 0
  for (const row of found) {
    messages.push(messageOf(row))
    sizeBytes += row.packet.length
    if (sizeBytes >= limitBytes) break
  }
  return messages
}

function sessionOf(row: SessionRow): PortableSession {
  const { will_packet: packet } = row
  return {
    key: row.key,
    sessionId: row.session_id,
    identity: JSON.parse(row.identity) as Identity,
    level: row.level,
    expirySeconds: row.expiry_seconds,
    absentSinceMs: row.absent_since,
    sentUpTo: row.sent_up_to,
    will:
      packet === null
        ? null
        : {
            packet: Buffer.from(packet).toString('base64'),
            level: row.will_level,
            qos: row.will_qos,
            delaySeconds: row.will_delay_seconds,
          },
  }
}

const all = <Row>(statement: StatementSync, ...values: SQLInputValue[]): Row[] =>
  statement.all(...values) as unknown as Row[]

const rows = <Row>(statement: StatementSync, ...values: SQLInputValue[]): Iterable<Row> =>
  statement.iterate(...values) as unknown as Iterable<Row>
