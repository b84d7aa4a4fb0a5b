import { once } from 'node:events'
import { createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import {
  acceptedBytes,
  connectBytes,
  type GatewayOverrides,
  RawClient,
  type RunningGateway,
  tcpClient,
  until,
  useGateways,
} from './gateway-fakes.suite.ts'

const { start, certificates } = useGateways()

const proxied = { proxyProtocolPorts: [0], proxyProtocolTrusted: ['127.0.0.0/8'] }
const startProxied = (settings: GatewayOverrides['settings'] = {}): Promise<RunningGateway> =>
  start({ settings: { ...proxied, ...settings } })

const device = '203.0.113.9'
const textHeader = (address = device): Buffer => Buffer.from(`PROXY TCP4 ${address} 192.0.2.1 50012 1883\r\n`)
const signature = '0d0a0d0a000d0a515549540a'
const binaryHeader = Buffer.from(`${signature}21110011cb007109c0000201c35c075b0400020000`, 'hex')
const localHeader = Buffer.from(`${signature}20000000`, 'hex')

async function proxyClient(port: number, header: Buffer): Promise<RawClient> {
  const client = await tcpClient(port)
  client.socket.write(header)
  return client
}

describe.each([
  ['1', textHeader()],
  ['2', binaryHeader],
])('a header of version %s', (_version, header) => {
  test('gives the device its own address, with the CONNECT in the same chunk', async () => {
    const { port, asked, broker, gateway } = await startProxied()
    const client = await proxyClient(port, Buffer.concat([header, connectBytes('any')]))
    expect(await client.read(4)).toEqual(acceptedBytes)
    expect(asked[0]?.peer).toMatchObject({ address: device, transport: 'tcp' })
    expect(broker.attached[0]?.request.link.address).toBe(device)
    expect(gateway.stats().connections).toMatchObject({ tcp: 1, arriving: 0 })
    client.socket.destroy()
  })

  test('may come byte by byte, and so may the CONNECT', async () => {
    const { port, asked } = await startProxied()
    const client = await tcpClient(port)
    for (const byte of Buffer.concat([header, connectBytes('any')]))
      await new Promise(resolve => client.socket.write(Buffer.from([byte]), resolve))
    expect(await client.read(4)).toEqual(acceptedBytes)
    expect(asked[0]?.peer.address).toBe(device)
    client.socket.destroy()
  })

  test('comes before TLS, and the handshake is with the device', async () => {
    const { port, asked } = await startProxied()
    const outer = await proxyClient(port, header)
    outer.socket.removeAllListeners('data')
    const secure = connectTls({ socket: outer.socket, ca: certificates().caPem ?? '', servername: 'localhost' })
    await once(secure, 'secureConnect')
    const client = new RawClient(secure)
    client.socket.write(connectBytes('any'))
    expect(await client.read(4)).toEqual(acceptedBytes)
    expect(asked[0]?.peer).toMatchObject({ address: device, transport: 'tls', tlsVersion: 'TLSv1.3' })
    client.socket.destroy()
  })

  test('comes before a WebSocket upgrade', async () => {
    const { port, broker } = await startProxied()
    const outer = await proxyClient(port, header)
    outer.socket.removeAllListeners('data')
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt', { createConnection: () => outer.socket })
    await once(webSocket, 'open')
    webSocket.send(connectBytes('any'))
    await once(webSocket, 'message')
    expect(broker.attached[0]?.request.link).toMatchObject({ address: device, transport: 'ws' })
    webSocket.terminate()
  })
})

test.each([
  ['version 1, UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
  ['version 2, LOCAL', localHeader],
])('a header of %s leaves the connection with its own address', async (_name, header) => {
  const { port, asked } = await startProxied()
  const client = await proxyClient(port, Buffer.concat([header, connectBytes('any')]))
  expect(await client.read(4)).toEqual(acceptedBytes)
  expect(asked[0]?.peer.address).toBe('127.0.0.1')
  client.socket.destroy()
})

test('a health check that hangs up after its header leaves no trace', async () => {
  const { port, journal, gateway } = await startProxied()
  const client = await proxyClient(port, localHeader)
  client.socket.end()
  await client.closed()
  expect(gateway.stats().connections.arriving).toBe(0)
  expect(journal).toEqual([])
})

test('what the journal says of a device names its own address', async () => {
  const { port, entry } = await startProxied()
  const client = await proxyClient(port, Buffer.concat([textHeader(), Buffer.from('SSH-2.0')]))
  await client.closed()
  expect(await entry('not-mqtt')).toMatchObject({ address: device, detail: { firstBytes: '5353482d322e30' } })
})

test.each([
  ['a device that bypasses the balancer', connectBytes('any'), 'it does not begin with one'],
  ['a bad header', Buffer.from('PROXY TCP4 1.2.3.4\r\n'), /two addresses and two ports/],
])('%s is closed without an answer, and the journal says why', async (_name, bytes, problem) => {
  const { port, entry, gateway, asked } = await startProxied()
  const client = await proxyClient(port, bytes)
  expect(await client.closed()).toHaveLength(0)
  const detail = { problem: expect.stringMatching(problem), firstBytes: bytes.subarray(0, 32).toString('hex') }
  expect(await entry('proxy-header-malformed')).toMatchObject({ address: '127.0.0.1', outcome: 'closed', detail })
  expect(gateway.stats().rejected).toEqual({ 'proxy-header-malformed': 1 })
  expect(asked).toEqual([])
})

test('a second header is not a header: a device can not name an address', async () => {
  const { port, entry, asked } = await startProxied()
  const client = await proxyClient(port, Buffer.concat([textHeader(), textHeader('198.51.100.1')]))
  await client.closed()
  expect((await entry('not-mqtt')).address).toBe(device)
  expect(asked).toEqual([])
})

test('an address that is not trusted is closed before it is heard', async () => {
  const { port, entry, gateway, asked } = await startProxied({ proxyProtocolTrusted: ['127.0.0.2', '10.0.0.0/8'] })
  const client = await proxyClient(port, Buffer.concat([textHeader(), connectBytes('any')]))
  expect(await client.closed()).toHaveLength(0)
  expect(await entry('proxy-address-untrusted')).toMatchObject({ address: '127.0.0.1', outcome: 'closed' })
  expect(gateway.stats()).toMatchObject({ rejected: { 'proxy-address-untrusted': 1 }, connections: { arriving: 0 } })
  expect(asked).toEqual([])
})

test('a header that does not come has the time-out of the CONNECT', async () => {
  const { port, entry } = await startProxied({ connectTimeoutMs: 100 })
  const client = await proxyClient(port, Buffer.from('PROXY '))
  await client.closed()
  expect((await entry('connect-timeout')).detail?.problem).toBe('no whole PROXY protocol header arrived')
})

test('a header gives no new time for the CONNECT', async () => {
  const { port, entry } = await startProxied({ connectTimeoutMs: 100 })
  const client = await proxyClient(port, textHeader())
  await client.closed()
  expect(await entry('connect-timeout')).toMatchObject({ address: device, detail: null })
})

test('connections are limited by the address of the device, not by that of the proxy', async () => {
  const { port, entry, gateway } = await startProxied({ maxConnectionsPerAddress: 1 })
  const connect = (address: string, header = textHeader(address)): Promise<RawClient> =>
    proxyClient(port, Buffer.concat([header, connectBytes(address)]))
  const first = await connect('203.0.113.1')
  const second = await connect('203.0.113.2')
  for (const client of [first, second]) expect(await client.read(4)).toEqual(acceptedBytes)
  await (await connect('203.0.113.2')).closed()
  expect(await entry('too-many-connections')).toMatchObject({
    address: '203.0.113.2',
    detail: { problem: '1 connections from this address are open' },
  })
  second.socket.destroy()
  await until(() => gateway.stats().connections.tcp === 1, 'room')
  const third = await connect('203.0.113.2')
  expect(await third.read(4)).toEqual(acceptedBytes)
  for (const client of [first, third]) client.socket.destroy()
})

test('connections without a header yet count in all, and make room when they go', async () => {
  const { port, entry, gateway } = await startProxied({ maxConnections: 1 })
  for (const header of ['', 'PROXY ', 'nonsense']) {
    const client = await proxyClient(port, Buffer.from(header))
    if (header === '') {
      await until(() => gateway.stats().connections.arriving === 1, 'an arrival')
      await (await tcpClient(port)).closed()
      expect((await entry('too-many-connections')).detail?.problem).toBe('all 1 connections are in use')
    }
    client.socket.end()
    await client.closed()
    await until(() => gateway.stats().connections.arriving === 0, 'room')
  }
  const last = await proxyClient(port, Buffer.concat([textHeader(), connectBytes('any')]))
  expect(await last.read(4)).toEqual(acceptedBytes)
  last.socket.destroy()
})

test('a port that is not named expects no header, and takes none', async () => {
  const spare = createServer()
  await new Promise<void>(resolve => spare.listen(0, '127.0.0.1', resolve))
  const { port: plain } = spare.address() as { port: number }
  await new Promise(resolve => spare.close(resolve))
  const { port, entry, asked } = await startProxied({ ports: [0, plain], proxyProtocolTrusted: ['127.0.0.1'] })
  const withHeader = await proxyClient(port, Buffer.concat([textHeader(), connectBytes('one')]))
  const without = await proxyClient(plain, connectBytes('two'))
  for (const client of [withHeader, without]) expect(await client.read(4)).toEqual(acceptedBytes)
  const addresses = asked.map(({ connect, peer }) => [connect.clientId, peer.address])
  expect(addresses.toSorted()).toEqual([
    ['one', device],
    ['two', '127.0.0.1'],
  ])
  await (await proxyClient(plain, textHeader())).closed()
  expect((await entry('not-mqtt')).address).toBe('127.0.0.1')
  for (const client of [withHeader, without]) client.socket.destroy()
})

test('a trusted IPv4 address is trusted on an IPv6 socket too', async () => {
  const { port, asked } = await startProxied({ host: '::', proxyProtocolTrusted: ['127.0.0.1'] })
  const client = await proxyClient(port, Buffer.concat([textHeader(), connectBytes('any')]))
  expect(await client.read(4)).toEqual(acceptedBytes)
  expect(asked[0]?.peer.address).toBe(device)
  client.socket.destroy()
})
