import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSWORD, PostgresServer } from '../packages/server/src/registry/postgres/server.suite.ts'
import { type Issued, registerDevice } from './harness/devices.ts'
import { ADMIN_TOKEN, type Product } from './harness/hatchway.ts'
import { BIN, freePorts, HatchwayProcess, withoutHatchway } from './harness/hatchway-process.ts'
import { MqttConnection } from './harness/mqtt-connection.ts'

let postgres: PostgresServer
let folder: string
const started: HatchwayProcess[] = []
beforeAll(async () => {
  postgres = await PostgresServer.create()
  folder = mkdtempSync(join(tmpdir(), 'hatchway-gateways-'))
  writeFileSync(keyFile('shared'), randomBytes(32).toString('hex'), { mode: 0o600 })
})
afterAll(async () => {
  await Promise.all(started.map(gateway => gateway.end('SIGKILL')))
  await postgres.remove()
  rmSync(folder, { recursive: true, force: true })
})

const keyFile = (name: string): string => join(folder, `${name}.key`)
const settings = (url: string, key = 'shared'): string[] => ['--database-url', url, '--master-key-file', keyFile(key)]

async function logsIn(gateway: HatchwayProcess, product: Product, deviceName: string, issued: Issued): Promise<number> {
  const { productKey } = product
  const { deviceSecret, clientId = '', deviceToken = '' } = issued
  const fields =
    deviceSecret === undefined
      ? tokenLoginConnect({ productKey, deviceName, clientId, deviceToken })
      : secretLoginConnect({ productKey, deviceName, deviceSecret })
  const connection = await MqttConnection.open(gateway.endpoint, 'tcp')
  const connack = await connection.connect({ ...fields, password: Buffer.from(fields.password) })
  connection.destroy()
  return connack.reasonCode
}

async function startGateway(name: string, url: string): Promise<HatchwayProcess> {
  const gateway = await HatchwayProcess.start(join(folder, name), settings(url))
  started.push(gateway)
  return gateway
}

interface Happening {
  event: string
  data: { deviceName?: string; status?: string; gateways?: number; reason?: string }
}

/** An open event stream: what it tells from now on. */
async function openEvents({ http }: HatchwayProcess): Promise<AsyncGenerator<Happening>> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const { body } = await fetch(`${http}/api/v1/events`, { headers, signal: AbortSignal.timeout(20_000) })
  if (body === null) throw new Error('there is no stream')
  return happenings(body)
}

async function* happenings(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Happening> {
  let [text, event] = ['', '']
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = `${text}${chunk}`.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('event: ')) event = line.slice('event: '.length)
      if (line.startsWith('data: ')) yield { event, data: JSON.parse(line.slice('data: '.length)) }
    }
  }
}

/** Resolves to how to wait for so many devices that the stream tells to be registered. */
async function followRegistrations(gateway: HatchwayProcess): Promise<(count: number) => Promise<string[]>> {
  const events = await openEvents(gateway)
  return async count => {
    const names: string[] = []
    for await (const { data } of events) {
      if (data.reason === 'registered') names.push(data.deviceName ?? '')
      if (names.length >= count) return names
    }
    throw new Error('the stream ended')
  }
}

describe('two gateways on one PostgreSQL database', () => {
  it('start together on an empty one; a device registers at one and logs in at the other', async () => {
    const url = await postgres.database()
    const start = (name: string) => startGateway(name, url)
    const [first, second] = await Promise.all([start('first'), start('second')])
    const everything = { name: 'test', dynamicRegistration: true, preregistrationFree: true }
    const product = (await first.api('POST', '/products', everything)) as Product
    await second.api('POST', `/products/${product.productKey}/devices`, { deviceName: 'listed' })
    const told = await followRegistrations(second)
    for (const [mode, deviceName] of [
      ['register', 'listed'],
      ['regnwl', 'unlisted'],
    ] as const) {
      const issued = await registerDevice(first.endpoint, { ...product, mode, deviceName })
      expect(await logsIn(second, product, deviceName, issued)).toBe(0)
      const { activatedAt } = (await first.api('GET', `/products/${product.productKey}/devices/${deviceName}`)) as {
        activatedAt: string | null
      }
      expect(activatedAt).not.toBeNull()
    }
    expect(await told(2)).toEqual(['listed', 'unlisted']) // also at the gateway that they did not come by
    expect((await fetch(`${second.http}/readyz`)).status).toBe(200)
    expect(await Promise.all([first.end('SIGTERM'), second.end('SIGTERM')])).toEqual([0, 0])
  })
})

it('who watches at one gateway sees devices come and go at the other, and the rates of both', async () => {
  const url = await postgres.database()
  const [watched, other] = await Promise.all([startGateway('watched', url), startGateway('other', url)])
  const product = (await watched.api('POST', '/products', { name: 'test', dynamicRegistration: true })) as Product
  await watched.api('POST', `/products/${product.productKey}/devices`, { deviceName: 'dev1' })
  const issued = await registerDevice(other.endpoint, { ...product, deviceName: 'dev1', mode: 'register' })
  const events = await openEvents(watched)
  const seen = new Set<string>()
  for await (const { event, data } of events) {
    if (event === 'rates' && data.gateways === 2 && seen.size === 0) {
      seen.add('both gateways')
      expect(await logsIn(other, product, 'dev1', issued)).toBe(0)
    }
    if (event === 'presence') seen.add(`${data.deviceName} ${data.status}`)
    if (seen.has('dev1 OFFLINE')) break
  }
  expect([...seen]).toEqual(['both gateways', 'dev1 ONLINE', 'dev1 OFFLINE'])
})

describe('hatchway serve stops with one clear sentence and exit code 1', () => {
  const problem = (url: string, key?: string): string => {
    const args = [BIN, 'serve', ...freePorts(join(folder, 'stops')), ...settings(url, key)]
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: withoutHatchway() })
    expect({ status, lines: stderr.trim().split('\n').length, stderr }).toEqual({ status: 1, lines: 1, stderr })
    for (const secret of [PASSWORD, decodeURIComponent(PASSWORD)]) expect(stderr).not.toContain(secret)
    return stderr
  }

  it('where the database is not there or not to be reached', () => {
    expect(problem(postgres.url('nowhere'))).toMatch(/nowhere at 127\.0\.0\.1:\d+ .*there is no such database/)
    expect(problem(postgres.url().replace(String(postgres.port), '1'))).toMatch(/can not be reached/)
  })

  it('where the master key is not that of the other gateways', async () => {
    const url = await postgres.database()
    const gateway = await startGateway('right', url)
    expect(problem(url, 'other')).toMatch(/all gateways need the same one/)
    await gateway.end('SIGTERM')
  })
})
