import type { DeviceIdentity } from '../names.ts'
import type { MistakeCode } from './table.ts'

/** A key that the device may have used, and the mistake that it would be. */
export interface SigningKey {
  readonly code: MistakeCode
  readonly key: string | Uint8Array
}

const isHex = (text: string): boolean => text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text)

/** What devices make of a secret by accident. */
export const spoiltKeys = (secret: string): SigningKey[] => {
  const padded = [
    `${secret}\n`,
    `${secret}\r\n`,
    `${secret}\0`,
    `${secret} `,
    ` ${secret}`,
    `"${secret}"`,
    secret.trim(),
  ]
  const recased = [secret.toLowerCase(), secret.toUpperCase()]
  const decoded = [
    ...(isHex(secret) ? [Buffer.from(secret, 'hex')] : []),
    Buffer.from(secret, 'base64'),
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret).toString('base64'),
  ]
  const keys: SigningKey[] = [
    ...padded.map(key => ({ code: 'secret-padded' as const, key })),
    ...recased.map(key => ({ code: 'secret-case-changed' as const, key })),
    ...decoded.map(key => ({ code: 'secret-decoded' as const, key })),
  ]
  return keys.filter(({ key }) => key !== secret)
}

/** What has been taken for a secret. */
export const namesAsKeys = ({ productKey, deviceName }: DeviceIdentity): SigningKey[] =>
  [productKey, deviceName, ''].map(key => ({ code: 'name-used-as-secret', key }))
