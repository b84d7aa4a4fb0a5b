import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadApp } from '../packages/server/src/cli/process-io.ts'
import { run as runHere } from '../packages/server/src/cli/testing/fake-io.ts'
import { PASSWORD, PostgresServer } from '../packages/server/src/registry/postgres/server.suite.ts'
import { leashed } from '../scripts/leashed.ts'
import { type Issued, registerDevice } from './harness/devices.ts'
import { ADMIN_TOKEN, eventually, Hatchway, type Product } from './harness/hatchway.ts'
import { BIN, HatchwayProcess, withoutHatchway } from './harness/hatchway-process.ts'
import { MqttConnection } from './harness/mqtt-connection.ts'

/** Enough rows that a run which is killed at the beginning of a table is killed in the middle of it. */
const IMPORTED_DEVICES = 10_000

let postgres: PostgresServer
let folder: string
beforeAll(async () => {
  postgres = await PostgresServer.create()
  folder = mkdtempSync(join(tmpdir(), 'hatchway-migrate-'))
})
afterAll(async () => {
  await postgres.remove()
  rmSync(folder, { recursive: true, force: true })
})

interface Held extends Issued {
  deviceName: string
  /** CONNACK code of its login. */
  code: number
}

async function login(endpoint: Hatchway['endpoint'], { productKey }: Product, held: Held): Promise<number> {
  const { deviceName, deviceSecret, clientId = '', deviceToken = '' } = held
  const fields =
    deviceSecret === undefined
      ? tokenLoginConnect({ productKey, deviceName, clientId, deviceToken })
      : secretLoginConnect({ productKey, deviceName, deviceSecret })
  const connection = await MqttConnection.open(endpoint, 'tls')
  const { reasonCode } = await connection.connect({ ...fields, password: Buffer.from(fields.password) })
  connection.destroy()
  return reasonCode
}

/** What a factory, a fleet and an operator leave in a registry; returns what each device holds and what comes of it. */
async function fill(hatchway: Hatchway): Promise<{ product: Product; held: Held[] }> {
  const product = await hatchway.createProduct({ name: 'Thermostat' })
  const { productKey } = product
  const rows = Array.from({ length: IMPORTED_DEVICES }, (_, index) => `bulk${index},secret${index}`).join('\n')
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'text/csv' }
  const imports = `${hatchway.http}/api/v1/products/${productKey}/imports`
  expect((await fetch(imports, { method: 'POST', headers, body: rows })).status).toBe(200)
  const held: Held[] = [{ deviceName: 'bulk77', deviceSecret: 'secret77', code: 0 }]
  const route = (deviceName: string): string => `/products/${productKey}/devices/${deviceName}`
  for (const deviceName of ['fresh', 'used', 'disabled']) {
    await hatchway.createDevice(productKey, deviceName)
    const issued = await registerDevice(hatchway.endpoint, { ...product, mode: 'register', deviceName })
    held.push({ deviceName, ...issued, code: deviceName === 'disabled' ? 4 : 0 })
  }
  for (const unit of [0, 1, 2]) {
    const issued = await registerDevice(hatchway.endpoint, { ...product, mode: 'regnwl', deviceName: 'free' })
    held.push({ deviceName: 'free', ...issued, code: unit === 1 ? 0 : 4 })
  }
  for (const one of held.filter(({ deviceName }) => deviceName !== 'fresh' && deviceName !== 'bulk77')) {
    expect(await login(hatchway.endpoint, product, one)).toBe(0)
  }
  const kept = held.find(({ deviceName, code }) => deviceName === 'free' && code === 0)?.clientId
  expect((await hatchway.api('POST', `${route('free')}/client-ids/${kept}/keep`)).status).toBeLessThan(300)
  expect((await hatchway.api('POST', `${route('disabled')}/disable`)).status).toBeLessThan(300)
  return { product, held }
}

const command = (from: string, to: string): string[] => [BIN, 'migrate-store', '--json', '--from', from, '--to', to]

interface Event {
  event: 'progress' | 'done'
  phase?: string
  table?: string
}

/** Runs it until an event comes, and kills it there. */
async function killedAt(args: readonly string[], isIt: (event: Event) => boolean): Promise<void> {
  const child = spawn(...leashed(process.execPath, args), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: withoutHatchway(),
  })
  const gone = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    if (!isIt(JSON.parse(line) as Event)) continue
    child.kill('SIGKILL')
    break
  }
  await gone
  expect(child.signalCode).toBe('SIGKILL')
}

function run(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: withoutHatchway() })
  for (const secret of [PASSWORD, decodeURIComponent(PASSWORD)]) expect(stdout + stderr).not.toContain(secret)
  return { status, stdout, stderr }
}

const doneOf = (stdout: string): { state: string; tables?: unknown; settings: Record<string, string> } =>
  JSON.parse(stdout.trim().split('\n').at(-1) ?? '')

describe('hatchway migrate-store', () => {
  it('moves a fleet to PostgreSQL, however often it is killed: each device logs in with what it holds', async () => {
    const hatchway = await Hatchway.start()
    const { product, held } = await fill(hatchway)
    const journal = await eventually(async () => {
      const { body } = await hatchway.api('GET', `/journal?productKey=${product.productKey}&limit=100`)
      return body.items.length >= 6 && body.items
    })
    const from = `sqlite:${hatchway.dataDir}`
    const url = await postgres.database()
    const busy = run(command(from, url))
    expect(busy).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/in use by another Hatchway; stop that one/),
    })
    await hatchway.server.stop()

    await killedAt(command(from, url), ({ table }) => table === 'devices')
    await killedAt(command(from, url), ({ table }) => table === 'devices')
    await killedAt(command(from, url), ({ table }) => table === 'client_ids')
    await killedAt(command(from, url), ({ phase, table }) => phase === 'check' && table === 'devices')
    const finished = run(command(from, url))
    expect(finished).toMatchObject({ status: 0, stderr: '' })
    const { state, tables, settings } = doneOf(finished.stdout)
    expect(state).toBe('done')
    expect(settings['HATCHWAY_DATABASE_URL']).toMatch(/^postgres:\/\/hatchway:\*\*\*@/)
    expect(tables).toContainEqual({ table: 'devices', rows: IMPORTED_DEVICES + 4, sha256: expect.any(String) })
    expect(doneOf(run(command(from, url)).stdout).state).toBe('done-before')

    const clean = await postgres.database()
    expect(doneOf(run(command(from, clean)).stdout).tables).toEqual(tables)

    const keyFile = settings['HATCHWAY_MASTER_KEY_FILE'] ?? ''
    const gateway = await HatchwayProcess.start(hatchway.dataDir, ['--database-url', url, '--master-key-file', keyFile])
    for (const one of held) {
      expect({ ...one, code: await login(gateway.endpoint, product, one) }).toEqual(one)
    }
    const registered = await registerDevice(gateway.endpoint, {
      ...product,
      mode: 'register',
      deviceName: 'fresh',
    }).then(
      () => 'registered',
      error => String(error),
    )
    expect(registered).toContain('code 4') // it has logged in since
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
    const older = await fetch(`${gateway.http}/api/v1/journal?productKey=${product.productKey}&limit=100`, { headers })
    expect(((await older.json()) as { items: unknown[] }).items).toEqual(expect.arrayContaining(journal))

    const inUse = run([...command(url, `sqlite:${join(folder, 'back')}`), '--master-key-file', keyFile])
    expect(inUse).toMatchObject({ status: 1, stderr: expect.stringMatching(/in use by 1 gateway/) })
    await gateway.end('SIGTERM')
    const back = run([...command(url, `sqlite:${join(folder, 'back')}`), '--master-key-file', keyFile])
    expect(back).toMatchObject({ status: 0, stderr: '' })
    rmSync(hatchway.dataDir, { recursive: true, force: true })
  })

  it.each([
    [['sqlite:a.db', 'sqlite:b.db'], 2, /--from and --to are both sqlite/],
    [['hatchway.db', 'sqlite:b.db'], 2, /--from: the value is neither sqlite:PATH nor postgres/],
    [['sqlite:a.db', 'postgres://user:hidden@'], 2, /--to: the value is no URL of PostgreSQL/],
    [['sqlite:/nowhere/a.db', 'postgres://127.0.0.1:1/x'], 1, /--from: there is no database \/nowhere\/a\.db/],
    [['postgres://127.0.0.1:1/x', 'sqlite:b.db'], 1, /--master-key-file: there is no file .*master\.key/],
  ] as const)('%j ends with %i and one sentence', async ([from, to], code, sentence) => {
    const ran = await runHere(['migrate-store', '--from', from, '--to', to], { loadApp, cwd: folder })
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(sentence) })
    expect(ran.stderr).not.toContain('hidden')
  })
})
