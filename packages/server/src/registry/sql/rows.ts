import type { ReasonCode } from '@hatchway/protocol'
import { DEFAULT_PRODUCT_SETTINGS } from '../product-settings.ts'
import type { Sealer } from '../seal.ts'
import type {
  ApiKey,
  ConnectMode,
  Device,
  DeviceStatus,
  DeviceView,
  IssuedClientId,
  JournalDetail,
  JournalEntry,
  KeyRole,
  Outcome,
  Product,
  ProductSettings,
  ProductView,
  Session,
  SignInWay,
  Transport,
  User,
  UserRole,
} from '../types.ts'

// Rows as the statements of every SQL store read them, and what they stand for. Only the stores write them, so the
// casts hold.

export interface ProductRow {
  id: number
  product_key: string
  product_secret: Uint8Array
  name: string
  settings: string
  created_at: number
  updated_at: number
}

export interface StatusCounts {
  unactive_count: number
  online_count: number
  offline_count: number
  disabled_count: number
}

export type CountedProductRow = ProductRow & StatusCounts

export interface DeviceRow {
  product_id: number
  device_name: string
  device_secret: Uint8Array | null
  disabled: number
  activated_at: number | null
  secret_activated_at: number | null
  reopened_at: number | null
  created_at: number
  online: number
  last_online_at: number | null
  last_offline_at: number | null
  address: string | null
  /** See `recent-connections.ts`. */
  connections: string | null
  status: DeviceStatus
}

export interface ClientIdRow {
  client_id: string
  token_hash: string
  created_at: number
  used_at: number | null
  forbidden_at: number | null
}

export interface ApiKeyRow {
  id: string
  name: string
  role: KeyRole
  products: string | null
  secret_hash: string
  created_at: number
  revoked_at: number | null
}

export interface JournalRow {
  id: number
  time: number
  outcome: Outcome
  reason: ReasonCode
  product_key: string | null
  device_name: string | null
  mode: ConnectMode | null
  address: string
  transport: Transport
  tls_version: string | null
  tls_cipher: string | null
  mqtt_version: string | null
  connack_code: number | null
  detail: string | null
}

export interface UserRow {
  id: string
  name: string
  role: UserRole
  password_hash: string | null
  oidc_subject: string | null
  created_at: number
  last_sign_in_at: number | null
  disabled_at: number | null
}

export interface SessionRow {
  id: string
  user_id: string
  token_hash: string
  via: SignInWay
  created_at: number
  last_seen_at: number
  expires_at: number
  address: string
  user_agent: string
}

export const productPlace = (productKey: string): string => `products/${productKey}`
export const devicePlace = (productKey: string, deviceName: string): string => `devices/${productKey}/${deviceName}`

// A row may be older than a setting, hence the defaults.
const settingsOf = (row: ProductRow): ProductSettings => ({
  ...DEFAULT_PRODUCT_SETTINGS,
  ...(JSON.parse(row.settings) as Partial<ProductSettings>),
})

/** The secret is opened when it is first asked for: rules that look at the switches alone don't pay for it. */
export function lazyProduct(row: ProductRow, sealer: Sealer): Product {
  return {
    productKey: row.product_key,
    get productSecret() {
      return sealer.open(row.product_secret, productPlace(row.product_key))
    },
    name: row.name,
    ...settingsOf(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export function productView(row: CountedProductRow): ProductView {
  return {
    productKey: row.product_key,
    name: row.name,
    ...settingsOf(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deviceCount: row.unactive_count + row.online_count + row.offline_count + row.disabled_count,
    onlineCount: row.online_count,
  }
}

/** As `lazyProduct`. */
export function lazyDevice(productKey: string, row: DeviceRow, clientIds: ClientIdRow[], sealer: Sealer): Device {
  return {
    productKey,
    deviceName: row.device_name,
    get deviceSecret() {
      if (row.device_secret === null) return null
      return sealer.open(row.device_secret, devicePlace(productKey, row.device_name))
    },
    disabled: row.disabled === 1,
    activatedAt: row.activated_at,
    secretActivatedAt: row.secret_activated_at,
    reopenedAt: row.reopened_at,
    createdAt: row.created_at,
    clientIds: clientIds.map(issuedClientId),
  }
}

export function deviceView(productKey: string, row: DeviceRow, clientIds: ClientIdRow[]): DeviceView {
  return {
    productKey,
    deviceName: row.device_name,
    status: row.status,
    clientIds: clientIds.map(clientId => {
      const { tokenHash: _, ...shown } = issuedClientId(clientId)
      return shown
    }),
    hasSecret: row.device_secret !== null,
    createdAt: row.created_at,
    activatedAt: row.activated_at,
    reopenedAt: row.reopened_at,
    lastOnlineAt: row.last_online_at,
    lastOfflineAt: row.last_offline_at,
    address: row.address,
  }
}

const issuedClientId = (row: ClientIdRow): IssuedClientId => ({
  clientId: row.client_id,
  tokenHash: row.token_hash,
  createdAt: row.created_at,
  usedAt: row.used_at,
  forbiddenAt: row.forbidden_at,
})

export const apiKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  role: row.role,
  products: row.products === null ? null : (JSON.parse(row.products) as string[]),
  secretHash: row.secret_hash,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
})

export const user = (row: UserRow): User => ({
  id: row.id,
  name: row.name,
  role: row.role,
  passwordHash: row.password_hash,
  oidcSubject: row.oidc_subject,
  createdAt: row.created_at,
  lastSignInAt: row.last_sign_in_at,
  disabledAt: row.disabled_at,
})

export const session = (row: SessionRow): Session => ({
  id: row.id,
  userId: row.user_id,
  tokenHash: row.token_hash,
  via: row.via,
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  expiresAt: row.expires_at,
  address: row.address,
  userAgent: row.user_agent,
})

export const journalEntry = (row: JournalRow): JournalEntry => ({
  id: row.id,
  time: row.time,
  outcome: row.outcome,
  reason: row.reason,
  productKey: row.product_key,
  deviceName: row.device_name,
  mode: row.mode,
  address: row.address,
  transport: row.transport,
  tlsVersion: row.tls_version,
  tlsCipher: row.tls_cipher,
  mqttVersion: row.mqtt_version,
  connackCode: row.connack_code,
  detail: row.detail === null ? null : (JSON.parse(row.detail) as JournalDetail),
})
