import { once } from 'node:events'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { encodePingreq } from '../mqtt/index.ts'
import { acceptedBytes, connectBytes, tcpClient, tlsClient, until, useGateways } from './gateway-fakes.suite.ts'

const { start, certificates } = useGateways()

/** A WebSocket that keeps its bytes and how it ended. */
class Client {
  readonly webSocket: WebSocket
  received: Buffer = Buffer.alloc(0)
  closeCode: number | undefined

  constructor(port: number, protocols: string[] = ['mqtt'], path = '/mqtt') {
    this.webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { perMessageDeflate: true })
    this.webSocket.on('message', (data: Buffer) => {
      this.received = Buffer.concat([this.received, data])
    })
    this.webSocket.on('error', () => {}) // its close is what is looked at
    this.webSocket.on('close', code => {
      this.closeCode = code
    })
  }

  async open(): Promise<this> {
    await once(this.webSocket, 'open')
    return this
  }

  closed(): Promise<number> {
    return until(() => this.closeCode, 'the end of the WebSocket')
  }
}

test.each([
  [['mqtt'], 'mqtt'],
  [['mqttv3.1'], 'mqttv3.1'],
  [['other', 'mqttv3.1', 'mqtt'], 'mqtt'],
  [[], ''],
])('of the subprotocols %j it takes "%s"', async (offered, taken) => {
  const { port } = await start()
  const client = await new Client(port, offered, '/').open()
  expect(client.webSocket.protocol).toBe(taken)
  expect(client.webSocket.extensions).toBe('')
  client.webSocket.send(connectBytes('any'))
  await until(() => client.received.equals(acceptedBytes), 'a CONNACK')
  client.webSocket.close()
  await client.closed()
})

test('another subprotocol is refused', async () => {
  const { port, entry } = await start()
  const [error] = await once(new WebSocket(`ws://127.0.0.1:${port}/mqtt`, ['stomp']), 'error')
  expect(error.message).toContain('400')
  expect(await entry('websocket-refused')).toMatchObject({ transport: 'tcp', detail: { problem: expect.any(String) } })
})

test('packets need not line up with frames', async () => {
  const { port, broker } = await start()
  const client = await new Client(port).open()
  const bytes = Buffer.concat([connectBytes('frames'), encodePingreq()])
  for (let at = 0; at < bytes.length; at += 7) client.webSocket.send(bytes.subarray(at, at + 7))
  await until(() => client.received.length === 6, 'both answers')
  expect(Buffer.concat(broker.attached[0]?.received ?? [])).toEqual(encodePingreq())
  expect(broker.attached[0]?.request.link.pendingBytes).toBe(0)
  client.webSocket.terminate()
})

test('a message in fragments is one message', async () => {
  const { port } = await start()
  const client = await new Client(port).open()
  const bytes = connectBytes('fragments')
  client.webSocket.send(bytes.subarray(0, 5), { fin: false })
  client.webSocket.send(bytes.subarray(5), { fin: true })
  await until(() => client.received.equals(acceptedBytes), 'a CONNACK')
  client.webSocket.terminate()
})

test('a text frame closes the connection', async () => {
  const { port, entry } = await start()
  const client = await new Client(port).open()
  client.webSocket.send('text')
  await client.closed()
  expect((await entry('websocket-refused')).transport).toBe('ws')
})

test('a ping is answered', async () => {
  const { port } = await start()
  const client = await new Client(port).open()
  client.webSocket.ping('x')
  expect(String((await once(client.webSocket, 'pong'))[0])).toBe('x')
  client.webSocket.terminate()
})

test('a refusal is read to its end before the close', async () => {
  const { port } = await start()
  const client = await new Client(port).open()
  client.webSocket.send(connectBytes('refuse'))
  expect(await client.closed()).toBe(1000)
  expect(client.received.toString('hex')).toBe('20020004')
})

test('a message over the limit closes the connection', async () => {
  const { port, entry } = await start({ settings: { maxWebSocketMessageBytes: 4096 } })
  const client = await new Client(port).open()
  client.webSocket.send(connectBytes('any'))
  await until(() => client.received.equals(acceptedBytes), 'a CONNACK')
  client.webSocket.send(Buffer.alloc(5000))
  await client.closed()
  await entry('packet-too-large')
})

test('a message that does not end is cut off before the CONNECT', async () => {
  const { port, entry } = await start()
  const client = await new Client(port).open()
  for (let count = 0; count < 20; count++) client.webSocket.send(Buffer.alloc(1024), { fin: false })
  await client.closed()
  await entry('packet-too-large')
})

test('a CONNECT that never comes ends at the time-out, before and after the upgrade', async () => {
  const { port, journal, gateway } = await start({ settings: { connectTimeoutMs: 100 } })
  const upgraded = await new Client(port).open()
  const asking = await tcpClient(port)
  asking.socket.write('GET /mqtt HTTP/1.1\r\nHost: x\r\n')
  await Promise.all([upgraded.closed(), asking.closed()])
  expect(journal.map(entry => [entry.reason, entry.transport]).toSorted()).toEqual([
    ['connect-timeout', 'tcp'],
    ['connect-timeout', 'ws'],
  ])
  await until(() => gateway.stats().connections.ws === 0, 'its end')
})

test('a plain GET is told what the port is for, with and without TLS', async () => {
  const { port, entry } = await start()
  const clients = [await tcpClient(port), await tlsClient(port, certificates())]
  for (const client of clients) {
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const answer = (await client.closed()).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 426 /)
    expect(answer).toContain('MQTT over TLS, TCP and WebSocket')
  }
  expect((await entry('websocket-refused')).detail?.problem).toContain('plain HTTP')
})

test.each([
  ['no good HTTP', 'GET \x01\r\n\r\n'],
  ['headers over the limit', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`],
  ['an upgrade without a key', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
])('%s is refused', async (_, request) => {
  const { port, entry } = await start()
  const client = await tcpClient(port)
  client.socket.write(request)
  expect((await client.closed()).toString()).toMatch(/^HTTP\/1\.1 400 /)
  await entry('websocket-refused')
})

test('an upgrade that comes byte by byte is an upgrade', async () => {
  const { port } = await start()
  const client = await tcpClient(port)
  const request = `GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`
  for (const letter of request) await new Promise(resolve => client.socket.write(letter, resolve))
  expect((await client.read(12)).toString()).toMatch(/^HTTP\/1\.1 101/)
  client.socket.destroy()
})
