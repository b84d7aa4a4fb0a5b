import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { secretLoginConnect } from '@hatchway/protocol'
import type { MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PostgresServer } from '../packages/server/src/registry/postgres/server.suite.ts'
import type { BrokerProcess } from './harness/broker-process.ts'
import { FieldDevice, roamingClient } from './harness/field-device.ts'
import { freePort } from './harness/free-port.ts'
import { BALANCER_HOST, Haproxy } from './harness/haproxy.ts'
import { eventually, type Product } from './harness/hatchway.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'
import { type Endpoint, MqttConnection } from './harness/mqtt-connection.ts'
import { startNatsCluster, upstreamUrl } from './harness/upstreams.ts'

const DRILL_TIMEOUT_MS = 240_000
const RECOVERY_TIMEOUT_MS = 90_000
const NEWCOMERS_PAUSE_MS = 100

let postgres: PostgresServer
let nats: readonly BrokerProcess[] = []
let folder: string
const gateways: Gateway[] = []
let devices: FieldDevice[] = []
const open: { close(): Promise<unknown> }[] = []

beforeAll(async () => {
  ;[postgres, nats] = await Promise.all([PostgresServer.create(), startNatsCluster()])
  folder = mkdtempSync(join(tmpdir(), 'hatchway-cluster-'))
  writeFileSync(join(folder, 'master.key'), randomBytes(32).toString('hex'), { mode: 0o600 })
})
afterEach(async () => {
  for (const device of devices.splice(0)) device.abandon()
  for (const one of open.splice(0)) await one.close()
  await Promise.all(gateways.splice(0).map(gateway => gateway.end('SIGKILL')))
})
afterAll(async () => {
  await Promise.all([postgres.remove(), ...nats.map(node => node.close())])
  rmSync(folder, { recursive: true, force: true })
})

/** One of several servers with one registry, one CA and one MQTT cluster; on the same ports after a restart. */
class Gateway {
  readonly #settings: readonly string[]
  readonly #dataDir: string
  #running: HatchwayProcess | undefined

  private constructor(dataDir: string, settings: readonly string[]) {
    this.#dataDir = dataDir
    this.#settings = settings
  }

  /** As docs/deploy.md does it: the first makes the CA, the other gets it. That one has worker processes. */
  static async startPair(options: { behindBalancer: boolean }): Promise<[Gateway, Gateway]> {
    const databaseUrl = await postgres.database()
    const upstream = upstreamUrl(...nats.map(({ port }) => port))
    const masterKeyFile = join(folder, 'master.key')
    const shared = ['--database-url', databaseUrl, '--master-key-file', masterKeyFile, '--upstream-url', upstream]
    const start = async (dataDir: string, workers: number): Promise<Gateway> => {
      const mqttPort = String(await freePort())
      const ports = [
        '--mqtt-port',
        mqttPort,
        '--http-port',
        String(await freePort()),
        '--gateway-lease-ms',
        '2000',
        '--workers',
        `${workers}`,
      ]
      const balanced = ['--proxy-protocol-ports', mqttPort, '--proxy-protocol-trusted', '127.0.0.1']
      const drained = [...balanced, '--drain-delay-ms', '3000']
      const gateway = new Gateway(dataDir, [...shared, ...ports, ...(options.behindBalancer ? drained : [])])
      await gateway.start()
      gateways.push(gateway)
      return gateway
    }
    const [one, other] = [mkdtempSync(join(folder, 'one-')), mkdtempSync(join(folder, 'other-'))]
    const first = await start(one, 0)
    for (const file of ['ca.pem', 'ca-key.pem']) copyFileSync(join(one, file), join(other, file))
    return [first, await start(other, 2)]
  }

  async start(): Promise<void> {
    this.#running = await HatchwayProcess.start(this.#dataDir, this.#settings)
  }

  get server(): HatchwayProcess {
    if (this.#running === undefined) throw new Error('the gateway does not run')
    return this.#running
  }

  async end(signal: NodeJS.Signals): Promise<unknown> {
    return this.#running?.end(signal)
  }
}

async function productOf({ server }: Gateway, names: readonly string[]): Promise<Product> {
  const everything = { name: 'drill', dynamicRegistration: true, preregistrationFree: true }
  const product: Product = await server.api('POST', '/products', everything)
  for (const deviceName of names) await server.api('POST', `/products/${product.productKey}/devices`, { deviceName })
  return product
}

/** An application whose session outlives its connections; `received` has every text that ever came. */
async function subscriberOf(gateway: Gateway, endpoints: readonly Endpoint[], { productKey }: Product) {
  const { id, secret } = await gateway.server.api('POST', '/keys', { name: 'drill', role: 'application' })
  const login = { username: id, password: secret, clientId: 'drill', clean: false }
  const client = roamingClient(endpoints, login)
  open.push({ close: async () => client.end(true) })
  const received = new Set<string>()
  client.on('message', (_topic, payload) => received.add(payload.toString()))
  await client.subscribeAsync(`/${productKey}/+/user/update`, { qos: 1 })
  return { client, received }
}

/** Each device is on line and has a message acknowledged that it published after now. */
async function allPublishAnew(): Promise<void> {
  const before = devices.map(({ acknowledged }) => acknowledged.length)
  const isAnew = ({ acknowledged }: FieldDevice, at: number) => acknowledged.length > (before[at] ?? 0) + 1
  await eventually(async () => devices.every(isAnew), RECOVERY_TIMEOUT_MS)
}

/** Every message that a device was told is owned has reached the application. */
async function nothingIsLost(application: { client: MqttClient; received: Set<string> }): Promise<number> {
  await Promise.all(devices.map(device => device.stop()))
  const owned = devices.flatMap(({ acknowledged }) => acknowledged)
  const lost = () => owned.filter(text => !application.received.has(text))
  await eventually(async () => lost().length === 0, RECOVERY_TIMEOUT_MS).catch(() => undefined)
  expect(lost()).toEqual([])
  return owned.length
}

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(3, '0')}`)

async function commission(count: number, endpoints: readonly Endpoint[]): Promise<Product> {
  const [first] = gateways as [Gateway]
  const [listed, unlisted] = [numbered('listed-', count / 2), numbered('unlisted-', count / 2)]
  const product = await productOf(first, listed)
  const all = [
    ...listed.map(name => ({ name, mode: 'register' as const })),
    ...unlisted.map(name => ({ name, mode: 'regnwl' as const })),
  ]
  // Every second one begins at the other gateway.
  const order = (at: number) => (at % 2 === 0 ? endpoints : endpoints.toReversed())
  devices = await Promise.all(all.map((device, at) => FieldDevice.commission(order(at), product, device)))
  return product
}

/** New devices, as long as nobody says stop; resolves with how many there were. */
async function commissionOneByOne(
  endpoints: readonly Endpoint[],
  product: Product,
  stop: AbortSignal,
): Promise<number> {
  let count = 0
  for (; !stop.aborted; count++) {
    const name = `newcomer-${count}`
    const device = await FieldDevice.commission(endpoints, product, { name, mode: 'regnwl' })
    device.start()
    devices.push(device)
    await setTimeout(NEWCOMERS_PAUSE_MS)
  }
  return count
}

const secret = 'a'.repeat(32)
async function loggedIn(endpoint: Endpoint, { productKey }: Product, deviceName: string): Promise<MqttConnection> {
  const login = secretLoginConnect({ productKey, deviceName, deviceSecret: secret })
  const connection = await MqttConnection.open(endpoint, 'tls')
  open.push({ close: async () => connection.destroy() })
  const { reasonCode } = await connection.connect({ ...login, password: Buffer.from(login.password) })
  expect(reasonCode).toBe(0)
  return connection
}

describe('two gateways with one PostgreSQL database and a NATS cluster of three', () => {
  it('lose a gateway and then a node under 200 devices, and no acknowledged message', {
    timeout: DRILL_TIMEOUT_MS,
  }, async () => {
    const [doomed, other] = await Gateway.startPair({ behindBalancer: false })
    const endpoints = [doomed.server.endpoint, other.server.endpoint]
    const product = await commission(200, endpoints)
    const application = await subscriberOf(doomed, endpoints, product)
    for (const device of devices) device.start()
    await allPublishAnew()
    await doomed.end('SIGKILL')
    await allPublishAnew()
    await nats[1]?.stop('SIGKILL')
    await allPublishAnew()
    expect(await nothingIsLost(application)).toBeGreaterThan(600)

    await nats[1]?.start()
    await doomed.start()
    await eventually(async () => (await fetch(`${doomed.server.http}/readyz`)).status === 200)
  })

  it('know one device by one connection, and cut it off wherever it is', async () => {
    const [one, other] = await Gateway.startPair({ behindBalancer: false })
    const product = await productOf(one, [])
    const route = `/products/${product.productKey}/devices`
    await one.server.api('POST', route, { deviceName: 'roaming', deviceSecret: secret })
    const older = await loggedIn(one.server.endpoint, product, 'roaming')
    const newer = await loggedIn(other.server.endpoint, product, 'roaming')
    await older.closed
    expect(await newer.untilPingresp()).toEqual([])
    await eventually(async () => (await one.server.api('GET', `${route}/roaming`)).status === 'ONLINE')
    await one.server.api('POST', `${route}/roaming/disable`)
    await newer.closed
  })
})

describe('a rolling restart of two gateways behind HAProxy', () => {
  it('loses no registration and no acknowledged message', { timeout: DRILL_TIMEOUT_MS }, async () => {
    const pair = await Gateway.startPair({ behindBalancer: true })
    const balancer = await Haproxy.start(
      pair.map(({ server }) => ({ mqttPort: server.endpoint.port, http: server.http })),
      'send-proxy-v2',
    )
    open.push(balancer)
    const [first] = pair
    const endpoints = [{ ...first.server.endpoint, host: BALANCER_HOST, port: balancer.port }]
    const product = await commission(40, endpoints)
    const application = await subscriberOf(first, endpoints, product)
    for (const device of devices) device.start()
    await allPublishAnew()

    const newcomers = new AbortController()
    const arriving = commissionOneByOne(endpoints, product, newcomers.signal)
    for (const [at, gateway] of pair.entries()) {
      expect(await gateway.end('SIGTERM')).toBe(0)
      await gateway.start()
      await eventually(async () => (await balancer.states()).get(`hatchway-${at + 1}`) === 'UP L7OK')
    }
    newcomers.abort()
    expect(await arriving).toBeGreaterThan(20)
    await allPublishAnew()
    await nothingIsLost(application)
    // Each was let in at once: nobody met a gateway that was about to stop.
    expect(devices.flatMap(({ failures }) => failures)).toEqual([])
  })
})
