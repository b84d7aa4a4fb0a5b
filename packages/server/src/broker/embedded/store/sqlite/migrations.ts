/**
 * The schema, one step per version (`PRAGMA user_version`). Steps that a release has shipped are never edited: add one.
 *
 * There are no foreign keys: what hangs on a session or a message is removed by the broker, which knows it all, in the same
 * commit; messages that a crash left without entries go when the file is loaded.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE sessions (
  key INTEGER PRIMARY KEY,
  session_id TEXT NOT NULL,
  identity TEXT NOT NULL,
  level INTEGER NOT NULL,
  expiry_seconds INTEGER NOT NULL,
  absent_since INTEGER,
  sent_up_to INTEGER NOT NULL,
  will_packet BLOB,
  will_level INTEGER,
  will_qos INTEGER,
  will_delay_seconds INTEGER
) STRICT;

CREATE TABLE subscriptions (
  session_key INTEGER NOT NULL,
  filter TEXT NOT NULL,
  options TEXT NOT NULL,
  PRIMARY KEY (session_key, filter)
) WITHOUT ROWID, STRICT;

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  packet BLOB NOT NULL,
  level INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE entries (
  session_key INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  packet_id INTEGER NOT NULL,
  first_byte INTEGER NOT NULL,
  identifiers TEXT,
  released INTEGER NOT NULL,
  PRIMARY KEY (session_key, sequence)
) WITHOUT ROWID, STRICT;

CREATE TABLE unreleased (
  session_key INTEGER NOT NULL,
  packet_id INTEGER NOT NULL,
  PRIMARY KEY (session_key, packet_id)
) WITHOUT ROWID, STRICT;
`,
  `
CREATE TABLE retained (
  topic TEXT PRIMARY KEY,
  packet BLOB NOT NULL,
  level INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
`,
  `
ALTER TABLE subscriptions ADD COLUMN retained_owed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN shared_filter TEXT;
`,
]
