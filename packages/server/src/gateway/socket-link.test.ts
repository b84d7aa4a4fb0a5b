import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Link } from '../broker/port.ts'
import { Deadlines } from './deadlines.ts'
import { until } from './gateway-fakes.suite.ts'
import type { LinkContext } from './gateway-link.ts'
import { SocketLink } from './socket-link.ts'
import { WriteTurn } from './write-turn.ts'

let server: Server
let near: Socket
let far: Socket
let received: Buffer
let context: LinkContext
let link: SocketLink

beforeEach(async () => {
  server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  far = connect((server.address() as { port: number }).port, '127.0.0.1')
  ;[near] = await once(server, 'connection')
  received = Buffer.alloc(0)
  context = { turn: new WriteTurn(), closing: new Deadlines<Link>(50, stuck => stuck.destroy()) }
  link = new SocketLink(near, { address: '127.0.0.1', transport: 'tcp' }, context)
})
afterEach(async () => {
  context.closing.close()
  near.destroy()
  far.destroy()
  await new Promise(resolve => server.close(resolve))
})

function read(): void {
  far.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
  })
}

test('what is written in one turn leaves in one write', async () => {
  read()
  const write = vi.spyOn(near, 'write')
  for (let index = 0; index < 100; index++) link.write(Buffer.from([index]))
  expect(link.pendingBytes).toBe(100)
  expect(write).not.toHaveBeenCalled()
  await until(() => received.length === 100, 'all bytes')
  expect(write).toHaveBeenCalledTimes(1)
  expect(received).toEqual(Buffer.from(Array.from({ length: 100 }, (_, index) => index)))
  expect(link.pendingBytes).toBe(0)
})

test('small and large writes keep their order', async () => {
  read()
  const parts = [1, 70_000, 3, 200_000, 5, 0, 7].map((size, index) => Buffer.alloc(size, index))
  for (const part of parts) link.write(part)
  await until(() => received.length === 270_016, 'all bytes')
  expect(received.equals(Buffer.concat(parts))).toBe(true)
})

test('a peer that does not read leaves bytes pending, and the drain listener hears when they are gone', async () => {
  let drained = 0
  link.drainListener = {
    drained() {
      drained += 1
      expect(link.pendingBytes).toBe(0)
    },
  }
  const block = Buffer.alloc(1_000_000, 1)
  let sent = 0
  while (near.writableLength === 0) {
    link.write(block)
    link.flush()
    sent += block.length
  }
  link.write(Buffer.from('last'))
  expect(link.pendingBytes).toBeGreaterThan(4)
  expect(drained).toBe(0)
  read()
  await until(() => received.length === sent + 4, 'all bytes')
  await until(() => drained > 0, 'drained')
  expect(received.subarray(-4).toString()).toBe('last')
  expect(link.pendingBytes).toBe(0)
})

test('end sends what is queued first', async () => {
  read()
  link.write(Buffer.from('good bye'))
  link.end()
  link.write(Buffer.from('too late'))
  await once(far, 'close')
  expect(received.toString()).toBe('good bye')
})

test('end is bounded in time', async () => {
  far.pause() // so it never sees our end
  link.end()
  await once(near, 'close')
  expect(near.destroyed).toBe(true)
})

test('a link that has closed is not waited for', async () => {
  read()
  link.end()
  await once(near, 'close')
  link.closed()
  expect(context.closing.size).toBe(0)
})

test('writing to a socket that is gone is no fault and holds nothing', async () => {
  near.destroy()
  await once(near, 'close')
  link.write(Buffer.alloc(100))
  link.flush()
  expect(link.pendingBytes).toBe(0)
  link.end()
  link.destroy()
})

test('bytes that were queued when the socket broke are let go', async () => {
  link.write(Buffer.alloc(100))
  near.destroy()
  await once(near, 'close')
  link.flush()
  expect(link.pendingBytes).toBe(0)
})

test('a paused link reads nothing until it is resumed', async () => {
  let heard = 0
  near.on('data', () => {
    heard += 1
  })
  link.pauseReading()
  await new Promise(resolve => far.write('x', resolve))
  link.write(Buffer.from('y'))
  await once(far, 'data') // a round trip: what was sent before would have been read
  expect(heard).toBe(0)
  link.resumeReading()
  await until(() => heard === 1, 'the byte')
})
