/** All tables stand in a schema of their own, so that Hatchway can share a database. */
export const SCHEMA = 'hatchway'

/**
 * The schema, one step per version (`schema_version`). Steps that a release has shipped are never edited: add one.
 *
 * Devices hang on a number instead of on the ProductKey, as in the SQLite store: deleting a product of a million
 * devices is a few rows, and `orphans` are swept little by little.
 * Names compare by their bytes (COLLATE "C"): the order of pages must not depend on the database's locale.
 * ClientIDs have no foreign key: each change of them is made under the lock of their device's row, and the check would
 * cost every registration another lookup.
 * Counters stand apart from the products, so that registrations lock and rewrite no row that others read.
 * `gateways` has a row for each gateway with a lease (`lease.ts`); `gateway_id` of a device names the one that had it last.
 * `devices_by_name_part` finds devices by a part of their name. It needs two extensions that come with PostgreSQL and
 * that the owner of a database may create; without them the search looks through the names (`search-devices.ts`).
 * `journal_head` gives out the ids of the journal. It is locked from there to the commit, so ids have no gaps and
 * become visible in their order, whichever gateway writes: who follows the journal from an id on misses nothing.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE meta (
  name text PRIMARY KEY,
  value bytea NOT NULL
);

CREATE TABLE products (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  product_key text COLLATE "C" NOT NULL UNIQUE,
  product_secret bytea NOT NULL,
  name text NOT NULL,
  settings text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE TABLE product_counts (
  product_id bigint PRIMARY KEY,
  unactive_count bigint NOT NULL DEFAULT 0,
  online_count bigint NOT NULL DEFAULT 0,
  offline_count bigint NOT NULL DEFAULT 0,
  disabled_count bigint NOT NULL DEFAULT 0,
  activated_count bigint NOT NULL DEFAULT 0,
  client_id_count bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

CREATE TABLE orphans (
  product_id bigint PRIMARY KEY
);

CREATE TABLE devices (
  product_id bigint NOT NULL,
  device_name text COLLATE "C" NOT NULL,
  device_secret bytea,
  disabled boolean NOT NULL DEFAULT false,
  activated_at bigint,
  secret_activated_at bigint,
  reopened_at bigint,
  created_at bigint NOT NULL,
  online boolean NOT NULL DEFAULT false,
  last_online_at bigint,
  last_offline_at bigint,
  address text,
  status text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
    CASE WHEN disabled THEN 'DISABLE' WHEN activated_at IS NULL THEN 'UNACTIVE'
         WHEN online THEN 'ONLINE' ELSE 'OFFLINE' END
  ) STORED,
  PRIMARY KEY (product_id, device_name)
) WITH (fillfactor = 80);
CREATE INDEX devices_by_status ON devices (product_id, status, device_name);
CREATE INDEX devices_online ON devices (product_id) WHERE online;

CREATE TABLE client_ids (
  product_id bigint NOT NULL,
  device_name text COLLATE "C" NOT NULL,
  client_id text COLLATE "C" NOT NULL,
  token_hash text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  used_at bigint,
  forbidden_at bigint,
  PRIMARY KEY (product_id, device_name, client_id)
) WITH (fillfactor = 80);

CREATE TABLE api_keys (
  id text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL,
  products text,
  secret_hash text COLLATE "C" NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  revoked_at bigint
);

CREATE TABLE journal (
  id bigint PRIMARY KEY,
  time bigint NOT NULL,
  outcome text NOT NULL,
  reason text NOT NULL,
  product_key text,
  device_name text,
  mode text,
  address text NOT NULL,
  transport text NOT NULL,
  tls_version text,
  tls_cipher text,
  mqtt_version text,
  connack_code integer,
  detail text
);

CREATE TABLE journal_head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  first_id bigint NOT NULL,
  last_id bigint NOT NULL
) WITH (fillfactor = 20);
INSERT INTO journal_head (first_id, last_id) VALUES (1, 0);
`,
  `
CREATE TABLE gateways (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  expires_at timestamptz NOT NULL
);

WITH gone AS (UPDATE devices SET online = false, last_offline_at = floor(extract(epoch FROM now()) * 1000) WHERE online)
UPDATE product_counts SET offline_count = offline_count + online_count, online_count = 0 WHERE online_count <> 0;

ALTER TABLE devices ADD COLUMN gateway_id bigint;
DROP INDEX devices_online;
CREATE INDEX devices_held ON devices (gateway_id, product_id, device_name) WHERE online;
`,
  `
CREATE TABLE activity (
  minute bigint NOT NULL,
  gateway text COLLATE "C" NOT NULL,
  registrations bigint NOT NULL,
  logins bigint NOT NULL,
  refusals text NOT NULL,
  PRIMARY KEY (minute, gateway)
);
`,
  `
CREATE TABLE users (
  id text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  role text NOT NULL,
  password_hash text,
  created_at bigint NOT NULL,
  last_sign_in_at bigint,
  disabled_at bigint
);

CREATE TABLE sessions (
  id text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
  token_hash text COLLATE "C" NOT NULL UNIQUE,
  via text NOT NULL,
  created_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  address text NOT NULL,
  user_agent text NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
`,
  `
DO $do$
DECLARE place text;
BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA ${SCHEMA};
  CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA ${SCHEMA};
  SELECT n.nspname INTO place FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
  EXECUTE format('CREATE INDEX devices_by_name_part ON devices USING gin (product_id, device_name %I.gin_trgm_ops)
    WITH (gin_pending_list_limit = 256)', place);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN NULL;
END $do$;
`,
  `
CREATE TABLE audit (
  id bigint PRIMARY KEY,
  time bigint NOT NULL,
  actor_kind text NOT NULL,
  actor_id text NOT NULL,
  actor_name text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  "before" text,
  "after" text,
  address text,
  via text NOT NULL,
  hash text NOT NULL
);
`,
  `
ALTER TABLE users ADD COLUMN oidc_subject text COLLATE "C";
CREATE UNIQUE INDEX users_by_oidc_subject ON users (oidc_subject);
`,
  `
CREATE INDEX devices_by_creation ON devices (product_id, created_at, device_name);
`,
  'ALTER TABLE devices ADD COLUMN connections text;',
]

export const SCHEMA_VERSION = MIGRATIONS.length
