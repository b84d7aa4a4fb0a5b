/** The devices by time of creation. */
export const CREATION_INDEX =
  'CREATE INDEX IF NOT EXISTS devices_by_creation ON devices (product_id, created_at, device_name)'

/**
 * The schema, one step per version (`PRAGMA user_version`). Steps that a release has shipped are never edited: add one.
 *
 * Devices hang on a number instead of on the ProductKey, so that deleting a product of a million devices is one row:
 * its number goes to `orphans`, its devices are swept little by little, and a new product of the same key has another
 * number.
 * Ids of the journal are never reused although they are no AUTOINCREMENT, which would write one more page a commit:
 * the next
 * one is the highest plus one, and the newest entry is never deleted. It has no index either: a look through its
 * bounded
 * number of rows is cheap where nobody waits for it, and an index would cost each registration one more page.
 * `device_names` finds devices by a part of their name. Its rows are numbered by `search_id` of the device, in which the
 * upper bits are the product's number, so that a search stays within its product (`name-index.ts`).
 * The counters of a product are kept by the writer (`counters.ts`), which is the only one that changes devices.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID, STRICT;

CREATE TABLE products (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  product_key TEXT NOT NULL UNIQUE,
  product_secret BLOB NOT NULL,
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  unactive_count INTEGER NOT NULL DEFAULT 0,
  online_count INTEGER NOT NULL DEFAULT 0,
  offline_count INTEGER NOT NULL DEFAULT 0,
  disabled_count INTEGER NOT NULL DEFAULT 0,
  activated_count INTEGER NOT NULL DEFAULT 0,
  client_id_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE orphans (
  product_id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE devices (
  product_id INTEGER NOT NULL,
  device_name TEXT NOT NULL,
  device_secret BLOB,
  disabled INTEGER NOT NULL DEFAULT 0,
  activated_at INTEGER,
  secret_activated_at INTEGER,
  reopened_at INTEGER,
  created_at INTEGER NOT NULL,
  online INTEGER NOT NULL DEFAULT 0,
  last_online_at INTEGER,
  last_offline_at INTEGER,
  address TEXT,
  status TEXT NOT NULL GENERATED ALWAYS AS (
    CASE WHEN disabled = 1 THEN 'DISABLE' WHEN activated_at IS NULL THEN 'UNACTIVE'
         WHEN online = 1 THEN 'ONLINE' ELSE 'OFFLINE' END
  ) VIRTUAL,
  PRIMARY KEY (product_id, device_name)
) WITHOUT ROWID, STRICT;
CREATE INDEX devices_by_status ON devices (product_id, status);
CREATE INDEX devices_online ON devices (online) WHERE online = 1;

CREATE TABLE client_ids (
  product_id INTEGER NOT NULL,
  device_name TEXT NOT NULL,
  client_id TEXT NOT NULL,
  token_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER,
  forbidden_at INTEGER,
  PRIMARY KEY (product_id, device_name, client_id),
  FOREIGN KEY (product_id, device_name) REFERENCES devices ON DELETE CASCADE
) WITHOUT ROWID, STRICT;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  products TEXT,
  secret_hash TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) WITHOUT ROWID, STRICT;

CREATE TABLE journal (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  product_key TEXT,
  device_name TEXT,
  mode TEXT,
  address TEXT NOT NULL,
  transport TEXT NOT NULL,
  tls_version TEXT,
  tls_cipher TEXT,
  mqtt_version TEXT,
  connack_code INTEGER,
  detail TEXT
) STRICT;
`,
  `
CREATE TABLE activity (
  minute INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  registrations INTEGER NOT NULL,
  logins INTEGER NOT NULL,
  refusals TEXT NOT NULL,
  PRIMARY KEY (minute, gateway)
) WITHOUT ROWID, STRICT;
`,
  `
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  password_hash TEXT,
  created_at INTEGER NOT NULL,
  last_sign_in_at INTEGER,
  disabled_at INTEGER
) WITHOUT ROWID, STRICT;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
  token_hash TEXT NOT NULL UNIQUE,
  via TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);
`,
  `
ALTER TABLE devices ADD COLUMN search_id INTEGER NOT NULL DEFAULT 0;
CREATE VIRTUAL TABLE device_names USING fts5 (name, tokenize = 'trigram', detail = 'none');
UPDATE devices SET search_id = numbered.id
  FROM (SELECT product_id AS p, device_name AS d,
      (product_id << 32) + row_number() OVER (PARTITION BY product_id ORDER BY device_name) AS id FROM devices) AS numbered
  WHERE product_id = numbered.p AND device_name = numbered.d;
INSERT INTO device_names (rowid, name) SELECT search_id, device_name FROM devices ORDER BY search_id;
`,
  `
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  "before" TEXT,
  "after" TEXT,
  address TEXT,
  via TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
`,
  `
ALTER TABLE users ADD COLUMN oidc_subject TEXT;
CREATE UNIQUE INDEX users_by_oidc_subject ON users (oidc_subject);
`,
  CREATION_INDEX,
  'ALTER TABLE devices ADD COLUMN connections TEXT;',
]

export const SCHEMA_VERSION = MIGRATIONS.length
