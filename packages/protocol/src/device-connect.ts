import { formatClientId } from './connect-block.ts'
import { loginText, registrationText, type SignMethod, sign } from './signature.ts'

/** The three fields that a device puts into its CONNECT. */
export interface ConnectCredentials {
  readonly clientId: string
  readonly userName: string
  readonly password: string
}

export interface RegistrationInput {
  mode: 'register' | 'regnwl'
  productKey: string
  productSecret: string
  deviceName: string
  random: string
  signMethod?: SignMethod | undefined
  secureMode?: 2 | -2 | undefined
  instanceId?: string | undefined
  /** Free text before the block; `{pk}.{dn}` if left out. */
  id?: string | undefined
}

export interface SecretLoginInput {
  productKey: string
  deviceName: string
  deviceSecret: string
  signMethod?: SignMethod | undefined
  /** 2 by TLS, 3 by plain TCP; unsigned. */
  secureMode?: 2 | 3 | undefined
  timestamp?: string | undefined
  serverSubscribe?: boolean | undefined
  id?: string | undefined
}

export interface TokenLoginInput {
  productKey: string
  deviceName: string
  clientId: string
  deviceToken: string
  serverSubscribe?: boolean | undefined
}

type Entry = readonly [key: string, value: string]

const DEFAULT_SIGN_METHOD: SignMethod = 'hmacsha256'

/** The CONNECT of a registration. Throws RangeError where a value can't stand in the block. */
export const registrationConnect = (input: RegistrationInput): ConnectCredentials => {
  const { productKey, deviceName, random, signMethod = DEFAULT_SIGN_METHOD } = input
  const entries: Entry[] = [
    ['securemode', String(input.secureMode ?? 2)],
    ['authType', input.mode],
    ['random', random],
    ['signmethod', signMethod],
  ]
  if (input.instanceId !== undefined) entries.push(['instanceId', input.instanceId])
  return {
    clientId: formatClientId(input.id ?? `${productKey}.${deviceName}`, entries),
    userName: `${deviceName}&${productKey}`,
    password: sign(signMethod, input.productSecret, registrationText({ deviceName, productKey, random })),
  }
}

/** The CONNECT of a login with a DeviceSecret. Throws RangeError where a value can't stand in the block. */
export const secretLoginConnect = (input: SecretLoginInput): ConnectCredentials => {
  const { productKey, deviceName, timestamp, signMethod = DEFAULT_SIGN_METHOD } = input
  const id = input.id ?? `${productKey}.${deviceName}`
  const entries: Entry[] = [
    ['securemode', String(input.secureMode ?? 2)],
    ['signmethod', signMethod],
  ]
  if (timestamp !== undefined) entries.push(['timestamp', timestamp])
  if (input.serverSubscribe === true) entries.push(['_ss', '1'])
  return {
    clientId: formatClientId(id, entries),
    userName: `${deviceName}&${productKey}`,
    password: sign(signMethod, input.deviceSecret, loginText({ id, deviceName, productKey, timestamp })),
  }
}

/** The CONNECT of a login with an issued ClientID and its DeviceToken, which is sent as it is. */
export const tokenLoginConnect = (input: TokenLoginInput): ConnectCredentials => {
  const entries: Entry[] = [
    ['securemode', '-2'],
    ['authType', 'connwl'],
  ]
  if (input.serverSubscribe === true) entries.push(['_ss', '1'])
  return {
    clientId: formatClientId(input.clientId, entries),
    userName: `${input.deviceName}&${input.productKey}`,
    password: input.deviceToken,
  }
}
