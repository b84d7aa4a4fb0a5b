import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type ConnectCredentials, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { registerDevice } from './harness/devices.ts'
import { ADMIN_TOKEN, eventually, type Product, type Reply } from './harness/hatchway.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'
import { MqttConnection, type Transport } from './harness/mqtt-connection.ts'

const WORKERS = 2
const open: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

/** `hatchway serve --workers N` with what a test asks of it. */
class Server {
  readonly process: HatchwayProcess
  readonly dataDir: string

  private constructor(process: HatchwayProcess, dataDir: string) {
    this.process = process
    this.dataDir = dataDir
  }

  static async start(flags: readonly string[] = [], workers = WORKERS): Promise<Server> {
    const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-workers-'))
    open.push(() => rmSync(dataDir, { recursive: true, force: true }))
    const args = ['--workers', String(workers), '--log-level', 'info', '--connects-per-minute', '0', ...flags]
    const process = await HatchwayProcess.start(dataDir, args, { TMPDIR: dataDir })
    open.push(() => process.end('SIGKILL'))
    return new Server(process, dataDir)
  }

  get endpoint() {
    return this.process.endpoint
  }

  async api(method: string, route: string, body?: unknown): Promise<Reply> {
    const headers: Record<string, string> = { authorization: `Bearer ${ADMIN_TOKEN}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const signal = AbortSignal.timeout(20_000)
    const response = await fetch(`${this.process.http}/api/v1${route}`, { method, headers, signal, ...sent })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }

  async product(): Promise<Product> {
    const settings = { name: 'workers', dynamicRegistration: true, preregistrationFree: true }
    return (await this.api('POST', '/products', settings)).body as Product
  }

  async applicationKey(): Promise<{ userName: string; password: Buffer }> {
    const { body } = await this.api('POST', '/keys', { name: 'application', role: 'application' })
    return { userName: body.id, password: Buffer.from(body.secret) }
  }

  /** Devices with a DeviceSecret, made by the API. */
  async devices(productKey: string, count: number): Promise<ConnectCredentials[]> {
    const devices = Array.from({ length: count }, (_, index) => {
      return { deviceName: `dev-${index}`, deviceSecret: `${index}`.padStart(32, 'a') }
    })
    const response = await fetch(`${this.process.http}/api/v1/products/${productKey}/imports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'text/csv' },
      body: devices.map(({ deviceName, deviceSecret }) => `${deviceName},${deviceSecret}\n`).join(''),
    })
    expect(response.ok).toBe(true)
    return devices.map(device => secretLoginConnect({ productKey, ...device, timestamp: '1' }))
  }

  /** A figure of the metrics page by the value of its label `worker`. */
  async byWorker(name: string): Promise<Map<string, number>> {
    const page = await (await fetch(`${this.process.http}/metrics`)).text()
    const lines = page.matchAll(new RegExp(`^${name}\\{worker="(\\d+)"\\} (\\S+)$`, 'gm'))
    return new Map(Array.from(lines, ([, worker = '', value]) => [worker, Number(value)]))
  }

  /** The process ids of the workers that have listened, by number; the last one of each. */
  pids(): Map<number, number> {
    const entries = this.process
      .log()
      .split('\n')
      .filter(line => line.includes('a worker process listens'))
    return new Map(entries.map(line => JSON.parse(line) as { worker: number; pid: number }).map(e => [e.worker, e.pid]))
  }
}

const asBytes = ({ password, ...rest }: ConnectCredentials) => ({ ...rest, password: Buffer.from(password) })

async function logIn(server: Server, credentials: ConnectCredentials, transport: Transport = 'tls') {
  const connection = await MqttConnection.open(server.endpoint, transport)
  open.push(() => connection.destroy())
  expect((await connection.connect(asBytes(credentials))).reasonCode).toBe(0)
  return connection
}

async function application(server: Server, clientId: string, more: object = {}): Promise<MqttConnection> {
  const key = await server.applicationKey()
  const connection = await MqttConnection.open(server.endpoint, 'tls')
  open.push(() => connection.destroy())
  expect((await connection.connect({ ...key, clientId, ...more })).reasonCode).toBe(0)
  return connection
}

async function subscribe(connection: MqttConnection, filter: string): Promise<void> {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  connection.send({ type: 'subscribe', packetId: 1, subscriptions: [{ filter, ...options }] })
  expect((await connection.expect('suback')).reasonCodes).toEqual([1])
}

const message = (topic: string, payload: string, packetId: number) =>
  ({ type: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false, packetId }) as const

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Enough connections that each worker has some. */
async function spread(server: Server, connect: (index: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < 200; index += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, more) => connect(index + more)))
    const connections = await eventually(async () => {
      const by = await server.byWorker('hatchway_worker_connections')
      const all = [...by.values()].reduce((sum, count) => sum + count, 0)
      return all >= index + 10 && [...by.values()]
    })
    if (connections.length === WORKERS && connections.every(count => count > 0)) return
  }
  throw new Error('one worker took all connections')
}

describe('with worker processes', () => {
  it('a device registers in both modes and logs in by every transport, and journal, events and figures tell of it', async () => {
    const server = await Server.start()
    const events = await fetch(`${server.process.http}/api/v1/events`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      signal: AbortSignal.timeout(30_000),
    })
    const stream = Readable.fromWeb(events.body as never)
    stream.on('error', () => {}) // it ends with the server
    const lines = createInterface({ input: stream })
    const seen: string[] = []
    lines.on('line', line => seen.push(line))

    const product = await server.product()
    const { productKey } = product
    await server.api('POST', `/products/${productKey}/devices`, { deviceName: 'listed' })
    const registration = { ...product, deviceName: 'listed' }
    const { deviceSecret = '' } = await registerDevice(server.endpoint, { ...registration, mode: 'register' })
    const free = await registerDevice(server.endpoint, {
      ...product,
      deviceName: 'free',
      mode: 'regnwl',
      transport: 'wss',
    })
    const { clientId = '', deviceToken = '' } = free
    const everything = await application(server, 'listener')
    await subscribe(everything, `/${productKey}/+/user/up`)

    const secret = secretLoginConnect({ productKey, deviceName: 'listed', deviceSecret, timestamp: '1' })
    const token = tokenLoginConnect({ productKey, deviceName: 'free', clientId, deviceToken })
    const logins = [
      ['tls', secret, 'listed'],
      ['tcp', token, 'free'],
      ['ws', secret, 'listed'],
      ['wss', token, 'free'],
    ] as const
    for (const [transport, credentials, deviceName] of logins) {
      const device = await logIn(server, credentials, transport)
      device.send(message(`/${productKey}/${deviceName}/user/up`, transport, 1))
      await device.expect('puback')
      const received = await everything.expect('publish')
      expect(received).toMatchObject({ topic: `/${productKey}/${deviceName}/user/up` })
      expect(Buffer.from(received.payload).toString()).toBe(transport)
      everything.send({ type: 'puback', packetId: received.packetId ?? 0, reasonCode: 0 })
      await eventually(async () => {
        const { body } = await server.api('GET', `/products/${productKey}/devices/${deviceName}`)
        return body.status === 'ONLINE' && body.address === '127.0.0.1'
      })
    }
    const stranger = await MqttConnection.open(server.endpoint, 'tls')
    const wrong = secretLoginConnect({ productKey, deviceName: 'listed', deviceSecret: 'f'.repeat(32), timestamp: '1' })
    expect((await stranger.connect(asBytes(wrong))).reasonCode).toBe(4)
    const entries = await eventually(async () => {
      const { items } = (await server.api('GET', `/journal?productKey=${productKey}`)).body
      return items.length === 3 && items
    })
    expect(entries.map((entry: { reason: string }) => entry.reason)).toEqual([
      'signature-mismatch',
      'registered',
      'registered',
    ])
    expect(entries[1]).toMatchObject({ deviceName: 'free', transport: 'wss', tlsVersion: 'TLSv1.3', mode: 'regnwl' })
    for (const { id } of entries) await eventually(async () => seen.includes(`id: ${id}`))
    expect(seen.filter(line => line === 'event: presence').length).toBeGreaterThanOrEqual(2)

    const stats = await eventually(async () => {
      const { body } = await server.api('GET', '/stats')
      return body.gateway.accepted === 8 && body
    })
    expect(stats.registry).toMatchObject({ devices: 2, activated: 2, clientIds: 1 })
    const metrics = await (await fetch(`${server.process.http}/metrics`)).text()
    expect(metrics).toMatch(/^hatchway_registrations_total\{mode="regnwl"\} 1$/m)
    expect(metrics).toMatch(/^hatchway_refusals_total\{reason="signature-mismatch"\} 1$/m)
    lines.close()
  })

  it('devices of different workers are in one broker, a device has one connection, and a disabled one is cut off', async () => {
    const server = await Server.start()
    const { productKey } = await server.product()
    const devices: MqttConnection[] = []
    const credentials = await server.devices(productKey, 200)
    await spread(server, async index => {
      const device = await logIn(server, credentials[index] ?? expect.fail('too many'), index % 2 === 0 ? 'tls' : 'tcp')
      devices[index] = device
    })
    const everything = await application(server, 'listener')
    await subscribe(everything, `/${productKey}/+/user/up`)
    for (const [index, device] of devices.entries()) {
      device.send(message(`/${productKey}/dev-${index}/user/up`, String(index), 1))
      await device.expect('puback')
      const { payload, packetId = 0 } = await everything.expect('publish')
      expect(Buffer.from(payload).toString()).toBe(String(index))
      everything.send({ type: 'puback', packetId, reasonCode: 0 })
      everything.send({ ...message(`/${productKey}/dev-${index}/user/get`, 'down', 2) })
      await everything.expect('puback')
    }
    // As often as it takes to have had both workers: the newest connection wins, wherever it is.
    let live = devices[0] ?? expect.fail('no device')
    for (let round = 0; round < 20; round++) {
      const next = await logIn(server, credentials[0] ?? expect.fail('no device'))
      await live.closed
      live = next
    }
    await server.api('POST', `/products/${productKey}/devices/dev-0/disable`)
    await live.closed
    for (let round = 0; round < 8; round++) {
      const refused = await MqttConnection.open(server.endpoint, 'tls')
      const connack = await refused.connect(asBytes(credentials[0] ?? expect.fail('no device')))
      expect(connack.reasonCode).toBe(4)
      refused.destroy()
    }
  })

  it('a TLS session that one worker has begun is resumed by all', async () => {
    const server = await Server.start()
    const { port, ca } = server.endpoint
    const visit = (session?: Buffer) =>
      new Promise<TLSSocket>((resolve, reject) => {
        const resumed = session === undefined ? {} : { session }
        const socket = connectTls({
          host: '127.0.0.1',
          port,
          ca,
          servername: 'localhost',
          maxVersion: 'TLSv1.2',
          ...resumed,
        })
        open.push(() => socket.destroy())
        socket.once('secureConnect', () => resolve(socket)).once('error', reject)
      })
    const first = await visit()
    expect(first.isSessionReused()).toBe(false)
    const session = first.getSession()
    await spread(server, async () => {
      expect((await visit(session)).isSessionReused()).toBe(true)
    })
  })
})

describe('a worker that is killed', () => {
  it('is replaced and named in the log, its devices come back, and no acknowledged message is lost', async () => {
    const server = await Server.start()
    const { productKey } = await server.product()
    const credentials = await server.devices(productKey, 20)
    const key = await server.applicationKey()
    const subscribed = Promise.withResolvers<void>()
    const received = new Set<string>()
    const acknowledged = new Set<string>()
    let isOver = false
    const subscriber = keepConnected(server, () => isOver, {
      connect: { ...key, clientId: 'persistent', cleanStart: false },
      async begin(connection, sessionPresent) {
        if (!sessionPresent) await subscribe(connection, `/${productKey}/+/user/up`)
        subscribed.resolve()
      },
      async step(connection) {
        const { payload, packetId = 0 } = await connection.expect('publish')
        received.add(Buffer.from(payload).toString())
        connection.send({ type: 'puback', packetId, reasonCode: 0 })
      },
    })
    await subscribed.promise
    let isEnough = false
    const publishers = credentials.map(async (login, index) => {
      let sent = 0
      await keepConnected(server, () => isEnough, {
        connect: asBytes(login),
        begin: async () => {},
        async step(connection) {
          const payload = `${index}/${sent}`
          connection.send(message(`/${productKey}/dev-${index}/user/up`, payload, (sent % 1000) + 1))
          await connection.expect('puback')
          acknowledged.add(payload)
          sent += 1
        },
      })
    })
    await eventually(async () => acknowledged.size > 200)
    const before = server.pids()
    const [victim = expect.fail('no worker'), killed = 0] = [...before][0] ?? []
    process.kill(killed, 'SIGKILL')
    await eventually(async () => server.pids().get(victim) !== killed)
    const atReturn = acknowledged.size
    await eventually(async () => acknowledged.size > atReturn + 200)
    isEnough = true
    await Promise.all(publishers)
    await eventually(async () => [...acknowledged].every(payload => received.has(payload)))
    isOver = true
    await server.process.end('SIGTERM')
    await subscriber
    expect(server.process.log()).toMatch(
      new RegExp(`"worker":${victim},"pid":${killed},"endedBy":"SIGKILL".*its devices reconnect`),
    )
  })

  it('is replaced on the same port also when it was the only one, as often as it takes', async () => {
    const server = await Server.start([], 1)
    const { productKey } = await server.product()
    const [login = expect.fail('no device')] = await server.devices(productKey, 1)
    for (let round = 1; round <= 2; round++) {
      const pid = server.pids().get(1) ?? 0
      const device = await logIn(server, login)
      // What it has told is counted on when it is gone.
      await eventually(async () => (await server.api('GET', '/stats')).body.gateway.accepted === round)
      process.kill(pid, 'SIGKILL')
      await device.closed
      await eventually(async () => server.pids().get(1) !== pid)
      expect((await fetch(`${server.process.http}/readyz`)).status).toBe(200)
    }
    await logIn(server, login)
    const metrics = await (await fetch(`${server.process.http}/metrics`)).text()
    expect(metrics).toMatch(/^hatchway_worker_restarts_total 2$/m)
    const { body } = await eventually(async () => {
      const stats = await server.api('GET', '/stats')
      return stats.body.gateway.accepted === 3 && stats
    })
    expect(body.gateway.connections.tls).toBe(1)
  })
})

interface Client {
  connect: Parameters<MqttConnection['connect']>[0]
  begin(connection: MqttConnection, sessionPresent: boolean): Promise<void>
  step(connection: MqttConnection): Promise<void>
}

/** Goes on step by step, with a new connection when one is lost, until it is over. */
async function keepConnected(server: Server, isOver: () => boolean, { connect, begin, step }: Client): Promise<void> {
  while (!isOver()) {
    let connection: MqttConnection | undefined
    try {
      connection = await MqttConnection.open(server.endpoint, 'tls')
      const { reasonCode, sessionPresent } = await connection.connect(connect)
      if (reasonCode !== 0) throw new Error(`refused with code ${reasonCode}`)
      await begin(connection, sessionPresent)
      while (!isOver()) await step(connection)
    } catch {
      // Lost, or not let in yet: once more.
    } finally {
      connection?.destroy()
    }
  }
}

describe('the main process', () => {
  it('takes its workers with it when it is killed, and they leave nothing behind', async () => {
    const server = await Server.start()
    const pids = [...server.pids().values()]
    expect(pids).toHaveLength(WORKERS)
    const sockets = (): string[] =>
      readdirSync(server.dataDir).filter(name => existsSync(join(server.dataDir, name, 's')))
    expect(sockets()).toHaveLength(1)
    await server.process.end('SIGKILL')
    await eventually(async () => !pids.some(isAlive))
    expect(sockets()).toEqual([])
  })

  it('stops in order: unready first, workers still serve, then all end with exit code 0', async () => {
    const server = await Server.start(['--drain-delay-ms', '1500'])
    const product = await server.product()
    const pids = [...server.pids().values()]
    const device = await registerDevice(server.endpoint, { ...product, deviceName: 'dev1', mode: 'regnwl' })
    const { clientId = '', deviceToken = '' } = device
    const login = tokenLoginConnect({ productKey: product.productKey, deviceName: 'dev1', clientId, deviceToken })
    const connection = await logIn(server, login)
    const ended = server.process.end('SIGTERM')
    await eventually(async () => (await fetch(`${server.process.http}/readyz`)).status === 503)
    await registerDevice(server.endpoint, { ...product, deviceName: 'dev2', mode: 'regnwl' })
    expect(await connection.untilPingresp()).toEqual([])
    expect(await ended).toBe(0)
    await connection.closed
    expect(pids.some(isAlive)).toBe(false)
    const refused = connectTcp(server.endpoint.port, '127.0.0.1')
    await new Promise(resolve => refused.once('error', resolve))
  })

  it('does not start when a worker can not listen, and says which port', async () => {
    const first = await Server.start()
    const port = String(first.endpoint.port)
    await expect(Server.start(['--mqtt-port', port])).rejects.toThrow(
      new RegExp(`^hatchway serve ended before it was ready: hatchway: can't start: MQTT port ${port} .* in use`),
    )
  })
})
