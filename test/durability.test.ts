import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registrationConnect, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Issued, registerDevice } from './harness/devices.ts'
import { ADMIN_TOKEN, type Product } from './harness/hatchway.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'
import { MqttConnection } from './harness/mqtt-connection.ts'

const ROUNDS = 20
const STORM_WIDTH = 24
const DEVICES_PER_ROUND = 400

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hatchway-kill-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

interface Received extends Issued {
  mode: 'register' | 'regnwl'
  deviceName: string
}

async function createProduct(http: string, names: readonly string[]): Promise<Product> {
  const post = async (route: string, body: string, contentType: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': contentType }
    const response = await fetch(`${http}/api/v1${route}`, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  const settings = { name: 'storm', dynamicRegistration: true, preregistrationFree: true }
  const product = (await post('/products', JSON.stringify(settings), 'application/json')) as Product
  await post(`/products/${product.productKey}/imports`, names.join('\n'), 'text/csv')
  return product
}

/** Registers devices in both modes until the server dies; kills it when `killAfter` credentials have come in. */
async function storm(server: HatchwayProcess, product: Product, round: number, killAfter: number): Promise<Received[]> {
  const received: Received[] = []
  let next = 0
  let killed: Promise<unknown> | undefined
  const devices = async (): Promise<void> => {
    while (killed === undefined && next < DEVICES_PER_ROUND) {
      const index = next++
      const mode = index % 2 === 0 ? 'register' : 'regnwl'
      const deviceName = `${mode}-${round}-${index}`
      try {
        const issued = await registerDevice(server.endpoint, { ...product, mode, deviceName })
        received.push({ mode, deviceName, ...issued })
      } catch (error) {
        if (killed === undefined) throw error
      }
      if (received.length >= killAfter) killed ??= server.end('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: STORM_WIDTH }, devices))
  await killed
  expect(received.length).toBeGreaterThanOrEqual(killAfter)
  return received
}

async function logsIn(server: HatchwayProcess, { productKey }: Product, device: Received): Promise<number> {
  const { deviceName, deviceSecret = '', clientId = '', deviceToken = '' } = device
  const fields =
    device.mode === 'register'
      ? secretLoginConnect({ productKey, deviceName, deviceSecret })
      : tokenLoginConnect({ productKey, deviceName, clientId, deviceToken })
  const connection = await MqttConnection.open(server.endpoint, 'tcp')
  const connack = await connection.connect({ ...fields, password: Buffer.from(fields.password) })
  connection.destroy()
  return connack.reasonCode
}

describe('a server that is killed in a storm of registrations', () => {
  it(`${ROUNDS} times over, lets in every device that got a credential, and gives no credential twice`, async () => {
    const all: Received[] = []
    let server = await HatchwayProcess.start(dataDir)
    const names: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (let index = 0; index < DEVICES_PER_ROUND; index += 2) names.push(`register-${round}-${index}`)
    }
    const product = await createProduct(server.http, names)
    for (let round = 0; round < ROUNDS; round++) {
      const received = await storm(server, product, round, 5 + ((round * 37) % 120))
      all.push(...received)
      server = await HatchwayProcess.start(dataDir)
      for (const device of received)
        expect({ device, code: await logsIn(server, product, device) }).toEqual({ device, code: 0 })
    }
    const identities = all.flatMap(device => device.deviceSecret ?? device.clientId ?? [])
    const tokens = all.flatMap(device => device.deviceToken ?? [])
    expect(identities).toHaveLength(all.length)
    expect(new Set(identities).size).toBe(identities.length)
    expect(new Set(tokens).size).toBe(tokens.length)
    // Those of earlier rounds were not lost by a later crash either.
    for (const device of all.slice(0, 50)) expect(await logsIn(server, product, device)).toBe(0)
    expect(await server.end('SIGTERM')).toBe(0)
  }, 300_000)
})

describe('SIGTERM', () => {
  it('drains: answers what was begun, takes nothing new, exits with 0', async () => {
    const server = await HatchwayProcess.start(dataDir)
    const product = await createProduct(server.http, ['register-0-0'])
    const idle = await MqttConnection.open(server.endpoint, 'tls')
    const outcomes = Array.from({ length: 40 }, (_, index) =>
      registerDevice(server.endpoint, { ...product, mode: 'regnwl', deviceName: `drained-${index}` }).then(
        issued => ({ mode: 'regnwl' as const, deviceName: `drained-${index}`, ...issued }),
        () => undefined,
      ),
    )
    await outcomes[0]
    expect(await server.end('SIGTERM')).toBe(0)
    await idle.closed
    await expect(MqttConnection.open(server.endpoint, 'tcp')).rejects.toThrow()
    const received = (await Promise.all(outcomes)).filter(device => device !== undefined)
    expect(received.length).toBeGreaterThan(0)
    const again = await HatchwayProcess.start(dataDir)
    for (const device of received) expect(await logsIn(again, product, device)).toBe(0)
    expect(await again.end('SIGINT')).toBe(0)
  })

  it('ends within its time although registered devices do not hang up', async () => {
    const server = await HatchwayProcess.start(dataDir, ['--drain-timeout-ms', '300'])
    const product = await createProduct(server.http, ['lingering-1'])
    const connection = await MqttConnection.open(server.endpoint, 'tls')
    const fields = registrationConnect({ ...product, mode: 'register', deviceName: 'lingering-1', random: '1' })
    await connection.connect({ ...fields, password: Buffer.from(fields.password) })
    expect(await server.end('SIGTERM')).toBe(0)
    await connection.closed
  })
})
