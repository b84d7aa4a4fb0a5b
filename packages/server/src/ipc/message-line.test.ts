import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type Door, enter, MessageLine, openDoor } from './index.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Pair {
  door: Door
  near: MessageLine
  nearSocket: Socket
  far: MessageLine
  farSocket: Socket
  payload: Buffer
}

async function openPair(): Promise<Pair> {
  const arrived = Promise.withResolvers<Pick<Pair, 'far' | 'farSocket' | 'payload'>>()
  const door = await openDoor({
    handlers: {
      line: (farSocket, payload, rest) =>
        arrived.resolve({ far: new MessageLine(farSocket, rest), farSocket, payload }),
      tunnel: socket => socket.destroy(),
    },
    onError: error => arrived.reject(error),
  })
  const nearSocket = enter(door.place, 'line', Buffer.from('who I am'))
  const pair = { door, near: new MessageLine(nearSocket), nearSocket, ...(await arrived.promise) }
  closing.push(() => {
    nearSocket.destroy()
    pair.farSocket.destroy()
    door.close()
  })
  return pair
}

function collect(line: MessageLine): { messages: unknown[]; closed: () => boolean } {
  const messages: unknown[] = []
  let closed = false
  line.listen({
    message: message => void messages.push(message),
    closed: () => {
      closed = true
    },
  })
  return { messages, closed: () => closed }
}

const until = (condition: () => boolean, what: string) =>
  vi.waitFor(() => expect(condition(), what).toBe(true), { timeout: 20_000, interval: 2 })

test('messages of one turn travel as one frame, in order, after what was said at the door', async () => {
  const { near, nearSocket, far, payload } = await openPair()
  expect(payload.toString()).toBe('who I am')
  const write = vi.spyOn(nearSocket, 'write')
  for (let index = 0; index < 100; index++) near.send({ index })
  const { messages } = collect(far)
  await until(() => messages.length === 100, 'all messages')
  expect(messages).toEqual(Array.from({ length: 100 }, (_, index) => ({ index })))
  expect(write).toHaveBeenCalledTimes(2) // length and frame, corked
})

test('what is sent before the end arrives before the end', async () => {
  const { near, far } = await openPair()
  const { messages, closed } = collect(far)
  near.send('last words')
  near.end()
  await until(closed, 'the end')
  expect(messages).toEqual(['last words'])
})

test('messages gather while the other side is slow, and all arrive', async () => {
  const { near, far, farSocket } = await openPair()
  farSocket.pause()
  const text = 'x'.repeat(100_000)
  for (let round = 0; round < 20; round++) {
    near.send(text)
    await new Promise(resolve => setImmediate(resolve))
  }
  const { messages } = collect(far)
  farSocket.resume()
  await until(() => messages.length === 20, 'all messages')
  expect(new Set(messages)).toEqual(new Set([text]))
})

test('what is no message ends the line', async () => {
  const { nearSocket, far } = await openPair()
  const { messages, closed } = collect(far)
  nearSocket.write(Buffer.from([0, 0, 0, 2, 0x7b, 0x7b]))
  await until(closed, 'the end')
  expect(messages).toEqual([])
})

test('the socket stands in a folder of this user only, and goes with the door', async () => {
  const { door } = await openPair()
  expect((await stat(dirname(door.place.path))).mode & 0o777).toBe(0o700)
  door.close()
  const late = connect(door.place.path)
  const [error] = await once(late, 'error')
  expect(error).toMatchObject({ code: 'ENOENT' })
})

test('the secret is made anew for each door', async () => {
  const [one, other] = [await openPair(), await openPair()]
  expect(Buffer.from(one.door.place.secret).equals(other.door.place.secret)).toBe(false)
})
