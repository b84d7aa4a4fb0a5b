import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_SECRET, type FixtureOptions, type HttpFixture, startHttp } from './fixture.suite.ts'

const AUTHORIZATION = `Authorization: Bearer ${ADMIN_SECRET}`

const raw = async (port: number, ...lines: string[]): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.write(lines.join('\r\n'))
  return socket
}
const problemIn = (reply: string): unknown => JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4))

describe('over a real socket', () => {
  let http: HttpFixture
  let url: string
  let port: number
  beforeAll(async () => {
    http = await startHttp({ settings: { maxBodyBytes: 1000 } })
    url = await http.server.listen()
    port = Number(new URL(url).port)
  })
  afterAll(() => http.close())

  test('a client can use it by fetch', async () => {
    const reply = await fetch(`${url}/api/v1/products`, { headers: { authorization: `Bearer ${ADMIN_SECRET}` } })
    expect(await reply.json()).toEqual({ items: [], nextCursor: null, total: 0 })
  })

  test.each([
    ['announced by Content-Length', 'Content-Length: 5000'],
    ['sent in chunks', 'Transfer-Encoding: chunked'],
  ])('a body over the limit is 413 before it has arrived, %s', async (_, header) => {
    const head = ['POST /api/v1/products HTTP/1.1', 'Host: a', AUTHORIZATION, 'Content-Type: application/json', header]
    const reply = await text(await raw(port, ...head, '', `5dc\r\n${'x'.repeat(1500)}`))
    expect(reply).toMatch(/^HTTP\/1\.1 413 /)
    expect(problemIn(reply)).toMatchObject({ status: 413, code: 'body-too-large' })
  })

  test('bytes that are no HTTP are 400', async () => {
    const reply = await text(await raw(port, '\u0010\u000c\u0000\u0004MQTT', ''))
    expect(reply).toMatch(/^HTTP\/1\.1 400 /)
    expect(problemIn(reply)).toMatchObject({ detail: 'The bytes are not an HTTP request.' })
  })

  test('headers over the limit are 431', async () => {
    const reply = await text(await raw(port, 'GET / HTTP/1.1', 'Host: a', `X-Long: ${'x'.repeat(20_000)}`, '', ''))
    expect(reply).toMatch(/^HTTP\/1\.1 431 /)
    expect(problemIn(reply)).toMatchObject({ status: 431 })
  })
})

describe('sockets are bounded', () => {
  let http: HttpFixture
  let port: number
  const start = async (options: FixtureOptions = {}): Promise<void> => {
    http = await startHttp(options)
    port = Number(new URL(await http.server.listen()).port)
  }
  afterEach(() => http.close())

  test('a request that stops half-way is 408 and the connection ends', async () => {
    await start({ settings: { requestTimeoutMs: 100, headersTimeoutMs: 100 } })
    const reply = await text(await raw(port, 'GET /healthz HTTP/1.1', 'Host: a', 'X-Half'))
    expect(reply).toMatch(/^HTTP\/1\.1 408 /)
    expect(problemIn(reply)).toMatchObject({ status: 408, detail: expect.stringContaining('in time') })
  })

  test('a connection over the limit is not taken', async () => {
    await start({ settings: { maxConnections: 1 } })
    const first = await raw(port, '')
    const second = connect(port, '127.0.0.1')
    await new Promise(resolve => second.once('close', resolve).once('error', resolve))
    first.destroy()
  })

  test('closing ends idle connections and frees the port', async () => {
    await start()
    const idle = await raw(port, 'GET /healthz HTTP/1.1', 'Host: a', '', '')
    await new Promise(resolve => idle.once('data', resolve))
    const closed = new Promise(resolve => idle.once('close', resolve))
    await http.server.close()
    await closed
    await expect(raw(port, '')).rejects.toThrow('ECONNREFUSED')
  })
})
