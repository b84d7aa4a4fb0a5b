import type { ReasonCode } from '@hatchway/protocol'

/** A point in time in milliseconds since 1970-01-01 UTC. */
export type TimeMs = number

/** What an operator may set on a product. */
export interface ProductSettings {
  /** The dynamic-registration switch: off refuses new registrations in both modes; devices that have credentials go on. */
  dynamicRegistration: boolean
  /** Whether `regnwl` may create devices; needs the switch as well. */
  preregistrationFree: boolean
  /** Whether devices that are logged in may register this product's devices, as their gateways; needs the switch as well. */
  registrationByGateways: boolean
  /** Refuse logins over plain TCP and ws. Registrations need TLS in any case. */
  tlsOnly: boolean
  /** Refuse logins with a Keep Alive below 30 s instead of accepting them. */
  strictKeepAlive: boolean
  /** How many ClientIDs one device name may hold (1..100). */
  clientIdLimit: number
}

export interface Product extends ProductSettings {
  productKey: string
  productSecret: string
  name: string
  createdAt: TimeMs
  updatedAt: TimeMs
}

/** A product as lists and pages show it: never with its secret. */
export interface ProductView extends Omit<Product, 'productSecret'> {
  deviceCount: number
  onlineCount: number
}

/** One issued ClientID. Pending until its token has logged in once (`usedAt`); forbidden ones hold their slot but may not log in. */
export interface IssuedClientId {
  clientId: string
  /** SHA-256 of the DeviceToken, 64 lower-case hex. The token itself is kept nowhere. */
  tokenHash: string
  createdAt: TimeMs
  usedAt: TimeMs | null
  forbiddenAt: TimeMs | null
}

/** A device with all that a login or a registration decides on. */
export interface Device {
  productKey: string
  deviceName: string
  deviceSecret: string | null
  disabled: boolean
  /** First login of any kind; null = UNACTIVE. Cleared when a new DeviceSecret is issued. */
  activatedAt: TimeMs | null
  /** First login with the present DeviceSecret. */
  secretActivatedAt: TimeMs | null
  /** Set by `reset`: registration is open again although the device is activated; cleared when a DeviceSecret is issued. */
  reopenedAt: TimeMs | null
  createdAt: TimeMs
  clientIds: readonly IssuedClientId[]
}

export type DeviceStatus = 'UNACTIVE' | 'ONLINE' | 'OFFLINE' | 'DISABLE'

/** A device as lists and pages show it. */
export interface DeviceView {
  productKey: string
  deviceName: string
  status: DeviceStatus
  clientIds: readonly Omit<IssuedClientId, 'tokenHash'>[]
  hasSecret: boolean
  createdAt: TimeMs
  activatedAt: TimeMs | null
  reopenedAt: TimeMs | null
  lastOnlineAt: TimeMs | null
  lastOfflineAt: TimeMs | null
  /** Peer address of the present or last connection. */
  address: string | null
}

/** How a connection ended; `gateway-gone`: nobody has told, because its gateway died. */
export type ConnectionEnd = ReasonCode | 'client-disconnected' | 'connection-lost' | 'gateway-gone'

/** A time for which a device was connected. */
export interface DeviceConnection {
  since: TimeMs
  /** Null while it lasts, and so is `end`. */
  until: TimeMs | null
  end: ConnectionEnd | null
  transport: Transport | null
  /** Peer address, without port. */
  address: string | null
  /** The issued ClientID that logged in; null for a DeviceSecret. */
  clientId: string | null
}

export type KeyRole = 'admin' | 'operator' | 'viewer' | 'application'

/** An API key: a bearer token over HTTP, and for the role `application` an MQTT user name (`id`) and password (the secret). */
export interface ApiKey {
  id: string
  name: string
  role: KeyRole
  /** ProductKeys that the key covers; null = all. */
  products: readonly string[] | null
  /** SHA-256 of the secret, 64 lower-case hex. */
  secretHash: string
  createdAt: TimeMs
  revokedAt: TimeMs | null
}

export type Transport = 'tls' | 'tcp' | 'ws' | 'wss' | 'https' | 'http'
export type ConnectMode = 'register' | 'regnwl' | 'secret' | 'token' | 'application'
/** Logins are journaled as `admitted` only where they went by what is remembered, the store being away. */
export type Outcome = 'registered' | 'admitted' | 'refused' | 'closed' | 'dropped'

/** What a refusal tells the operator beyond its reason. Never a secret, never a full signature. */
export interface JournalDetail {
  /** The text that the server signed, for a signature mismatch. */
  signedText?: string
  signMethod?: string
  /** Codes of the mistakes that would explain the signature, most likely first. */
  mistakes?: readonly string[]
  /** Which field was at fault and what was wrong with it, in a few words. */
  field?: string
  problem?: string
  /** The first bytes of something that was not MQTT, in hex, at most 32 bytes. */
  firstBytes?: string
  topic?: string
  clientId?: string
  keepAliveSeconds?: number
  /** Another MQTT broker, by name, that asked on behalf of its client. */
  broker?: string
  /** The device that asked on behalf of this one, `{productKey}/{deviceName}`. */
  gateway?: string
  /** How many alike entries this one stands for, when a flood was folded. */
  count?: number
}

export interface NewJournalEntry {
  time: TimeMs
  outcome: Outcome
  reason: ReasonCode
  productKey: string | null
  deviceName: string | null
  mode: ConnectMode | null
  /** Peer address, without port. */
  address: string
  transport: Transport
  /** `TLSv1.2` or `TLSv1.3`. */
  tlsVersion: string | null
  tlsCipher: string | null
  /** `3.1`, `3.1.1` or `5.0`. */
  mqttVersion: string | null
  /** CONNACK code sent on the wire; null if none was. */
  connackCode: number | null
  detail: JournalDetail | null
}

export interface JournalEntry extends NewJournalEntry {
  /** Rises with time; never reused. */
  id: number
}

export interface Page<Item> {
  items: readonly Item[]
  /** Opaque; null on the last page. */
  nextCursor: string | null
}

export type UserRole = Exclude<KeyRole, 'application'>

/** A person who signs in to the console. */
export interface User {
  /** Stays what it is for ever; a name may be given again after its user was deleted. */
  id: string
  name: string
  role: UserRole
  /** Algorithm, parameters, salt and hash in one text; null = has no password. */
  passwordHash: string | null
  /** Issuer and subject of the one who signs in by single sign-on; null = by password only. */
  oidcSubject: string | null
  createdAt: TimeMs
  lastSignInAt: TimeMs | null
  /** Since when nobody signs in by this name. */
  disabledAt: TimeMs | null
}

export type SignInWay = 'password' | 'oidc'

/** One sign-in of a user in one browser, until it ends. */
export interface Session {
  /** Names it in lists; shows nothing of the token. */
  id: string
  userId: string
  /** SHA-256 of what the cookie holds, 64 lower-case hex. */
  tokenHash: string
  via: SignInWay
  createdAt: TimeMs
  lastSeenAt: TimeMs
  /** The end that no activity puts off. */
  expiresAt: TimeMs
  /** Peer address of the last request that was noted. */
  address: string
  userAgent: string
}

export interface SignedIn {
  session: Session
  user: User
}
