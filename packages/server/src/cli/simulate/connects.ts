import {
  ConnectionFailed,
  type Credentials,
  CredentialsInvalid,
  LoginRefused,
  parseCredentials,
  RegistrationRefused,
} from '@hatchway/device'
import {
  type ConnectCredentials,
  PUSH_TOPICS,
  parsePush,
  registrationConnect,
  secretLoginConnect,
  tokenLoginConnect,
} from '@hatchway/protocol'
import { encode, type Publish } from '../../mqtt/index.ts'
import { DeviceLine, type Door } from './line.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import type { Tally } from './tally.ts'

/** One device of a fleet before its first connection. */
export interface Member {
  productKey: string
  deviceName: string
  mode: 'register' | 'regnwl'
  /** Empty where there are credentials: nothing is registered. */
  productSecret: string
  credentials: Credentials | undefined
  misbehaviour: Misbehaviour | undefined
}

export interface Connecting {
  door: Door
  keepAliveSeconds: number
  tally: Tally
}

/** Registers and hangs up. Rejects with RegistrationRefused or ConnectionFailed. */
export async function registerMember(member: Member, connecting: Connecting): Promise<Credentials> {
  const { mode, deviceName, misbehaviour } = member
  const connect = registrationConnect({
    ...{ mode, deviceName, productKey: productKeyOf(member) },
    productSecret: misbehaviour === 'wrong-secret' ? altered(member.productSecret) : member.productSecret,
    random: crypto.randomUUID().replaceAll('-', ''),
  })
  const line = await openLine(connecting)
  try {
    const sentAt = performance.now()
    sendConnect(line, connect, { member, connecting })
    const { reasonCode } = await line.expect('connack')
    if (reasonCode !== 0) throw new RegistrationRefused(reasonCode)
    const credentials = pushedCredentials(mode, await line.expect('publish'))
    connecting.tally.noteRegistration(performance.now() - sentAt)
    return credentials
  } finally {
    await line.hangUp()
  }
}

/** Logs in; the line is the caller's. Rejects with LoginRefused or ConnectionFailed. */
export async function logInMember(
  member: Member,
  credentials: Credentials,
  connecting: Connecting,
): Promise<DeviceLine> {
  const connect = loginOf(member, credentials, connecting.door)
  const line = await openLine(connecting)
  try {
    const sentAt = performance.now()
    sendConnect(line, connect, { member, connecting })
    const { reasonCode } = await line.expect('connack')
    if (reasonCode !== 0) throw new LoginRefused(reasonCode)
    connecting.tally.loginMs.add(performance.now() - sentAt)
    return line
  } catch (error) {
    line.cut()
    throw error
  }
}

async function openLine({ door, tally }: Connecting): Promise<DeviceLine> {
  const startedAt = performance.now()
  const line = await DeviceLine.open(door)
  tally.connectMs.add(performance.now() - startedAt)
  return line
}

/** The server subscribes the device to what is meant for it (`_ss=1`), as C SDKs have it. */
function loginOf(member: Member, credentials: Credentials, door: Door): ConnectCredentials {
  const names = { productKey: productKeyOf(member), deviceName: member.deviceName, serverSubscribe: true }
  const secretOf = (secret: string): string => (member.misbehaviour === 'wrong-secret' ? altered(secret) : secret)
  if (credentials.mode === 'regnwl') {
    const { clientId, deviceToken } = credentials
    return tokenLoginConnect({ ...names, clientId, deviceToken: secretOf(deviceToken) })
  }
  const secureMode = door.secureContext === undefined ? 3 : 2
  return secretLoginConnect({ ...names, secureMode, deviceSecret: secretOf(credentials.deviceSecret) })
}

function sendConnect(
  line: DeviceLine,
  { clientId, userName, password }: ConnectCredentials,
  { member: { misbehaviour }, connecting: { door, keepAliveSeconds } }: { member: Member; connecting: Connecting },
): void {
  const bytes = encode(
    {
      type: 'connect',
      protocolLevel: door.level,
      cleanStart: true,
      keepAliveSeconds,
      clientId: misbehaviour === 'no-closing-bar' ? clientId.slice(0, -1) : clientId,
      userName,
      password: Buffer.from(password),
    },
    door.level,
  )
  line.sendBytes(misbehaviour === 'slow' ? bytes.subarray(0, bytes.length / 2) : bytes)
}

function pushedCredentials(mode: Member['mode'], { topic, payload }: Publish): Credentials {
  try {
    const parsed = parsePush(topic, payload)
    if (!parsed.ok) throw new CredentialsInvalid(parsed.detail)
    if (topic !== PUSH_TOPICS[mode]) throw new CredentialsInvalid(`they came on ${topic}`)
    return parseCredentials({ ...parsed.push, mode })
  } catch (cause) {
    if (!(cause instanceof CredentialsInvalid)) throw cause
    const message = `the server accepted a registration, but the credentials that it pushed are no good: ${cause.message}`
    throw new ConnectionFailed(message, { retryable: false, cause })
  }
}

const productKeyOf = ({ misbehaviour, productKey }: Member): string =>
  misbehaviour === 'unknown-product' ? altered(productKey) : productKey

/** As long, and another: its last letter is changed. */
const altered = (text: string): string => `${text.slice(0, -1)}${text.endsWith('x') ? 'y' : 'x'}`
