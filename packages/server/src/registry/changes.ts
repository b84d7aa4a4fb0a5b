interface ChangeOf<Kind extends string> {
  kind: Kind
  at: number
  /** Made at another gateway of the same database, which has told its own. */
  elsewhere?: true
}
interface DeviceChangeOf<Kind extends string> extends ChangeOf<Kind> {
  productKey: string
  deviceName: string
}

/** What changed, for those who must act on it at once: cut a connection, publish a lifecycle message, drop a cached line. */
export type RegistryChange =
  | DeviceChangeOf<'device-created' | 'device-deleted' | 'device-enabled' | 'device-disabled'>
  /** A DeviceSecret was replaced or ClientIDs were dropped or forbidden: connections that used them must end. */
  | (DeviceChangeOf<'credentials-revoked'> & { clientIds: readonly string[] | 'all' | 'secret' })
  | (ChangeOf<'product-changed' | 'product-deleted'> & { productKey: string })
  | (ChangeOf<'key-revoked'> & { keyId: string })
  /** Changes that others have made may have been missed. */
  | ChangeOf<'anything'>
  /** They have ended, or what their user may do has changed. */
  | (ChangeOf<'sessions-changed'> & { userId: string; sessionIds: readonly string[] | 'all' })

/** What a store hears of changes that others have made in the same database. */
export type ForeignChange =
  | RegistryChange
  /** Nobody has to act on it, but what is remembered of the device is old. */
  | DeviceChangeOf<'device-changed'>
  /** Nobody has to act on it, but what is remembered of API keys is old. */
  | ChangeOf<'keys-changed'>
