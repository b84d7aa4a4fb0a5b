import { isDeviceName, isDeviceSecret, isDeviceToken, isIssuedClientId, isProductKey } from '@hatchway/protocol'

/** What a device is given by its registration, and all that it needs to log in from then on. */
export type Credentials =
  | { mode: 'register'; productKey: string; deviceName: string; deviceSecret: string }
  | { mode: 'regnwl'; productKey: string; deviceName: string; clientId: string; deviceToken: string }

/** Where a device keeps its credentials. `save` resolves when they would survive a power cut. */
export interface CredentialStore {
  /** Undefined when nothing was saved yet; rejects when what is there can't be read. */
  load(): Promise<Credentials | undefined>
  save(credentials: Credentials): Promise<void>
}

/** A saved file or a push that does not hold what it should. The message names the field, never its value. */
export class CredentialsInvalid extends Error {
  override readonly name = 'CredentialsInvalid'
}

const CHECKS = {
  productKey: isProductKey,
  deviceName: isDeviceName,
  deviceSecret: isDeviceSecret,
  clientId: isIssuedClientId,
  deviceToken: isDeviceToken,
} as const

/**
 * Reads credentials out of a parsed JSON value; other fields are ignored. Without a `mode`, the fields tell it.
 * Throws CredentialsInvalid.
 */
export function parseCredentials(value: unknown): Credentials {
  if (typeof value !== 'object' || value === null) throw new CredentialsInvalid('the credentials are not a JSON object')
  const fields = value as Record<string, unknown>
  const read = (field: keyof typeof CHECKS): string => {
    const text = fields[field]
    if (typeof text !== 'string') throw new CredentialsInvalid(`the credentials lack "${field}"`)
    if (!CHECKS[field](text)) throw new CredentialsInvalid(`the credentials hold a malformed "${field}"`)
    return text
  }
  const mode = fields['mode'] ?? (fields['deviceToken'] === undefined ? 'register' : 'regnwl')
  const names = { productKey: read('productKey'), deviceName: read('deviceName') }
  if (mode === 'register') return { mode, ...names, deviceSecret: read('deviceSecret') }
  if (mode === 'regnwl') return { mode, ...names, clientId: read('clientId'), deviceToken: read('deviceToken') }
  throw new CredentialsInvalid('the credentials hold a "mode" that is neither register nor regnwl')
}
