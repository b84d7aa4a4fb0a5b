import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encode } from '../packages/server/src/mqtt/index.ts'
import { ADMIN_TOKEN, eventually } from './harness/hatchway.ts'
import { HatchwayProcess } from './harness/hatchway-process.ts'
import { connectPacket } from './harness/mqtt-connection.ts'

const GARBAGE_CONNECTIONS = 10_000
const GARBAGE_WIDTH = 50
const ALLOWED_GROWTH_MB = 64

let dataDir: string
let server: HatchwayProcess
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'hatchway-hostile-'))
  server = await HatchwayProcess.start(dataDir, [
    '--connect-timeout-ms',
    '1500',
    '--max-connections-per-address',
    '600',
  ])
})
afterAll(async () => {
  await server.end('SIGTERM')
  rmSync(dataDir, { recursive: true, force: true })
})

interface Entry {
  reason: string
  address: string
  connackCode: number | null
  count: number | null
  firstBytes: string | null
}

async function journal(reason: string): Promise<Entry[]> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const response = await fetch(`${server.http}/api/v1/journal?limit=200&reason=${encodeURIComponent(reason)}`, {
    headers,
  })
  return ((await response.json()) as { items: Entry[] }).items
}

const journaled = (reason: string): Promise<Entry> => eventually(async () => (await journal(reason))[0])

async function raw({ endpoint }: Pick<HatchwayProcess, 'endpoint'> = server): Promise<Socket> {
  const socket = connect(endpoint.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Sends bytes and collects the answer until the server closes. */
async function answerTo(bytes: Uint8Array): Promise<Buffer> {
  const socket = await raw()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(chunks)
}

const residentMb = (): number => {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

const CONNECT = encode(connectPacket({ clientId: 'x', userName: 'y&z', password: Buffer.from('p') }), 4)
const withByte = (index: number, value: number): Buffer => {
  const copy = Buffer.from(CONNECT)
  copy[index] = value
  return copy
}

describe('bytes that are no good CONNECT', () => {
  const LENGTH_OF_ONE_GIB = [0xff, 0xff, 0xff, 0x7f]
  it.each([
    ['garbage', Buffer.from('\x00\x01garbage'), 'not-mqtt', ''],
    ['an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 'not-mqtt', ''],
    ['a PINGREQ first', Buffer.from([0xc0, 0]), 'not-mqtt', ''],
    ['a remaining length of 256 MB', Buffer.from([0x10, ...LENGTH_OF_ONE_GIB]), 'packet-too-large', ''],
    ['a remaining length of five bytes', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01]), 'packet-malformed', ''],
    ['a CONNECT of more than 8 KiB', encode(connectPacket({ clientId: 'x'.repeat(9000) }), 4), 'packet-too-large', ''],
    ['a CONNECT with its reserved flag set', withByte(9, 0xc3), 'packet-malformed', ''],
    ['a CONNECT with flags in its first byte', withByte(0, 0x11), 'packet-malformed', ''],
    ['a CONNECT of an unknown version', withByte(8, 9), 'protocol-version-unsupported', '2003008400'],
    ['a CONNECT of another protocol', withByte(4, 0x58), 'protocol-version-unsupported', ''],
    ['a CONNECT cut short inside', Buffer.from([0x10, 4, 0, 4, 0x4d, 0x51]), 'packet-malformed', ''],
    [
      'a TLS record that is no ClientHello',
      Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]),
      'tls-handshake-failed',
      null,
    ],
  ] as const)('%s: the connection closes and the journal says what came', async (_name, bytes, reason, answer) => {
    const received = await answerTo(bytes)
    if (answer !== null) expect(received.toString('hex')).toBe(answer)
    expect(await journaled(reason)).toMatchObject({ reason, address: '127.0.0.1' })
  })

  it('plain HTTP is told what lives here', async () => {
    const response = await fetch(`http://127.0.0.1:${server.endpoint.port}/`)
    expect(response.status).toBe(426)
    expect(await response.text()).toMatch(/MQTT/)
  })

  it('a WebSocket text frame closes the connection', async () => {
    const { WebSocket } = await import('ws')
    const socket = new WebSocket(`ws://127.0.0.1:${server.endpoint.port}/mqtt`, 'mqtt')
    await once(socket, 'open')
    socket.send('hello')
    await once(socket, 'close')
  })
})

describe('slow and silent peers', () => {
  it.each([
    ['nothing at all', Buffer.alloc(0), null],
    ['half a CONNECT', CONNECT.subarray(0, 10), 'connect-timeout'],
    ['half a ClientHello', Buffer.from([0x16, 3, 1, 2, 0, 1]), 'tls-handshake-timeout'],
    ['half an upgrade', Buffer.from('GET /mqtt HTTP/1.1\r\nHost: x\r\n'), null],
  ] as const)('%s: the server closes in its time', async (_name, bytes, reason) => {
    await answerTo(bytes)
    if (reason !== null) expect(await journaled(reason)).toMatchObject({ reason })
  })

  it('a trickle does not extend the time', async () => {
    const socket = await raw()
    let sent = 0
    const closed = once(socket, 'close')
    const trickle = setInterval(() => {
      if (sent < CONNECT.length - 1) socket.write(CONNECT.subarray(sent, ++sent))
    }, 200)
    await closed
    clearInterval(trickle)
    expect(sent).toBeLessThan(CONNECT.length - 1)
  })

  it('one address may hold only so many connections', async () => {
    const sockets = await Promise.all(Array.from({ length: 640 }, () => raw()))
    expect(await journaled('too-many-connections')).toMatchObject({ address: '127.0.0.1' })
    for (const socket of sockets) socket.destroy()
  })
})

describe('a server that may have few files open', () => {
  it('turns away the connections that are too many, with a word, and answers the API', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hatchway-few-files-'))
    const few = await HatchwayProcess.start(folder, ['--max-connections', '1000'], {}, { openFiles: 256 })
    try {
      await eventually(async () => few.log().includes('no more than 128 connections are taken'))
      const sockets = await Promise.all(Array.from({ length: 400 }, () => raw(few)))
      const { items } = await eventually(async () => {
        const found = await few.api('GET', '/journal?reason=too-many-connections')
        return found.items.length > 0 && found
      })
      expect(items[0]).toMatchObject({ problem: 'all 128 connections are in use' })
      expect((await fetch(`${few.http}/readyz`)).status).toBe(200)
      for (const socket of sockets) socket.destroy()
    } finally {
      await few.end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe(`${GARBAGE_CONNECTIONS} garbage connections in a row`, () => {
  it('leave the server up, its memory flat, and the journal bounded and honest', async () => {
    const kinds = [
      Buffer.from('\x01\x02\x03'),
      Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 1, 2]),
      Buffer.from([0x16, 3, 1, 0, 2, 9, 9]),
      CONNECT.subarray(0, 9),
      withByte(9, 0xc3),
    ]
    const flood = async (count: number): Promise<void> => {
      let next = 0
      const one = async (): Promise<void> => {
        while (next < count) {
          const kind = kinds[next++ % kinds.length] ?? CONNECT
          const socket = await raw()
          socket.resume()
          socket.end(kind)
          await once(socket, 'close')
        }
      }
      await Promise.all(Array.from({ length: GARBAGE_WIDTH }, one))
    }
    await eventually(async () => (await fetch(`${server.http}/healthz`)).ok)
    await flood(GARBAGE_CONNECTIONS / 4) // what the first thousands take for caches and compiled code stays
    const before = residentMb()
    await flood(GARBAGE_CONNECTIONS)
    expect(residentMb() - before).toBeLessThan(ALLOWED_GROWTH_MB)
    expect((await fetch(`${server.http}/readyz`)).status).toBe(200)
    const entries = await eventually(async () => {
      const found = await journal('not-mqtt')
      return found.some(entry => (entry.count ?? 0) > 1) && found
    })
    expect(entries[0]?.firstBytes).toMatch(/^[0-9a-f]+$/)
    expect((await answerTo(withByte(8, 9))).toString('hex')).toBe('2003008400')
  }, 180_000)
})
