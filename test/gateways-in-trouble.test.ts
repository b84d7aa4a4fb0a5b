import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secretLoginConnect } from '@hatchway/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PostgresServer } from '../packages/server/src/registry/postgres/server.suite.ts'
import { registerDevice } from './harness/devices.ts'
import { eventually, type Product } from './harness/hatchway.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'
import { MqttConnection } from './harness/mqtt-connection.ts'

const DEVICE_SECRET = 'e'.repeat(32)
const LEASE_MS = 2000

let postgres: PostgresServer
let folder: string
let url: string
let started: HatchwayProcess[]
let connections: MqttConnection[]
beforeAll(async () => {
  postgres = await PostgresServer.create()
  folder = mkdtempSync(join(tmpdir(), 'hatchway-trouble-'))
  writeFileSync(join(folder, 'master.key'), randomBytes(32).toString('hex'), { mode: 0o600 })
})
afterAll(async () => {
  await postgres.remove()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(async () => {
  for (const connection of connections) connection.destroy()
  // Exit code 0 is also the proof that no rejection was left unhandled.
  const codes = await Promise.all(
    started.filter(({ process }) => process.signalCode === null).map(gateway => gateway.end('SIGTERM')),
  )
  expect(codes.filter(code => code !== 0)).toEqual([])
})

async function gateways(count: number): Promise<HatchwayProcess[]> {
  url = await postgres.database()
  connections = []
  const settings = ['--database-url', url, '--master-key-file', join(folder, 'master.key')]
  const leases = ['--gateway-lease-ms', String(LEASE_MS), '--store-timeout-ms', '1000']
  const starting = Array.from({ length: count }, () =>
    HatchwayProcess.start(mkdtempSync(join(folder, 'data-')), [...settings, ...leases]),
  )
  started = await Promise.all(starting)
  return started
}

async function productWith(gateway: HatchwayProcess, ...deviceNames: string[]): Promise<Product> {
  const everything = { name: 'test', dynamicRegistration: true, preregistrationFree: true }
  const product: Product = await gateway.api('POST', '/products', everything)
  for (const deviceName of deviceNames) {
    const device = { deviceName, deviceSecret: DEVICE_SECRET }
    await gateway.api('POST', `/products/${product.productKey}/devices`, device)
  }
  return product
}

async function connect(gateway: HatchwayProcess, { productKey }: Product, deviceName: string) {
  const fields = secretLoginConnect({ productKey, deviceName, deviceSecret: DEVICE_SECRET, serverSubscribe: true })
  const connection = await MqttConnection.open(gateway.endpoint, 'tcp')
  connections.push(connection)
  const { reasonCode } = await connection.connect({ ...fields, password: Buffer.from(fields.password) })
  return { connection, reasonCode }
}

async function loggedIn(gateway: HatchwayProcess, product: Product, deviceName: string): Promise<MqttConnection> {
  const { connection, reasonCode } = await connect(gateway, product, deviceName)
  expect(reasonCode).toBe(0)
  return connection
}

const statusOf = async (gateway: HatchwayProcess, { productKey }: Product, deviceName: string): Promise<string> =>
  (await gateway.api('GET', `/products/${productKey}/devices/${deviceName}`)).status

async function listenTo(gateway: HatchwayProcess, filter: string): Promise<MqttConnection> {
  const key = await gateway.api('POST', '/keys', { name: 'app', role: 'application' })
  const connection = await MqttConnection.open(gateway.endpoint, 'tls')
  connections.push(connection)
  const login = { clientId: 'app', userName: key.id, password: Buffer.from(key.secret) }
  expect((await connection.connect(login)).reasonCode).toBe(0)
  const subscription = { filter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  connection.send({ type: 'subscribe', packetId: 1, subscriptions: [subscription] })
  await connection.expect('suback')
  return connection
}

/** `{deviceName} {status}` of the next status message. */
async function nextStatus(application: MqttConnection): Promise<string> {
  const { payload, packetId = 0 } = await application.expect('publish')
  application.send({ type: 'puback', packetId, reasonCode: 0 })
  const { deviceName, status } = JSON.parse(Buffer.from(payload).toString())
  return `${deviceName} ${status}`
}

/** Asks for the time, which is answered without the registry: the connection lives and messages flow. */
async function talks(connection: MqttConnection, { productKey }: Product, deviceName: string): Promise<void> {
  const topic = `/ext/ntp/${productKey}/${deviceName}/request`
  const payload = Buffer.from('{"deviceSendTime":"1"}')
  connection.send({ type: 'publish', topic, payload, qos: 0, retain: false, dup: false })
  expect((await connection.expect('publish')).topic).toBe(`/ext/ntp/${productKey}/${deviceName}/response`)
}

describe('a gateway that is killed', () => {
  it('has its devices off line within the lease, and another one says so, once for each', async () => {
    const [doomed, other] = (await gateways(2)) as [HatchwayProcess, HatchwayProcess]
    const product = await productWith(doomed, 'dev1', 'dev2', 'moved')
    const application = await listenTo(other, `/as/mqtt/status/${product.productKey}/+`)
    for (const deviceName of ['dev1', 'dev2', 'moved']) await loggedIn(doomed, product, deviceName)
    await loggedIn(other, product, 'moved')
    expect(await nextStatus(application)).toBe('moved online')
    await eventually(async () => (await statusOf(other, product, 'dev2')) === 'ONLINE')
    await doomed.end('SIGKILL')
    expect([await nextStatus(application), await nextStatus(application)].sort()).toEqual([
      'dev1 offline',
      'dev2 offline',
    ])
    expect(await statusOf(other, product, 'dev1')).toBe('OFFLINE')
    expect(await statusOf(other, product, 'moved')).toBe('ONLINE')
    expect(await other.api('GET', `/products/${product.productKey}`)).toMatchObject({ onlineCount: 1 })
    expect(await application.untilPingresp()).toEqual([])
  })
})

describe('a gateway that stands still for longer than its lease', () => {
  it('is taken for dead, has its devices again when it goes on, and cuts off those that came elsewhere', async () => {
    const [still, other] = (await gateways(2)) as [HatchwayProcess, HatchwayProcess]
    const product = await productWith(other, 'stays', 'moves')
    const stays = await loggedIn(still, product, 'stays')
    const left = await loggedIn(still, product, 'moves')
    const hasBoth = async () => (await other.api('GET', `/products/${product.productKey}`)).onlineCount === 2
    await eventually(hasBoth)
    still.process.kill('SIGSTOP')
    try {
      for (const deviceName of ['stays', 'moves']) {
        await eventually(async () => (await statusOf(other, product, deviceName)) === 'OFFLINE')
      }
      const moved = await loggedIn(other, product, 'moves')
      still.process.kill('SIGCONT')
      await left.closed
      await eventually(hasBoth)
      await talks(stays, product, 'stays')
      await talks(moved, product, 'moves')
    } finally {
      still.process.kill('SIGCONT')
    }
  })
})

describe('a gateway that does not hear of changes', () => {
  it('cuts off a device that was disabled meanwhile, as soon as it hears again', async () => {
    const [one, deaf] = (await gateways(2)) as [HatchwayProcess, HatchwayProcess]
    const product = await productWith(one, 'dev1', 'dev2')
    const { productKey } = product
    const [disabled, stays] = [await loggedIn(deaf, product, 'dev1'), await loggedIn(deaf, product, 'dev2')]
    const database = new URL(url).pathname.slice(1)
    await one.api('POST', `/products/${productKey}/devices/dev1/enable`) // opens the connection that changes go by
    await postgres.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
    const cut = `SELECT count(pg_terminate_backend(pid))::integer AS cut FROM pg_stat_activity
      WHERE query = 'LISTEN hatchway' AND datname = '${database}'`
    expect(await postgres.query(cut)).toEqual([{ cut: 2 }])
    await one.api('POST', `/products/${productKey}/devices/dev1/disable`)
    await talks(disabled, product, 'dev1') // the notice was missed
    await postgres.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`)
    await disabled.closed
    await talks(stays, product, 'dev2')
  })
})

describe('while the database is away', () => {
  it('connected devices stay, known ones log in, others get code 3, and all heals by itself', async () => {
    const [gateway] = (await gateways(1)) as [HatchwayProcess]
    const product = await productWith(gateway, 'connected', 'known', 'fresh')
    const connected = await loggedIn(gateway, product, 'connected')
    ;(await loggedIn(gateway, product, 'known')).destroy()
    await eventually(async () => (await statusOf(gateway, product, 'known')) === 'OFFLINE')
    const readiness = async () => {
      const response = await fetch(`${gateway.http}/readyz`)
      return { status: response.status, ...((await response.json()) as { problems: string[] }) }
    }
    await postgres.stop('SIGQUIT')
    try {
      const registering = registerDevice(gateway.endpoint, { ...product, mode: 'regnwl', deviceName: 'newcomer' })
      await expect(registering).rejects.toThrow('refused with code 3')
      await talks(connected, product, 'connected')
      await eventually(async () => (await readiness()).problems.length === 2)
      await loggedIn(gateway, product, 'known')
      expect((await connect(gateway, product, 'fresh')).reasonCode).toBe(3)
      const { status, problems } = await readiness()
      expect(status).toBe(503)
      expect(problems).toEqual([
        expect.stringContaining("the registry can't be used since 2"),
        expect.stringContaining('clients that are remembered can log in until 2'),
      ])
      const figures = await (await fetch(`${gateway.http}/metrics`)).text()
      expect(figures).toContain('\nhatchway_database_away 1\n')
    } finally {
      await postgres.start()
    }
    await eventually(async () => (await readiness()).status === 200)
    await registerDevice(gateway.endpoint, { ...product, mode: 'regnwl', deviceName: 'newcomer' })
    await loggedIn(gateway, product, 'fresh')
    await eventually(async () => (await statusOf(gateway, product, 'known')) === 'ONLINE')
    await talks(connected, product, 'connected')
    await eventually(async () => {
      const figures = await (await fetch(`${gateway.http}/metrics`)).text()
      return figures.includes('\nhatchway_logins_from_memory_total 1\n')
    })
    const entries = await eventually(async () => {
      const { items } = await gateway.api('GET', `/journal?productKey=${product.productKey}&limit=50`)
      return items.length >= 4 && (items as { deviceName: string; outcome: string; reason: string }[])
    })
    const told = entries.map(({ deviceName, outcome, reason }) => `${deviceName} ${outcome} ${reason}`)
    expect(told).toContain('newcomer refused store-unavailable')
    expect(told).toContain('known admitted logged-in-from-memory')
    expect(told).toContain('fresh refused store-unavailable')
    expect(told).toContain('newcomer registered registered')
  })
})
