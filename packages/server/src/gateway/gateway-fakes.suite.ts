import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { ReasonCode } from '@hatchway/protocol'
import { afterAll, afterEach, beforeAll, vi } from 'vitest'
import type { Attachment, AttachRequest, Broker } from '../broker/port.ts'
import { type Connect, encodeConnack, encodeConnect, encodePingresp } from '../mqtt/index.ts'
import type { Admission, Onboarding, Peer } from '../onboarding/admission.ts'
import type { Journal } from '../registry/registry.ts'
import type { NewJournalEntry } from '../registry/types.ts'
import { type Certificates, loadCertificates } from './certificates/index.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { defaultGatewaySettings, type GatewaySettings } from './settings.ts'

/** Certificates in a folder of their own. */
export async function temporaryCertificates(): Promise<{ certificates: Certificates; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'hatchway-gateway-'))
  const certificates = await loadCertificates({ dataDir: folder, publicHosts: [] })
  return { certificates, remove: () => rm(folder, { recursive: true }) }
}

export const push = { topic: '/ext/register', payload: '{"deviceSecret":"0123456789abcdef"}' }

export const admittedAs = (sessionId: string): Admission => ({
  kind: 'admitted',
  identity: { kind: 'device', sessionId, productKey: 'pk1', deviceName: 'dev1', clientId: null },
  keepAliveSeconds: 60,
  keepAliveChanged: false,
  serverSubscriptions: ['/sys/pk1/dev1/#'],
})

/** Decides by how the clientId begins. */
function decide(connect: Connect): Admission {
  if (connect.clientId.startsWith('register'))
    return { kind: 'registered', push, device: { mode: 'register', productKey: 'pk1', deviceName: 'dev1' } }
  if (connect.clientId.startsWith('refuse')) return { kind: 'refused', reason: 'signature-mismatch' }
  return admittedAs(connect.clientId)
}

export interface AttachedDevice {
  request: AttachRequest
  received: Buffer[]
  closedTimes: number
}

/** Answers CONNECT and PINGREQ, and keeps what else it hears. */
export class FakeBroker {
  readonly attached: AttachedDevice[] = []

  attach(request: AttachRequest): Attachment {
    const device: AttachedDevice = { request, received: [], closedTimes: 0 }
    this.attached.push(device)
    const { protocolLevel } = request.connect
    request.link.write(encodeConnack({ type: 'connack', sessionPresent: false, reasonCode: 0 }, protocolLevel))
    return {
      receive: chunk => {
        device.received.push(Buffer.from(chunk))
        if (chunk[0] === 0xc0) request.link.write(encodePingresp())
        if (chunk[0] === 0xe0) request.link.end()
      },
      closed: () => {
        device.closedTimes += 1
      },
    }
  }
}

export interface RunningGateway {
  gateway: Gateway
  port: number
  broker: FakeBroker
  journal: NewJournalEntry[]
  logged: unknown[]
  asked: { connect: Connect; peer: Peer }[]
  /** The first entry with the reason, once it is there. */
  entry(reason: ReasonCode): Promise<NewJournalEntry>
  close(): Promise<void>
}

export interface GatewayOverrides {
  settings?: Partial<GatewaySettings>
  admit?: (connect: Connect, peer: Peer) => Admission | Promise<Admission>
  broker?: Pick<Broker, 'attach'>
  ticketSecret?: Uint8Array
  now?: () => number
}

/** A gateway on a free port of 127.0.0.1 with fakes behind it. */
export async function startGateway(
  certificates: Certificates,
  overrides: GatewayOverrides = {},
): Promise<RunningGateway> {
  const broker = new FakeBroker()
  const journal: NewJournalEntry[] = []
  const logged: unknown[] = []
  const asked: RunningGateway['asked'] = []
  const onboarding: Pick<Onboarding, 'admit'> = {
    async admit(connect, peer) {
      asked.push({ connect, peer })
      return (overrides.admit ?? decide)(connect, peer)
    },
  }
  const keep = (values: object): void => void logged.push(values)
  const gateway = createGateway({
    settings: { ...defaultGatewaySettings, host: '127.0.0.1', ports: [0], ...overrides.settings },
    onboarding: onboarding as Onboarding,
    broker: overrides.broker ?? broker,
    journal: { record: entry => void journal.push(entry) } as Pick<Journal, 'record'> as Journal,
    certificates,
    ...(overrides.ticketSecret === undefined ? {} : { ticketSecret: overrides.ticketSecret }),
    clock: { now: overrides.now ?? (() => 1_800_000_000_000) },
    log: { info: keep, warn: keep, error: keep },
  })
  const [address] = await gateway.listen()
  if (address === undefined) throw new Error('no address')
  return {
    gateway,
    port: address.port,
    broker,
    journal,
    logged,
    asked,
    entry: reason => until(() => journal.find(entry => entry.reason === reason), `a journal entry ${reason}`),
    close: () => gateway.close(2000),
  }
}

/** Waits for a condition; fails after 10 s, saying for what. */
export function until<Value>(condition: () => Value | undefined | false, what: string): Promise<Value> {
  return vi.waitFor(
    () => {
      const value = condition()
      if (value === undefined || value === false) throw new Error(`there was not ${what}`)
      return value
    },
    { timeout: 10_000, interval: 2 },
  )
}

/** A client's socket that keeps all it hears. */
export class RawClient {
  readonly socket: Socket
  received: Buffer = Buffer.alloc(0)
  #closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk])
    })
    socket.on('error', () => {}) // a reset is one way in which the server closes
    socket.on('close', () => {
      this.#closed = true
    })
  }

  /** Waits until that many bytes are there. */
  async read(count: number): Promise<Buffer> {
    await until(() => this.received.length >= count, `${count} bytes; ${this.received.toString('hex')} came`)
    return this.received
  }

  async closed(): Promise<Buffer> {
    await until(() => this.#closed, 'the end of the connection')
    return this.received
  }
}

export async function tcpClient(port: number): Promise<RawClient> {
  const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return new RawClient(socket)
}

export async function tlsClient(
  port: number,
  certificates: Certificates,
  options: ConnectionOptions = {},
): Promise<RawClient> {
  const ca = certificates.caPem ?? ''
  const socket = connectTls({ host: '127.0.0.1', port, ca, ...options })
  await once(socket, 'secureConnect')
  return new RawClient(socket)
}

export function connectBytes(clientId: string, more: Partial<Connect> = {}): Buffer {
  return encodeConnect({
    type: 'connect',
    protocolLevel: 4,
    cleanStart: true,
    keepAliveSeconds: 60,
    clientId,
    userName: 'dev1&pk1',
    password: Buffer.from('00'),
    ...more,
  })
}

export const acceptedBytes = encodeConnack({ type: 'connack', sessionPresent: false, reasonCode: 0 }, 4)

/** Certificates for the file's tests, and gateways that are closed after each of them. */
export function useGateways(): {
  start(overrides?: GatewayOverrides): Promise<RunningGateway>
  certificates(): Certificates
} {
  let temporary: { certificates: Certificates; remove(): Promise<void> } | undefined
  const running: RunningGateway[] = []
  const certificates = (): Certificates => {
    if (temporary === undefined) throw new Error('certificates are made before the first test')
    return temporary.certificates
  }
  beforeAll(async () => {
    temporary = await temporaryCertificates()
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map(one => one.close()))
  })
  afterAll(() => temporary?.remove())
  return {
    certificates,
    async start(overrides = {}) {
      const one = await startGateway(certificates(), overrides)
      running.push(one)
      return one
    },
  }
}
