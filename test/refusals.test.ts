import { createHash, createHmac } from 'node:crypto'
import { registrationConnect, secretLoginConnect, sign, tokenLoginConnect } from '@hatchway/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProtocolLevel, reasonCodes } from '../packages/server/src/mqtt/index.ts'
import { registerDevice } from './harness/devices.ts'
import { Hatchway, type Product } from './harness/hatchway.ts'
import { MqttConnection, type Transport } from './harness/mqtt-connection.ts'

/** The world in which every wrong CONNECT below is sent. Nothing of it may change. */
interface World {
  open: Product
  switchedOff: Product
  listOnly: Product
  tlsOnly: Product
  strict: Product
  full: Product
  activatedSecret: string
  burntSecret: string
  tokens: { clientId: string; deviceToken: string }[]
  forbidden: { clientId: string; deviceToken: string }
  applicationKey: { id: string; secret: string }
  revokedKey: { id: string; secret: string }
  viewerKey: { id: string; secret: string }
}

interface Fields {
  clientId: string
  userName?: string
  password?: string
  keepAliveSeconds?: number
}

interface Row {
  rule: string
  fields: (world: World) => Fields
  reason: string
  code: 2 | 4
  /** Where the answer is as the row says; all four if left out. */
  transports?: readonly Transport[]
}

const BURNT = 'b'.repeat(32)
const UNACTIVATED_SECRET = 'c'.repeat(32)
const ENCRYPTED: readonly Transport[] = ['tls', 'wss']
const PLAIN: readonly Transport[] = ['tcp', 'ws']

/** A registration that would succeed, with some parts of its block replaced and, unless said otherwise, rightly signed. */
function registration(
  product: Product,
  options: { mode?: string; dn?: string; block?: Record<string, string | null>; close?: boolean } = {},
): Fields {
  const { mode = 'regnwl', dn = 'newdevice1', close = true } = options
  const block = { securemode: '2', authType: mode, random: '123', signmethod: 'hmacsha256', ...options.block }
  const text = Object.entries(block)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
  const signed = `deviceName${dn}productKey${product.productKey}random${block.random ?? ''}`
  return {
    clientId: `${dn}|${text}${close ? '|' : ''}`,
    userName: `${dn}&${product.productKey}`,
    password: createHmac('sha256', product.productSecret).update(signed).digest('hex'),
  }
}

function login(
  world: World,
  options: { dn?: string; secret?: string; block?: Record<string, string>; keepAliveSeconds?: number } = {},
): Fields {
  const { dn = 'activated1', secret = world.activatedSecret } = options
  const fields = secretLoginConnect({
    productKey: world.open.productKey,
    deviceName: dn,
    deviceSecret: secret,
    timestamp: '2524608000000',
  })
  const extra = Object.entries(options.block ?? {}).map(([key, value]) => `,${key}=${value}`)
  const clientId = fields.clientId.replace(/\|$/, `${extra.join('')}|`)
  return {
    ...fields,
    clientId,
    ...(options.keepAliveSeconds === undefined ? {} : { keepAliveSeconds: options.keepAliveSeconds }),
  }
}

function token(world: World, change: Partial<{ dn: string; clientId: string; deviceToken: string }> = {}): Fields {
  const { clientId = '', deviceToken = '' } = world.tokens[0] ?? {}
  const input = {
    productKey: world.full.productKey,
    deviceName: change.dn ?? 'crowded1',
    clientId,
    deviceToken,
    ...change,
  }
  return tokenLoginConnect(input)
}

const resigned = (fields: Fields, product: Product, text: (random: string) => string): Fields => ({
  ...fields,
  password: sign('hmacsha256', product.productSecret, text('123')),
})

const ROWS: readonly Row[] = [
  // The connect block.
  {
    rule: 'a block needs its closing |',
    fields: w => registration(w.open, { close: false }),
    reason: 'block-not-closed',
    code: 2,
  },
  {
    rule: 'random is needed',
    fields: w => registration(w.open, { block: { random: null as unknown as string } }),
    reason: 'parameter-missing:random',
    code: 2,
  },
  {
    rule: 'signmethod is needed to register',
    fields: w => registration(w.open, { block: { signmethod: null as unknown as string } }),
    reason: 'parameter-missing:signmethod',
    code: 2,
  },
  {
    rule: 'securemode is needed to register',
    fields: w => registration(w.open, { block: { securemode: null as unknown as string } }),
    reason: 'parameter-missing:securemode',
    code: 2,
  },
  {
    rule: 'authType is needed to register',
    fields: w => registration(w.open, { block: { authType: null as unknown as string } }),
    reason: 'parameter-missing:authType',
    code: 2,
  },
  {
    rule: 'securemode 3 is no registration',
    fields: w => registration(w.open, { block: { securemode: '3' } }),
    reason: 'parameter-invalid:securemode',
    code: 2,
  },
  {
    rule: 'securemode must be a known number',
    fields: w => registration(w.open, { block: { securemode: 'tls' } }),
    reason: 'parameter-invalid:securemode',
    code: 2,
  },
  {
    rule: 'authType must be a known word',
    fields: w => registration(w.open, { mode: 'enroll' }),
    reason: 'parameter-invalid:authType',
    code: 2,
  },
  {
    rule: 'authType may not be empty',
    fields: w => registration(w.open, { mode: '' }),
    reason: 'parameter-invalid:authType',
    code: 2,
  },
  {
    rule: 'signmethod must be a known method',
    fields: w => registration(w.open, { block: { signmethod: 'hmacsha512' } }),
    reason: 'parameter-invalid:signmethod',
    code: 2,
  },
  {
    rule: 'random may not be empty',
    fields: w => registration(w.open, { block: { random: '' } }),
    reason: 'parameter-invalid:random',
    code: 2,
  },
  {
    rule: 'random has at most 64 characters',
    fields: w => registration(w.open, { block: { random: '9'.repeat(65) } }),
    reason: 'parameter-invalid:random',
    code: 2,
  },
  {
    rule: 'the free part may not be empty',
    fields: w => ({ ...registration(w.open), clientId: registration(w.open).clientId.replace('newdevice1|', '|') }),
    reason: 'client-id-malformed',
    code: 2,
  },
  {
    rule: 'the free part has at most 64 characters',
    fields: w => ({
      ...registration(w.open),
      clientId: registration(w.open).clientId.replace('newdevice1|', `${'x'.repeat(65)}|`),
    }),
    reason: 'client-id-malformed',
    code: 2,
  },
  {
    rule: 'a device needs a block',
    fields: w => ({ ...registration(w.open), clientId: 'newdevice1' }),
    reason: 'block-missing',
    code: 2,
  },
  {
    rule: 'a login without a block and without a user name is nobody',
    fields: () => ({ clientId: 'someone' }),
    reason: 'block-missing',
    code: 2,
  },
  // User name and password.
  {
    rule: 'a user name is needed',
    fields: w => ({ clientId: registration(w.open).clientId }),
    reason: 'user-name-missing',
    code: 2,
  },
  {
    rule: 'the user name needs its &',
    fields: w => ({ ...registration(w.open), userName: 'newdevice1' }),
    reason: 'user-name-malformed',
    code: 2,
  },
  {
    rule: 'the user name has one & only',
    fields: w => ({ ...registration(w.open), userName: `new&device1&${w.open.productKey}` }),
    reason: 'user-name-malformed',
    code: 2,
  },
  {
    rule: 'a DeviceName stands before the &',
    fields: w => ({ ...registration(w.open), userName: `&${w.open.productKey}` }),
    reason: 'user-name-malformed',
    code: 2,
  },
  {
    rule: 'a ProductKey stands behind the &',
    fields: w => ({ ...registration(w.open), userName: 'newdevice1&' }),
    reason: 'user-name-malformed',
    code: 2,
  },
  {
    rule: 'a DeviceName has at least 4 characters',
    fields: w => registration(w.open, { dn: 'abc' }),
    reason: 'device-name-malformed',
    code: 2,
  },
  {
    rule: 'a DeviceName has at most 32 characters',
    fields: w => registration(w.open, { dn: 'd'.repeat(33) }),
    reason: 'device-name-malformed',
    code: 2,
  },
  {
    rule: 'a DeviceName has no white space',
    fields: w => registration(w.open, { dn: 'new device' }),
    reason: 'device-name-malformed',
    code: 2,
  },
  {
    rule: 'a DeviceName has no slash',
    fields: w => registration(w.open, { dn: 'new/device' }),
    reason: 'device-name-malformed',
    code: 2,
  },
  {
    rule: 'a DeviceName is ASCII',
    fields: w => registration(w.open, { dn: '设备设备' }),
    reason: 'device-name-malformed',
    code: 2,
  },
  {
    rule: 'a ProductKey is letters and digits',
    fields: w => ({ ...registration(w.open), userName: 'newdevice1&pk-1' }),
    reason: 'product-key-malformed',
    code: 2,
  },
  {
    rule: 'a ProductKey has at most 20 characters',
    fields: w => ({ ...registration(w.open), userName: `newdevice1&${'p'.repeat(21)}` }),
    reason: 'product-key-malformed',
    code: 2,
  },
  {
    rule: 'a password is needed to register',
    fields: w => ({ clientId: registration(w.open).clientId, userName: `newdevice1&${w.open.productKey}` }),
    reason: 'password-missing',
    code: 2,
  },
  {
    rule: 'a password is needed to log in',
    fields: w => ({ ...login(w), password: '' }),
    reason: 'password-missing',
    code: 2,
  },
  // The instance and the transport.
  {
    rule: 'an instanceId that is sent must be ours',
    fields: w => registration(w.open, { block: { instanceId: 'iot-other' } }),
    reason: 'instance-mismatch',
    code: 2,
    transports: ENCRYPTED,
  },
  { rule: 'regnwl needs TLS', fields: w => registration(w.open), reason: 'tls-required', code: 2, transports: PLAIN },
  {
    rule: 'register needs TLS',
    fields: w => registration(w.open, { mode: 'register', dn: 'precreated1' }),
    reason: 'tls-required',
    code: 2,
    transports: PLAIN,
  },
  {
    rule: 'securemode=2 does not make plain TCP encrypted',
    fields: w => registration(w.open, { block: { securemode: '2' } }),
    reason: 'tls-required',
    code: 2,
    transports: PLAIN,
  },
  // Signatures of registrations.
  {
    rule: 'the signature must be made with the ProductSecret',
    fields: w => registration({ ...w.open, productSecret: 'another-secret' }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'the DeviceSecret does not sign a registration',
    fields: w => registration({ ...w.open, productSecret: w.burntSecret }, { mode: 'register', dn: 'precreated1' }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'the signed parts have one order',
    fields: w =>
      resigned(registration(w.open), w.open, r => `productKey${w.open.productKey}deviceNamenewdevice1random${r}`),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'the random that is sent is the one that is signed',
    fields: w =>
      resigned(registration(w.open), w.open, () => `deviceNamenewdevice1productKey${w.open.productKey}random124`),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'the hash is the one announced',
    fields: w => ({
      ...registration(w.open),
      password: sign('hmacmd5', w.open.productSecret, `deviceNamenewdevice1productKey${w.open.productKey}random123`),
    }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a signature is hex, not base64',
    fields: w => ({
      ...registration(w.open),
      password: Buffer.from(registration(w.open).password ?? '', 'hex').toString('base64'),
    }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a plain hash is no HMAC',
    fields: w => ({
      ...registration(w.open),
      password: createHash('sha256')
        .update(`deviceNamenewdevice1productKey${w.open.productKey}random123${w.open.productSecret}`)
        .digest('hex'),
    }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a signature cut short is wrong',
    fields: w => ({ ...registration(w.open), password: registration(w.open).password?.slice(0, -2) ?? '' }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a signature with something behind it is wrong',
    fields: w => ({ ...registration(w.open), password: `${registration(w.open).password}00` }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'the ProductSecret itself is no signature',
    fields: w => ({ ...registration(w.open), password: w.open.productSecret }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'another device has another signature',
    fields: w => ({ ...registration(w.open), userName: `newdevice2&${w.open.productKey}` }),
    reason: 'signature-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  // Rules of registration.
  {
    rule: 'the product must exist',
    fields: () => registration({ productKey: 'nosuchproduct', productSecret: 'secret' }),
    reason: 'product-unknown',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'ProductKey and DeviceName may not be swapped',
    fields: w => ({ ...registration(w.open), userName: `${w.open.productKey}&newdevice1` }),
    reason: 'product-unknown',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'register needs a device that was created',
    fields: w => registration(w.open, { mode: 'register' }),
    reason: 'device-unknown',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'the switch refuses register',
    fields: w => registration(w.switchedOff, { mode: 'register', dn: 'waiting1' }),
    reason: 'switch-off',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'the switch refuses regnwl',
    fields: w => registration(w.switchedOff),
    reason: 'switch-off',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a product without the setting refuses regnwl',
    fields: w => registration(w.listOnly),
    reason: 'preregistration-free-off',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a disabled device may not register',
    fields: w => registration(w.open, { mode: 'register', dn: 'disabled1' }),
    reason: 'device-disabled',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a disabled device may not register by regnwl',
    fields: w => registration(w.open, { dn: 'disabled1' }),
    reason: 'device-disabled',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'an activated device may not register again',
    fields: w => registration(w.open, { mode: 'register', dn: 'activated1' }),
    reason: 'already-activated',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a name with an activated DeviceSecret refuses regnwl',
    fields: w => registration(w.open, { dn: 'activated1' }),
    reason: 'secret-identity',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'five used ClientIDs are enough',
    fields: w => registration(w.full, { dn: 'crowded1' }),
    reason: 'slots-full',
    code: 4,
    transports: ENCRYPTED,
  },
  // Logins with a DeviceSecret.
  {
    rule: 'a login needs the right DeviceSecret',
    fields: w => login(w, { secret: 'd'.repeat(32) }),
    reason: 'signature-mismatch',
    code: 4,
  },
  {
    rule: 'the ProductSecret does not log a device in',
    fields: w => login(w, { secret: w.open.productSecret }),
    reason: 'signature-mismatch',
    code: 4,
  },
  {
    rule: 'a login signs the timestamp that it sends',
    fields: w => ({ ...login(w), clientId: login(w).clientId.replace('2524608000000', '2524608000001') }),
    reason: 'signature-mismatch',
    code: 4,
  },
  {
    rule: 'a login signs its own free part',
    fields: w => ({ ...login(w), clientId: `x${login(w).clientId}` }),
    reason: 'signature-mismatch',
    code: 4,
  },
  {
    rule: 'a login must name a known device',
    fields: w => login(w, { dn: 'unknown1' }),
    reason: 'device-unknown',
    code: 4,
  },
  {
    rule: 'a login must name a known product',
    fields: w => ({ ...login(w), userName: 'activated1&nosuchproduct' }),
    reason: 'product-unknown',
    code: 4,
  },
  {
    rule: 'a device that never registered has no secret to log in with',
    fields: w => login(w, { dn: 'precreated1' }),
    reason: 'not-registered',
    code: 4,
  },
  {
    rule: 'a disabled device may not log in',
    fields: w => login(w, { dn: 'disabled1', secret: BURNT }),
    reason: 'device-disabled',
    code: 4,
  },
  {
    rule: 'a login with an unknown signmethod is malformed',
    fields: w => ({ ...login(w), clientId: login(w).clientId.replace('hmacsha256', 'rot13') }),
    reason: 'parameter-invalid:signmethod',
    code: 2,
  },
  {
    rule: 'a TLS-only product refuses plain logins',
    fields: w => secretLoginConnect({ productKey: w.tlsOnly.productKey, deviceName: 'burntin1', deviceSecret: BURNT }),
    reason: 'tls-only-product',
    code: 2,
    transports: PLAIN,
  },
  {
    rule: 'a strict product refuses Keep Alive below 30 s',
    fields: w => ({
      ...secretLoginConnect({ productKey: w.strict.productKey, deviceName: 'burntin1', deviceSecret: BURNT }),
      keepAliveSeconds: 29,
    }),
    reason: 'keep-alive-refused',
    code: 2,
  },
  {
    rule: 'a strict product refuses Keep Alive 0',
    fields: w => ({
      ...secretLoginConnect({ productKey: w.strict.productKey, deviceName: 'burntin1', deviceSecret: BURNT }),
      keepAliveSeconds: 0,
    }),
    reason: 'keep-alive-refused',
    code: 2,
  },
  // Logins with a DeviceToken.
  {
    rule: 'a token must be the one issued',
    fields: w => token(w, { deviceToken: 'wrongtoken' }),
    reason: 'token-mismatch',
    code: 4,
  },
  {
    rule: 'a token is case-sensitive',
    fields: w => token(w, { deviceToken: swapCase(w.tokens[0]?.deviceToken ?? '') }),
    reason: 'token-mismatch',
    code: 4,
  },
  {
    rule: 'a token belongs to its ClientID',
    fields: w => token(w, { deviceToken: w.tokens[1]?.deviceToken ?? '' }),
    reason: 'token-mismatch',
    code: 4,
  },
  {
    rule: 'a ClientID must be known',
    fields: w => token(w, { clientId: 'NoSuchClientId' }),
    reason: 'client-id-unknown',
    code: 4,
  },
  {
    rule: 'a ClientID belongs to its device',
    fields: w => token(w, { dn: 'crowded2' }),
    reason: 'client-id-unknown',
    code: 4,
  },
  {
    rule: 'a ClientID is letters and digits',
    fields: w => token(w, { clientId: 'no-such-client' }),
    reason: 'issued-client-id-malformed',
    code: 2,
  },
  {
    rule: 'a forbidden ClientID may not log in',
    fields: w => tokenLoginConnect({ productKey: w.full.productKey, deviceName: 'crowded2', ...w.forbidden }),
    reason: 'client-id-forbidden',
    code: 4,
  },
  {
    rule: 'a token login needs its token',
    fields: w => token(w, { deviceToken: '' }),
    reason: 'password-missing',
    code: 2,
  },
  // Application clients.
  {
    rule: 'an application key must be known',
    fields: () => ({ clientId: 'app', userName: 'nosuchkey', password: 'secret' }),
    reason: 'application-key-unknown',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'an application key needs its secret',
    fields: w => ({ clientId: 'app', userName: w.applicationKey.id, password: 'wrong' }),
    reason: 'application-key-mismatch',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a revoked key is refused',
    fields: w => ({ clientId: 'app', userName: w.revokedKey.id, password: w.revokedKey.secret }),
    reason: 'application-key-revoked',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'a viewer key is for HTTP',
    fields: w => ({ clientId: 'app', userName: w.viewerKey.id, password: w.viewerKey.secret }),
    reason: 'application-role-required',
    code: 4,
    transports: ENCRYPTED,
  },
  {
    rule: 'an application needs TLS',
    fields: w => ({ clientId: 'app', userName: w.applicationKey.id, password: w.applicationKey.secret }),
    reason: 'tls-required',
    code: 2,
    transports: PLAIN,
  },
]

const swapCase = (text: string): string =>
  [...text].map(letter => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase())).join('')

let hatchway: Hatchway
let world: World

beforeAll(async () => {
  hatchway = await Hatchway.start({ instanceId: 'iot-ours', connectsPerMinute: '0' })
  world = await createWorld()
})
afterAll(() => hatchway.close())

async function createWorld(): Promise<World> {
  const product = (settings: Record<string, unknown>) => hatchway.createProduct(settings)
  const open = await product({ name: 'open' })
  const switchedOff = await product({ name: 'switched off', dynamicRegistration: false })
  const listOnly = await product({ name: 'list only', preregistrationFree: false })
  const tlsOnly = await product({ name: 'TLS only', tlsOnly: true })
  const strict = await product({ name: 'strict', strictKeepAlive: true })
  const full = await product({ name: 'full' })
  await hatchway.createDevice(open.productKey, 'precreated1')
  await hatchway.createDevice(open.productKey, 'unactivated1', UNACTIVATED_SECRET)
  await hatchway.createDevice(switchedOff.productKey, 'waiting1')
  for (const { productKey } of [tlsOnly, strict]) await hatchway.createDevice(productKey, 'burntin1', BURNT)
  await hatchway.createDevice(open.productKey, 'disabled1', BURNT)
  await hatchway.api('POST', `/products/${open.productKey}/devices/disabled1/disable`)
  await hatchway.createDevice(open.productKey, 'activated1', 'a'.repeat(32))
  await logIn(
    secretLoginConnect({ productKey: open.productKey, deviceName: 'activated1', deviceSecret: 'a'.repeat(32) }),
  )
  const tokens: World['tokens'] = []
  for (let slot = 0; slot < 5; slot++) tokens.push(await registerAndUse(full, 'crowded1'))
  const kept = await registerAndUse(full, 'crowded2')
  const forbidden = await registerAndUse(full, 'crowded2')
  await hatchway.api('POST', `/products/${full.productKey}/devices/crowded2/client-ids/${kept.clientId}/keep`)
  const key = async (name: string, role: string) => (await hatchway.api('POST', '/keys', { name, role })).body
  const revokedKey = await key('revoked', 'application')
  await hatchway.api('DELETE', `/keys/${revokedKey.id}`)
  return {
    ...{ open, switchedOff, listOnly, tlsOnly, strict, full, tokens, forbidden, revokedKey },
    activatedSecret: 'a'.repeat(32),
    burntSecret: BURNT,
    applicationKey: await key('application', 'application'),
    viewerKey: await key('viewer', 'viewer'),
  }
}

async function logIn(fields: Fields): Promise<void> {
  const connection = await MqttConnection.open(hatchway.endpoint, 'tls')
  const connack = await connect(connection, fields)
  expect(connack.reasonCode).toBe(0)
  connection.end()
  await connection.closed
}

async function registerAndUse(
  product: Product,
  deviceName: string,
): Promise<{ clientId: string; deviceToken: string }> {
  const { clientId = '', deviceToken = '' } = await registerDevice(hatchway.endpoint, {
    ...product,
    mode: 'regnwl',
    deviceName,
  })
  await logIn(tokenLoginConnect({ productKey: product.productKey, deviceName, clientId, deviceToken }))
  return { clientId, deviceToken }
}

function connect(connection: MqttConnection, { clientId, userName, password, keepAliveSeconds = 60 }: Fields) {
  const credentials = {
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
  }
  return connection.connect({ clientId, keepAliveSeconds, ...credentials })
}

/** All that a CONNECT could have changed. */
async function registryState(): Promise<unknown> {
  const products = (await hatchway.api('GET', '/products?limit=200')).body.items
  const state: unknown[] = []
  for (const product of products) {
    const { productKey, deviceCount } = product
    const { items, total } = (await hatchway.api('GET', `/products/${productKey}/devices?limit=200`)).body
    const devices = items.map((device: Record<string, unknown>) => ({
      ...{
        name: device['deviceName'],
        activatedAt: device['activatedAt'],
        clientIds: device['clientIds'],
        status: device['status'],
      },
    }))
    state.push({ productKey, deviceCount, total, devices })
  }
  return state
}

const LEVELS: readonly ProtocolLevel[] = [3, 4, 5]
const V5_CODE = { 2: reasonCodes.clientIdentifierNotValid, 4: reasonCodes.badUserNameOrPassword } as const

describe.each(ROWS)('$rule', ({ fields, reason, code, transports = ['tls', 'tcp', 'ws', 'wss'] }) => {
  it(`is refused with code ${code}, ${reason} in the journal and no change, in every version and transport`, async () => {
    const before = await registryState()
    const newest = (await hatchway.api('GET', '/journal?limit=1')).body.items[0]?.id ?? 0
    for (const transport of transports) {
      for (const level of LEVELS) {
        const connection = await MqttConnection.open(hatchway.endpoint, transport, { level })
        const { reasonCode, sessionPresent, properties } = await connect(connection, fields(world))
        await connection.closed
        // Above level 4 the device sees the MQTT 5 code, and nothing beside it.
        expect({ transport, level, reasonCode }).toEqual({
          transport,
          level,
          reasonCode: level === 5 ? V5_CODE[code] : code,
        })
        expect({ sessionPresent, said: Object.values(properties ?? {}) }).toEqual({ sessionPresent: false, said: [] })
      }
    }
    for (const transport of transports) {
      for (const mqttVersion of ['3.1', '3.1.1', '5.0']) {
        const isThisOne = (entry: { id: number; transport: string; mqttVersion: string }): boolean =>
          entry.id > newest && entry.transport === transport && entry.mqttVersion === mqttVersion
        await hatchway.journalEntry({ reason, outcome: 'refused' }, isThisOne)
      }
    }
    expect(await registryState()).toEqual(before)
  })
})

describe('the table of wrong CONNECTs', () => {
  it('breaks at least sixty rules', () => {
    expect(new Set(ROWS.map(row => row.rule)).size).toBe(ROWS.length)
    expect(ROWS.length).toBeGreaterThanOrEqual(60)
  })

  it('starts from CONNECTs that are good before a rule is broken', async () => {
    for (const transport of ENCRYPTED) {
      const connection = await MqttConnection.open(hatchway.endpoint, transport)
      expect((await connect(connection, registration(world.open, { dn: `good-${transport}` }))).reasonCode).toBe(0)
      connection.destroy()
    }
    for (const transport of ['tls', 'tcp', 'ws', 'wss'] as const) {
      const connection = await MqttConnection.open(hatchway.endpoint, transport)
      expect((await connect(connection, login(world))).reasonCode).toBe(0)
      connection.destroy()
    }
    expect(
      registrationConnect({ ...world.open, mode: 'regnwl', deviceName: 'newdevice1', random: '123' }).password,
    ).toBe(registration(world.open).password)
  })
})
