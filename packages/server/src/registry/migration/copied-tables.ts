import { COUNT_COLUMNS } from '../sql/counted.ts'

/** How a column's values travel: text without U+0000, whole numbers, 0 or 1, or bytes. Any of them may be null. */
export type ColumnKind = 'text' | 'integer' | 'boolean' | 'bytes'

/** What a migration copies: rows in the order of their key, which is the first columns. Both stores know these names. */
export interface CopiedTable {
  readonly name: string
  readonly keyColumns: number
  readonly columns: readonly (readonly [name: string, kind: ColumnKind])[]
}

export type CopiedValue = string | number | Uint8Array | null
/** Values in the order of the table's columns. */
export type CopiedRow = readonly CopiedValue[]

/** In the order of copying: what refers to another row comes after it. */
export const COPIED_TABLES: readonly CopiedTable[] = [
  {
    name: 'products',
    keyColumns: 1,
    columns: [
      ['id', 'integer'],
      ['product_key', 'text'],
      ['product_secret', 'bytes'],
      ['name', 'text'],
      ['settings', 'text'],
      ['created_at', 'integer'],
      ['updated_at', 'integer'],
      ...COUNT_COLUMNS.map(column => [column, 'integer'] as const),
    ],
  },
  { name: 'orphans', keyColumns: 1, columns: [['product_id', 'integer']] },
  {
    name: 'devices',
    keyColumns: 2,
    columns: [
      ['product_id', 'integer'],
      ['device_name', 'text'],
      ['device_secret', 'bytes'],
      ['disabled', 'boolean'],
      ['activated_at', 'integer'],
      ['secret_activated_at', 'integer'],
      ['reopened_at', 'integer'],
      ['created_at', 'integer'],
      ['online', 'boolean'],
      ['last_online_at', 'integer'],
      ['last_offline_at', 'integer'],
      ['address', 'text'],
      ['connections', 'text'],
    ],
  },
  {
    name: 'client_ids',
    keyColumns: 3,
    columns: [
      ['product_id', 'integer'],
      ['device_name', 'text'],
      ['client_id', 'text'],
      ['token_hash', 'text'],
      ['created_at', 'integer'],
      ['used_at', 'integer'],
      ['forbidden_at', 'integer'],
    ],
  },
  {
    name: 'api_keys',
    keyColumns: 1,
    columns: [
      ['id', 'text'],
      ['name', 'text'],
      ['role', 'text'],
      ['products', 'text'],
      ['secret_hash', 'text'],
      ['created_at', 'integer'],
      ['revoked_at', 'integer'],
    ],
  },
  {
    name: 'users',
    keyColumns: 1,
    columns: [
      ['id', 'text'],
      ['name', 'text'],
      ['role', 'text'],
      ['password_hash', 'text'],
      ['oidc_subject', 'text'],
      ['created_at', 'integer'],
      ['last_sign_in_at', 'integer'],
      ['disabled_at', 'integer'],
    ],
  },
  {
    name: 'sessions',
    keyColumns: 1,
    columns: [
      ['id', 'text'],
      ['user_id', 'text'],
      ['token_hash', 'text'],
      ['via', 'text'],
      ['created_at', 'integer'],
      ['last_seen_at', 'integer'],
      ['expires_at', 'integer'],
      ['address', 'text'],
      ['user_agent', 'text'],
    ],
  },
  {
    name: 'journal',
    keyColumns: 1,
    columns: [
      ['id', 'integer'],
      ['time', 'integer'],
      ['outcome', 'text'],
      ['reason', 'text'],
      ['product_key', 'text'],
      ['device_name', 'text'],
      ['mode', 'text'],
      ['address', 'text'],
      ['transport', 'text'],
      ['tls_version', 'text'],
      ['tls_cipher', 'text'],
      ['mqtt_version', 'text'],
      ['connack_code', 'integer'],
      ['detail', 'text'],
    ],
  },
  {
    name: 'audit',
    keyColumns: 1,
    columns: [
      ['id', 'integer'],
      ['time', 'integer'],
      ['actor_kind', 'text'],
      ['actor_id', 'text'],
      ['actor_name', 'text'],
      ['action', 'text'],
      ['target', 'text'],
      ['before', 'text'],
      ['after', 'text'],
      ['address', 'text'],
      ['via', 'text'],
      ['hash', 'text'],
    ],
  },
  {
    name: 'activity',
    keyColumns: 2,
    columns: [
      ['minute', 'integer'],
      ['gateway', 'text'],
      ['registrations', 'integer'],
      ['logins', 'integer'],
      ['refusals', 'text'],
    ],
  },
]

export const keyOf = ({ keyColumns }: CopiedTable, row: CopiedRow): CopiedRow => row.slice(0, keyColumns)
export const columnNames = ({ columns }: CopiedTable): string[] => columns.map(([name]) => name)
export const keyNames = (table: CopiedTable): string[] => columnNames(table).slice(0, table.keyColumns)
