import type { Credentials } from '@hatchway/device'
import { isTls } from '@hatchway/device'
import { isDeviceName, isProductSecret } from '@hatchway/protocol'
import type { ApiClient } from '../api-client.ts'
import { type Io, usageError } from '../io.ts'
import { type ApiOptions, openApi } from '../server-access.ts'
import type { Member } from './connects.ts'
import { readCredentialsFile } from './credentials-file.ts'
import type { FleetPlan } from './fleet.ts'
import { doorTo } from './line.ts'
import { messageTemplate } from './message-template.ts'
import { type Misbehaviours, misbehaviourOf } from './misbehaviour.ts'
import { prepareProduct } from './own-product.ts'
import { serverAddress } from './server-address.ts'
import type { Messages } from './session.ts'

export interface SimulateOptions extends ApiOptions {
  url?: string
  devices?: number
  mode: 'register' | 'regnwl'
  productKey?: string
  productSecret?: string
  prefix: string
  create?: true
  credentials?: string
  keep?: string
  rate: number
  concurrency: number
  publishInterval: number
  topic: string
  payload: string
  qos: '0' | '1'
  duration: number
  keepAlive: number
  mqttVersion: '3.1.1' | '5'
  timeout: number
  misbehave?: Misbehaviours
}

export const MAX_DEVICES = 20_000
const DEFAULT_DEVICES = 10
/** More than one process sends without falling behind. */
export const MAX_MESSAGES_PER_SECOND = 20_000
const MIN_NUMBER_DIGITS = 4

export const DEFAULTS = {
  prefix: 'sim-',
  topic: '/{productKey}/{deviceName}/user/update',
  payload: '{"count":{count},"time":{time},"value":{random}}',
} as const

/** Everything that a run needs, checked. Makes product and devices where that is asked for. Throws CliError. */
export async function planOf(options: SimulateOptions, io: Io): Promise<FleetPlan> {
  checkTogether(options)
  const messages = messagesOf(options)
  const saved = await savedDevices(options, io)
  checkMessageRate(options, saved?.length ?? countOf(options))
  // Opened only where it is needed: it may complain about a token that nobody asked for.
  let opened: ApiClient | undefined
  const api = (): ApiClient => (opened ??= openApi(options, io))
  const { url, ca } = await serverAddress(options, { api, io })
  const door = doorTo(url, {
    ...(ca === undefined ? {} : { ca }),
    level: options.mqttVersion === '5' ? 5 : 4,
    timeoutMs: options.timeout * 1000,
  })
  if (saved === undefined && !isTls(url)) {
    throw usageError('--url: registration needs TLS, since a secret comes back. Give mqtts://host:port.')
  }
  return {
    members: saved === undefined ? await newMembers(options, api) : savedMembers(saved, options),
    door,
    messages,
    perSecond: options.rate,
    atOnce: options.concurrency,
    keepAliveSeconds: options.keepAlive,
    durationMs: options.duration * 1000,
  }
}

function checkTogether(options: SimulateOptions): void {
  const { credentials, keep, productKey, productSecret, create } = options
  if (credentials !== undefined) {
    const [meaningless] =
      Object.entries({
        '--product-key': productKey,
        '--product-secret': productSecret,
        '--create': create,
        '--keep': keep,
      }).find(([, value]) => value !== undefined) ?? []
    if (meaningless === undefined) return
    throw usageError(
      `--credentials: these devices are registered, so ${meaningless} has no use. Leave one of them out.`,
    )
  }
  if (productKey === undefined && productSecret !== undefined) {
    throw usageError('--product-secret: needs --product-key as well.')
  }
  if (productKey !== undefined && productSecret === undefined && create === undefined) {
    throw usageError('--product-secret: is missing. Give it, or --create to get it by the API.')
  }
  if (productSecret !== undefined && !isProductSecret(productSecret)) {
    throw usageError('--product-secret: must be 1-64 visible ASCII characters.')
  }
  const name = deviceName(options, countOf(options))
  if (!isDeviceName(name)) {
    throw usageError(
      `--prefix: makes names such as "${name}". A DeviceName is 4-32 letters, digits or any of _ @ . : -`,
    )
  }
}

const countOf = ({ devices }: SimulateOptions): number => devices ?? DEFAULT_DEVICES

function checkMessageRate({ publishInterval }: SimulateOptions, devices: number): void {
  if (publishInterval === 0 || devices / publishInterval <= MAX_MESSAGES_PER_SECOND) return
  const perSecond = Math.round(devices / publishInterval)
  throw usageError(
    `--publish-interval: ${devices} devices would send ${perSecond} messages a second, and ${MAX_MESSAGES_PER_SECOND} are ` +
      'the limit. Give a longer interval or fewer devices.',
  )
}

function messagesOf({ topic, payload, qos, publishInterval }: SimulateOptions): Messages {
  return {
    topic: messageTemplate('--topic', topic),
    payload: messageTemplate('--payload', payload),
    qos: qos === '1' ? 1 : 0,
    intervalMs: publishInterval * 1000,
  }
}

async function savedDevices({ credentials, devices }: SimulateOptions, io: Io): Promise<Credentials[] | undefined> {
  if (credentials === undefined) return undefined
  return readCredentialsFile(credentials, { maxDevices: devices ?? MAX_DEVICES, io })
}

function savedMembers(saved: readonly Credentials[], { misbehave }: SimulateOptions): Member[] {
  return saved.map((credentials, index) => {
    const { mode, productKey, deviceName } = credentials
    return { mode, productKey, deviceName, productSecret: '', credentials, misbehaviour: wrongOf(index, misbehave) }
  })
}

async function newMembers(options: SimulateOptions, api: () => ApiClient): Promise<Member[]> {
  const { mode, productKey, productSecret, create, misbehave } = options
  const count = countOf(options)
  const deviceNames = Array.from({ length: count }, (_, index) => deviceName(options, index + 1))
  const isGiven = productKey !== undefined && productSecret !== undefined && create === undefined
  const product = isGiven
    ? { productKey, productSecret }
    : await prepareProduct(api(), { mode, productKey, productSecret, deviceNames })
  return deviceNames.map((name, index) => {
    return { ...product, mode, deviceName: name, credentials: undefined, misbehaviour: wrongOf(index, misbehave) }
  })
}

const wrongOf = (index: number, misbehave: Misbehaviours | undefined) =>
  misbehave === undefined ? undefined : misbehaviourOf(index, misbehave)

/** All as long as the last one, so that they sort. */
function deviceName(options: SimulateOptions, number: number): string {
  const digits = Math.max(MIN_NUMBER_DIGITS, String(countOf(options)).length)
  return `${options.prefix}${String(number).padStart(digits, '0')}`
}
