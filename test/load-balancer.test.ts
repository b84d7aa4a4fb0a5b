import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type ConnectCredentials, secretLoginConnect } from '@hatchway/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../packages/server/src/app/index.ts'
import { maxProxyHeaderBytes } from '../packages/server/src/gateway/proxy-header.ts'
import { encode } from '../packages/server/src/mqtt/index.ts'
import { registerDevice } from './harness/devices.ts'
import { codeBlocks, readDocument } from './harness/documents.ts'
import { BALANCER_HOST, type Balanced, Haproxy } from './harness/haproxy.ts'
import { eventually, Hatchway } from './harness/hatchway.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'
import { connectPacket, MqttConnection } from './harness/mqtt-connection.ts'

const DEVICE_ADDRESS = '127.0.0.2'
const BALANCER_ADDRESS = '127.0.0.1' // what it has towards the servers
const FROM_DEVICE = { host: BALANCER_HOST, localAddress: DEVICE_ADDRESS }
const FOR_BALANCERS = { proxyProtocolPorts: '0', proxyProtocolTrusted: BALANCER_ADDRESS }

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

async function startHatchway(): Promise<Hatchway> {
  const hatchway = await Hatchway.start(FOR_BALANCERS)
  open.push(hatchway)
  return hatchway
}

async function startHaproxy(...[servers, header]: Parameters<typeof Haproxy.start>): Promise<Haproxy> {
  const balancer = await Haproxy.start(servers, header)
  open.push(balancer)
  return balancer
}

const balanced = ({ endpoint, http }: Pick<Hatchway, 'endpoint' | 'http'>): Balanced => ({
  mqttPort: endpoint.port,
  http,
})
const asBytes = ({ password, ...rest }: ConnectCredentials) => ({ ...rest, password: Buffer.from(password) })

/** What a server answers to a CONNECT of nobody that it knows, sent without the balancer. */
async function answerTo({ endpoint }: Pick<Hatchway, 'endpoint'>, header: string, localAddress: string) {
  const socket = connect({ host: '127.0.0.1', port: endpoint.port, localAddress })
  socket.on('error', () => {}) // a reset is one way of being closed
  await once(socket, 'connect')
  socket.write(header)
  socket.write(encode(connectPacket({ clientId: 'x', userName: 'y&z', password: Buffer.from('p') }), 4))
  return (await buffer(socket).catch(() => Buffer.of())).toString('hex')
}

it('what docs/operations.md says of both sides fits together', () => {
  const blocks = codeBlocks(readDocument('docs/operations.md')).filter(
    block => block.heading === 'Behind a load balancer',
  )
  const [shell = '', setup = ''] = ['sh', 'haproxy'].map(name => blocks.find(block => block.language === name)?.content)
  const env = Object.fromEntries([...shell.matchAll(/(HATCHWAY_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]))
  const config = loadConfig({ flags: {}, env, cwd: tmpdir() })
  expect(config.proxyProtocolPorts?.map(port => `10.0.0.11:${port}`)).toEqual([/^ +server \S+ (\S+)/m.exec(setup)?.[1]])
  expect(config.proxyProtocolTrusted).toEqual(['10.0.0.5'])
  const [, port, seconds, fall] = /check port (\d+) inter (\d+)s fall (\d+)/.exec(setup)?.map(Number) ?? []
  expect(port).toBe(config.httpPort)
  expect(readDocument('docs/operations.md')).toContain(`header may take ${maxProxyHeaderBytes} bytes`)
  const least = /`HATCHWAY_DRAIN_DELAY_MS` to more .* the snippet (\d+) or more/.exec(
    readDocument('docs/operations.md'),
  )
  expect(Number(least?.[1])).toBeGreaterThan((seconds ?? 0) * (fall ?? 0) * 1000)
})

describe.each(['send-proxy', 'send-proxy-v2'] as const)('behind HAProxy with %s', header => {
  it('a device registers and logs in over TLS, and is known by its own address', async () => {
    const hatchway = await startHatchway()
    const balancer = await startHaproxy([balanced(hatchway)], header)
    const product = await hatchway.createProduct()
    const names = { productKey: product.productKey, deviceName: 'balanced-1' }
    await hatchway.createDevice(names.productKey, names.deviceName)
    const endpoint = { port: balancer.port, ca: hatchway.endpoint.ca }
    const issued = await registerDevice(endpoint, { ...product, ...names, mode: 'register', tls: FROM_DEVICE })
    const own = { address: DEVICE_ADDRESS, transport: 'tls' }
    expect(await hatchway.journalEntry({ reason: 'registered' })).toMatchObject({ ...own, ...names })

    const deviceSecret = issued.deviceSecret ?? ''
    const login = await MqttConnection.open(endpoint, 'tls', { tls: FROM_DEVICE })
    const connack = await login.connect(asBytes(secretLoginConnect({ ...names, deviceSecret, timestamp: '1' })))
    expect(connack.reasonCode).toBe(0)
    const online = await eventually(async () => {
      const device = await hatchway.device(names.productKey, names.deviceName)
      return device.status === 'ONLINE' && device
    })
    expect(online.address).toBe(DEVICE_ADDRESS)
    login.destroy()

    const stranger = await MqttConnection.open(endpoint, 'tls', { tls: FROM_DEVICE })
    const refused = secretLoginConnect({ ...names, deviceSecret: 'f'.repeat(32), timestamp: '1' })
    expect((await stranger.connect(asBytes(refused))).reasonCode).toBe(4)
    expect(await hatchway.journalEntry({ reason: 'signature-mismatch' })).toMatchObject({ ...own, ...names })
  })
})

it('a device that goes round the balancer is closed, whatever it says of itself', async () => {
  const hatchway = await startHatchway()
  const header = 'PROXY TCP4 203.0.113.9 192.0.2.1 50012 1883\r\n'
  expect(await answerTo(hatchway, header, DEVICE_ADDRESS)).toBe('')
  expect(await hatchway.journalEntry({ reason: 'proxy-address-untrusted' })).toMatchObject({ address: DEVICE_ADDRESS })
  expect(await answerTo(hatchway, '', BALANCER_ADDRESS)).toBe('')
  expect(await hatchway.journalEntry({ reason: 'proxy-header-malformed' })).toMatchObject({ address: BALANCER_ADDRESS })
})

it('a server that stops is unready first, still serves while the balancer moves on, and exits with 0', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-drain-'))
  open.push({ close: async () => rmSync(dataDir, { recursive: true, force: true }) })
  const flags = ['--proxy-protocol-ports', '0', '--proxy-protocol-trusted', BALANCER_ADDRESS]
  const stopping = await HatchwayProcess.start(dataDir, [...flags, '--drain-delay-ms', '4000'])
  open.push({ close: async () => void (await stopping.end('SIGKILL')) })
  const staying = await startHatchway()
  const balancer = await startHaproxy([balanced(stopping), balanced(staying)], 'send-proxy-v2')
  const exitCode = stopping.end('SIGTERM')
  const readiness = await eventually(async () => {
    const response = await fetch(`${stopping.http}/readyz`)
    return response.status === 503 && ((await response.json()) as object)
  })
  expect(readiness).toEqual({ ready: false, problems: [expect.stringContaining('draining')] })
  await eventually(async () => (await balancer.states()).get('hatchway-1')?.startsWith('DOWN'))
  expect(await answerTo(stopping, 'PROXY UNKNOWN\r\n', BALANCER_ADDRESS)).toMatch(/^200200/)

  const product = await staying.createProduct()
  const endpoint = { port: balancer.port, ca: staying.endpoint.ca }
  for (const deviceName of ['moved-1', 'moved-2', 'moved-3'])
    await registerDevice(endpoint, { ...product, mode: 'regnwl', deviceName, tls: FROM_DEVICE })
  expect(await exitCode).toBe(0)
})
