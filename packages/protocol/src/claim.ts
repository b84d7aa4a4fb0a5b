import { type ParsedClientId, parseClientId } from './connect-block.ts'
import { type DeviceIdentity, isDeviceName, isFreeId, isIssuedClientId, isProductKey, isRandom } from './names.ts'
import type { ReasonCode } from './reasons.ts'
import { parseSignMethod, type SignMethod } from './signature.ts'

/** First connection: asks for a credential, signed with the ProductSecret. */
export interface RegistrationClaim extends DeviceIdentity {
  readonly mode: 'register' | 'regnwl'
  readonly id: string
  readonly random: string
  readonly signMethod: SignMethod
  readonly secureMode: 2 | -2
  readonly instanceId?: string
  readonly signature: string
}

/** Login signed with the device's own DeviceSecret. */
export interface SecretClaim extends DeviceIdentity {
  readonly mode: 'secret'
  readonly id: string
  readonly signMethod: SignMethod
  /** As sent, any text; it is signed but no freshness check. */
  readonly timestamp?: string
  /** As sent; unsigned, so nothing may follow from it. */
  readonly secureMode?: string
  /** `_ss=1`: the server subscribes the device to its downlink topics. */
  readonly serverSubscribe: boolean
  readonly signature: string
}

/** Login with an issued ClientID and its DeviceToken. */
export interface TokenClaim extends DeviceIdentity {
  readonly mode: 'token'
  readonly clientId: string
  readonly token: string
  readonly serverSubscribe: boolean
}

/** Login of a business system with an API key; the clientId is its own and may be empty. */
export interface ApplicationClaim {
  readonly mode: 'application'
  readonly clientId: string
  readonly keyId: string
  readonly secret: string
}

export type Claim = RegistrationClaim | SecretClaim | TokenClaim | ApplicationClaim
export type ClaimMode = Claim['mode']
export type ConnectField = 'clientId' | 'userName' | 'password'

export interface ConnectFields {
  clientId: string
  userName?: string | undefined
  password?: Uint8Array | string | undefined
}

/** As much as could be read is there for the journal; `detail` describes the problem without any value. */
export interface ClaimRefusal extends Partial<DeviceIdentity> {
  readonly ok: false
  readonly reason: ReasonCode
  readonly field?: ConnectField
  readonly detail?: string
  readonly mode?: ClaimMode
}

export type ClaimResult = { readonly ok: true; readonly claim: Claim } | ClaimRefusal

interface Draft {
  readonly id: string
  readonly parameters: ReadonlyMap<string, string>
  readonly names: DeviceIdentity
  readonly password: string
}

type Known = Partial<DeviceIdentity> & { mode?: ClaimMode }

const MAX_TEXT = 64
const DEVICE_KEYS = ['authtype', 'securemode', 'signmethod', 'random', 'timestamp']
const MODES: Readonly<Record<string, ClaimMode>> = { register: 'register', regnwl: 'regnwl', connwl: 'token' }

const accept = (claim: Claim): ClaimResult => ({ ok: true, claim })

const refuse = (reason: ReasonCode, field: ConnectField, known: Known, detail?: string): ClaimRefusal => ({
  ok: false,
  reason,
  field,
  ...known,
  ...(detail === undefined ? {} : { detail }),
})

const lengthOf = (what: string, text: string, allowed: string): string =>
  `${what} is ${text.length} characters long, ${allowed} allowed`

// Bytes that are no UTF-8 become U+FFFD, which no signature, token or key secret holds: such a password never verifies.
const textOf = (password: Uint8Array | string | undefined): string =>
  typeof password === 'string' || password === undefined ? (password ?? '') : new TextDecoder().decode(password)

const splitUserName = (userName: string): DeviceIdentity | undefined => {
  const at = userName.indexOf('&')
  if (at < 1 || at === userName.length - 1 || userName.includes('&', at + 1)) return undefined
  return { deviceName: userName.slice(0, at), productKey: userName.slice(at + 1) }
}

const describeUserName = (userName: string): string => {
  const count = userName.split('&').length - 1
  return count === 1 ? 'userName has nothing before or after its &' : `userName holds ${count} of &, 1 is needed`
}

const describeProductKey = (productKey: string): string =>
  productKey.length > 20
    ? lengthOf('ProductKey', productKey, '1 to 20')
    : 'ProductKey holds something other than letters and digits, or is a reserved word'

const describeDeviceName = (deviceName: string): string =>
  deviceName.length < 4 || deviceName.length > 32
    ? lengthOf('DeviceName', deviceName, '4 to 32')
    : 'DeviceName holds something other than letters, digits and - _ @ . :'

// random belongs to registrations only, and a login that carries a timestamp is one whatever else it sends.
const modeOf = (parameters: ReadonlyMap<string, string>): ClaimMode | 'no-auth-type' | undefined => {
  const authType = parameters.get('authtype')
  if (authType !== undefined) {
    const lower = authType.toLowerCase()
    return Object.hasOwn(MODES, lower) ? MODES[lower] : undefined
  }
  return parameters.has('random') && !parameters.has('timestamp') ? 'no-auth-type' : 'secret'
}

const parseRegistration = (mode: 'register' | 'regnwl', draft: Draft): ClaimResult => {
  const { id, parameters, names, password } = draft
  const bad = (reason: ReasonCode, detail?: string) => refuse(reason, 'clientId', { mode, ...names }, detail)
  const secureMode = parameters.get('securemode')
  if (secureMode === undefined) return bad('parameter-missing:securemode')
  if (secureMode !== '2' && secureMode !== '-2') return bad('parameter-invalid:securemode')
  const signMethodText = parameters.get('signmethod')
  if (signMethodText === undefined) return bad('parameter-missing:signmethod')
  const signMethod = parseSignMethod(signMethodText)
  if (signMethod === undefined) return bad('parameter-invalid:signmethod')
  const random = parameters.get('random')
  if (random === undefined) return bad('parameter-missing:random')
  if (!isRandom(random)) return bad('parameter-invalid:random', lengthOf('random', random, '1 to 64'))
  const instanceId = parameters.get('instanceid') ?? ''
  if (instanceId.length > MAX_TEXT) {
    return bad('parameter-invalid:instanceId', lengthOf('instanceId', instanceId, 'at most 64'))
  }
  return accept({
    mode,
    id,
    ...names,
    random,
    signMethod,
    secureMode: secureMode === '2' ? 2 : -2,
    ...(instanceId === '' ? {} : { instanceId }),
    signature: password,
  })
}

const parseSecretLogin = ({ id, parameters, names, password }: Draft): ClaimResult => {
  const bad = (reason: ReasonCode, detail?: string) => refuse(reason, 'clientId', { mode: 'secret', ...names }, detail)
  const signMethod = parseSignMethod(parameters.get('signmethod') ?? 'hmacmd5')
  if (signMethod === undefined) return bad('parameter-invalid:signmethod')
  const timestamp = parameters.get('timestamp')
  if (timestamp !== undefined && timestamp.length > MAX_TEXT) {
    return bad('parameter-invalid:timestamp', lengthOf('timestamp', timestamp, 'at most 64'))
  }
  const secureMode = parameters.get('securemode')
  return accept({
    mode: 'secret',
    id,
    ...names,
    signMethod,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(secureMode === undefined ? {} : { secureMode }),
    serverSubscribe: parameters.get('_ss') === '1',
    signature: password,
  })
}

const parseTokenLogin = ({ id, parameters, names, password }: Draft): ClaimResult => {
  if (!isIssuedClientId(id)) return refuse('issued-client-id-malformed', 'clientId', { mode: 'token', ...names })
  const serverSubscribe = parameters.get('_ss') === '1'
  return accept({ mode: 'token', clientId: id, ...names, token: password, serverSubscribe })
}

const parseDeviceClaim = (
  block: Exclude<ParsedClientId, { kind: 'plain' }>,
  userName: string,
  password: string,
): ClaimResult => {
  const named = modeOf(block.parameters)
  const mode = named === undefined || named === 'no-auth-type' ? undefined : named
  const names = splitUserName(userName)
  const known: Known = { ...(mode === undefined ? {} : { mode }), ...names }
  if (block.kind === 'not-closed') return refuse('block-not-closed', 'clientId', known)
  if (!isFreeId(block.id)) {
    return refuse('client-id-malformed', 'clientId', known, lengthOf('the id before the first |', block.id, '1 to 64'))
  }
  if (userName === '') return refuse('user-name-missing', 'userName', known)
  if (names === undefined) return refuse('user-name-malformed', 'userName', known, describeUserName(userName))
  if (!isProductKey(names.productKey)) {
    return refuse('product-key-malformed', 'userName', known, describeProductKey(names.productKey))
  }
  if (!isDeviceName(names.deviceName)) {
    return refuse('device-name-malformed', 'userName', known, describeDeviceName(names.deviceName))
  }
  if (password === '') return refuse('password-missing', 'password', known)
  if (named === 'no-auth-type') return refuse('parameter-missing:authType', 'clientId', known)
  if (mode === undefined) return refuse('parameter-invalid:authType', 'clientId', known)
  const draft = { id: block.id, parameters: block.parameters, names, password }
  if (mode === 'register' || mode === 'regnwl') return parseRegistration(mode, draft)
  return mode === 'token' ? parseTokenLogin(draft) : parseSecretLogin(draft)
}

const parsePlainClaim = (clientId: string, userName: string, password: string): ClaimResult => {
  if (userName === '') {
    return clientId === ''
      ? refuse('client-id-missing', 'clientId', {})
      : refuse('block-missing', 'clientId', {}, 'there is no userName either')
  }
  if (userName.includes('&')) return refuse('block-missing', 'clientId', splitUserName(userName) ?? {})
  if (password === '') return refuse('password-missing', 'password', { mode: 'application' })
  return accept({ mode: 'application', clientId, keyId: userName, secret: password })
}

/**
 * What a CONNECT claims to be, read out of its three text fields. Pure, and never throws, whatever the fields hold.
 * A clientId without a block, or with one that holds no device parameter beside a userName without `&`, is an
 * application's. Without authType it is a DeviceSecret login, except that a random without timestamp is a
 * registration which forgot its authType.
 */
export const parseClaim = (fields: ConnectFields): ClaimResult => {
  const { clientId, userName = '' } = fields
  const password = textOf(fields.password)
  const parsed = parseClientId(clientId)
  if (parsed.kind === 'plain') return parsePlainClaim(clientId, userName, password)
  const isDevice = userName === '' || userName.includes('&') || DEVICE_KEYS.some(key => parsed.parameters.has(key))
  return isDevice ? parseDeviceClaim(parsed, userName, password) : parsePlainClaim(clientId, userName, password)
}
