import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'

/** Fills a registry that holds one empty product, below the store: a million devices in seconds. The n-th is created at n. */
export const PRODUCT_KEY = 'benchproduct'

// A prime, so that numbers are spread over the whole range and none comes twice.
const SPREAD = 99_999_989
const STEP = 61_803_399

export const seededName = (number: number): string => `SN${String((number * STEP) % SPREAD).padStart(8, '0')}`

export function seedSqlite(file: string, devices: number): void {
  const db = new DatabaseSync(file)
  try {
    db.exec(`PRAGMA cache_size = -200000; BEGIN;
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${devices})
      INSERT INTO devices (product_id, device_name, created_at, search_id)
        SELECT 1, printf('SN%08d', (i * ${STEP}) % ${SPREAD}) AS name, i, (1 << 32) + i FROM n ORDER BY name;
      INSERT INTO device_names (rowid, name) SELECT search_id, device_name FROM devices ORDER BY search_id;
      UPDATE products SET unactive_count = ${devices};
      COMMIT;
      PRAGMA wal_checkpoint(TRUNCATE)`)
  } finally {
    db.close()
  }
}

export async function seedPostgres(url: string, devices: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('SET search_path = hatchway')
    await client.query("SET maintenance_work_mem = '256MB'")
    // Made at the end in one go: row by row they take most of the time.
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(
      `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
        WHERE schemaname = 'hatchway' AND tablename = 'devices' AND indexname <> 'devices_pkey'`,
    )
    for (const { name } of indexes) await client.query(`DROP INDEX ${name}`)
    await client.query(`INSERT INTO devices (product_id, device_name, created_at)
      SELECT 1, 'SN' || lpad(((i::bigint * ${STEP}) % ${SPREAD})::text, 8, '0'), i
      FROM generate_series(1, ${devices}) AS i`)
    for (const { definition } of indexes) await client.query(definition)
    await client.query(`UPDATE product_counts SET unactive_count = ${devices}`)
    await client.query('VACUUM ANALYZE devices')
  } finally {
    await client.end()
  }
}
