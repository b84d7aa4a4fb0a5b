import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { Admission } from '../onboarding/admission.ts'
import {
  acceptedBytes,
  admittedAs,
  connectBytes,
  startGateway,
  tcpClient,
  tlsClient,
  until,
  useGateways,
} from './gateway-fakes.suite.ts'
import { ListenError } from './listener.ts'

const { start, certificates } = useGateways()

const nothingOpen = { tcp: 0, tls: 0, ws: 0, wss: 0, arriving: 0 }

test('each of several ports serves, port 0 being a free one', async () => {
  const { gateway } = await start({ settings: { ports: [0, 0] } })
  expect(new Set(gateway.addresses.map(address => address.port)).size).toBe(2)
  for (const { host, port } of gateway.addresses) {
    expect([host, port]).toEqual(['127.0.0.1', expect.any(Number)])
    const client = await tcpClient(port)
    client.socket.write(connectBytes('any'))
    expect(await client.read(4)).toEqual(acceptedBytes)
    client.socket.destroy()
  }
})

test('a port in use is one clear sentence, and no other port stays open', async () => {
  const { port } = await start()
  const spare = createServer()
  await new Promise<void>(resolve => spare.listen(0, '127.0.0.1', resolve))
  const free = (spare.address() as { port: number }).port
  await new Promise(resolve => spare.close(resolve))
  const starting = startGateway(certificates(), { settings: { ports: [free, port] } })
  await expect(starting).rejects.toThrow(ListenError)
  await expect(starting).rejects.toThrow(
    `MQTT port ${port} on 127.0.0.1 is in use by another program; stop that one, or set HATCHWAY_MQTT_PORT to a free port.`,
  )
  await expect(tcpClient(free)).rejects.toThrow('ECONNREFUSED')
})

test('an address that is not of this machine is one clear sentence', async () => {
  const starting = startGateway(certificates(), { settings: { host: '192.0.2.1' } })
  await expect(starting).rejects.toThrow('192.0.2.1 is not an address of this machine; set HATCHWAY_MQTT_HOST')
})

test('connections from one address are limited, and one that ends makes room', async () => {
  const { port, entry, gateway } = await start({ settings: { maxConnectionsPerAddress: 2 } })
  const first = await tcpClient(port)
  const second = await tcpClient(port)
  const third = await tcpClient(port)
  await third.closed()
  expect(await entry('too-many-connections')).toMatchObject({
    address: '127.0.0.1',
    detail: { problem: '2 connections from this address are open' },
  })
  first.socket.destroy()
  await until(() => gateway.stats().connections.arriving === 1, 'room')
  const fourth = await tcpClient(port)
  fourth.socket.write(connectBytes('any'))
  expect(await fourth.read(4)).toEqual(acceptedBytes)
  expect(gateway.stats().rejected).toMatchObject({ 'too-many-connections': 1 })
  for (const client of [second, fourth]) client.socket.destroy()
})

test('connections in all are limited', async () => {
  const { port, entry } = await start({ settings: { maxConnections: 1 } })
  const first = await tcpClient(port)
  await (await tcpClient(port)).closed()
  expect((await entry('too-many-connections')).detail?.problem).toBe('all 1 connections are in use')
  first.socket.destroy()
})

test('an IPv4 peer on an IPv6 socket counts as IPv4', async () => {
  const { port, asked } = await start({ settings: { host: '::' } })
  const client = await tcpClient(port)
  client.socket.write(connectBytes('any'))
  await client.read(4)
  expect(asked[0]?.peer.address).toBe('127.0.0.1')
  client.socket.destroy()
})

test('draining accepts no more, and lets answers under way out', async () => {
  const { resolve, promise } = Promise.withResolvers<Admission>()
  const { port, gateway, asked } = await start({ admit: () => promise })
  const client = await tcpClient(port)
  client.socket.write(connectBytes('any'))
  await until(() => asked.length === 1, 'a question to onboarding')
  gateway.drain()
  await expect(tcpClient(port)).rejects.toThrow('ECONNREFUSED')
  resolve({ kind: 'refused', reason: 'draining' })
  expect((await client.closed()).toString('hex')).toBe('20020003')
})

test('close ends connections of every kind and in every state, and leaves nothing open', async () => {
  const { port, gateway, broker } = await start()
  const attached = await tlsClient(port, certificates())
  attached.socket.write(connectBytes('any'))
  const registered = await tcpClient(port)
  registered.socket.write(connectBytes('register'))
  const silent = await tcpClient(port)
  const handshaking = await tcpClient(port)
  handshaking.socket.write(Buffer.from('16', 'hex'))
  const asking = await tcpClient(port)
  asking.socket.write('GET /')
  await Promise.all([attached.read(4), registered.read(4)])
  await until(() => gateway.stats().handshakes.inFlight === 1, 'a handshake')
  await gateway.close(1000)
  expect(gateway.stats().connections).toEqual(nothingOpen)
  expect(gateway.stats().handshakes).toMatchObject({ waiting: 0, inFlight: 0 })
  expect(broker.attached[0]?.closedTimes).toBe(1)
  await Promise.all([attached, registered, silent, handshaking, asking].map(client => client.closed()))
  await expect(tcpClient(port)).rejects.toThrow('ECONNREFUSED')
})

test('close cuts at its time-out what does not end', async () => {
  const { port, gateway } = await start({ settings: { closeTimeoutMs: 60_000 } })
  const client = await tcpClient(port)
  client.socket.write(connectBytes('any'))
  await client.read(4)
  client.socket.pause() // so it never sees our end
  await gateway.close(50)
  expect(gateway.stats().connections).toEqual(nothingOpen)
  client.socket.destroy()
})

test('closing twice, or before listening, is no fault', async () => {
  const { gateway } = await start()
  await gateway.close(100)
  await gateway.close(100)
})

test('many devices that come at once are all served', async () => {
  const { port, broker, gateway } = await start({ admit: connect => admittedAs(connect.clientId) })
  const clients = await Promise.all(Array.from({ length: 300 }, () => tcpClient(port)))
  for (const [index, client] of clients.entries()) client.socket.write(connectBytes(`device-${index}`))
  await Promise.all(clients.map(client => client.read(4)))
  expect(new Set(broker.attached.map(one => one.request.identity.sessionId)).size).toBe(300)
  expect(gateway.stats().connections.tcp).toBe(300)
  for (const client of clients) client.socket.destroy()
  await until(() => gateway.stats().connections.tcp === 0, 'their end')
  expect(broker.attached.map(one => one.closedTimes)).toEqual(Array(300).fill(1))
})
