import { isDeviceName, isDeviceSecret, isProductKey, isProductSecret } from '@hatchway/protocol'
import { DEFAULT_PRODUCT_SETTINGS } from './product-settings.ts'
import { RequestError } from './request-error.ts'
import type { KeyRole, ProductSettings } from './types.ts'

// What an operator may write into each field. Every function gives the value back or throws a RequestError that names
// the field.

const MAX_NAME_CHARACTERS = 64
const SHOWN_CHARACTERS = 40
const MAX_CLIENT_ID_LIMIT = 100
export const MIN_KEY_SECRET_CHARACTERS = 16
const MAX_KEY_SECRET_CHARACTERS = 128
const KEY_ROLES: readonly KeyRole[] = ['admin', 'operator', 'viewer', 'application']

/** A field's value that may be repeated in the message. Never used for secrets. */
const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}

const invalid = (field: string, problem: string, fix: string): RequestError =>
  new RequestError('field-invalid', { problem: `${field}: ${problem}`, fix, field })

export function checkName(name: string, what: string): string {
  const characters = [...name].length
  const printable = !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)
  if (printable && name.trim() === name && characters >= 1 && characters <= MAX_NAME_CHARACTERS) return name
  const problem = `${shown(name)} is empty, too long, or has blanks around it or unprintable characters in it`
  throw invalid('name', problem, `give the ${what} a name of 1 to ${MAX_NAME_CHARACTERS} printable characters`)
}

export function checkProductKey(productKey: string, field = 'productKey'): string {
  if (isProductKey(productKey)) return productKey
  const fix = 'use 1 to 20 letters and digits, and not the first level of a platform topic (sys, ext, ota, …)'
  throw invalid(field, `${shown(productKey)} is not a ProductKey`, fix)
}

export function checkProductSecret(productSecret: string): string {
  if (isProductSecret(productSecret)) return productSecret
  throw invalid(
    'productSecret',
    'the value is not a ProductSecret',
    'use 1 to 64 printable ASCII characters without spaces',
  )
}

export function checkDeviceName(deviceName: string): string {
  if (isDeviceName(deviceName)) return deviceName
  throw invalid('deviceName', `${shown(deviceName)} is not a DeviceName`, 'use 4 to 32 letters, digits and _ @ . : -')
}

export function checkDeviceSecret(deviceSecret: string | null | undefined): string | null {
  if (deviceSecret === null || deviceSecret === undefined) return null
  if (isDeviceSecret(deviceSecret)) return deviceSecret
  throw invalid(
    'deviceSecret',
    'the value is not a DeviceSecret',
    'use 1 to 64 printable ASCII characters without spaces',
  )
}

/** The settings among the fields of a request; the others are left out. */
export function checkSettings(fields: Readonly<Record<string, unknown>>): Partial<ProductSettings> {
  const settings: Record<string, boolean | number> = {}
  for (const [name, fallback] of Object.entries(DEFAULT_PRODUCT_SETTINGS)) {
    const value = fields[name]
    if (value === undefined) continue
    settings[name] = typeof fallback === 'boolean' ? checkSwitch(name, value) : checkClientIdLimit(name, value)
  }
  return settings as Partial<ProductSettings> // each name with the type of its default
}

function checkSwitch(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(field, `${shown(value)} is neither true nor false`, 'send one of them')
}

function checkClientIdLimit(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_CLIENT_ID_LIMIT) return value
  throw invalid(field, `${shown(value)} is out of range`, `send a whole number from 1 to ${MAX_CLIENT_ID_LIMIT}`)
}

export function checkKeyRole(role: string): KeyRole {
  const known = KEY_ROLES.find(one => one === role)
  if (known) return known
  throw invalid('role', `${shown(role)} is not a role`, `use one of ${KEY_ROLES.join(', ')}`)
}

/** A token of the environment may be shorter than one that comes by the API: who sets it has the machine. */
export function checkKeySecret(secret: string, field = 'secret', minCharacters = MIN_KEY_SECRET_CHARACTERS): string {
  const { length } = secret
  const inRange = length >= minCharacters && length <= MAX_KEY_SECRET_CHARACTERS
  if (inRange && /^[\x21-\x7e]+$/.test(secret)) return secret
  const range = `${minCharacters} to ${MAX_KEY_SECRET_CHARACTERS}`
  const problem = inRange ? 'the value has characters other than printable ASCII' : `the value has ${length} characters`
  throw invalid(field, problem, `use ${range} printable ASCII characters without spaces`)
}
