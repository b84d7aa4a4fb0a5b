import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FrameReader, FrameTooLarge } from './frames.ts'
import { readHello, secretSizeBytes } from './hello.ts'

/** What one may come in for. */
export const doorKinds = ['line', 'tunnel'] as const
export type DoorKind = (typeof doorKinds)[number]

/** Where the door is, and what opens it. */
export interface DoorPlace {
  path: string
  /** The folder that goes when the door does; null where the system has none. */
  folder: string | null
  secret: Uint8Array
}

export interface DoorOptions {
  /** Takes over a socket whose hello was good, with what came behind it. It has no listener left. */
  handlers: Readonly<Record<DoorKind, (socket: Socket, payload: Buffer, rest: Buffer) => void>>
  onError: (error: Error) => void
}

export interface Door {
  readonly place: DoorPlace
  /** Lets nobody in any more and takes the socket away; who is in stays. */
  close(): void
}

const helloTimeoutMs = 10_000
/** An application key may name many products. */
const maxHelloBytes = 4_194_304
// The kernel cuts it to its own limit; beyond it, coming in fails at once.
const backlog = 4096
/** sockaddr_un. */
const maxPathBytes = 103

/**
 * Listens on a local socket for the other processes of this server. Two locks: the folder is this user's only (0700), and
 * whoever comes in must know a secret that was made at the start.
 *
 * Rejects with one sentence if there is no place for the socket.
 */
export async function openDoor({ handlers, onError }: DoorOptions): Promise<Door> {
  const place = makePlace()
  const entering = new Set<Socket>()
  const server = createServer(socket => {
    entering.add(socket)
    receive(socket, place.secret, (kind, payload, rest) => {
      entering.delete(socket)
      handlers[kind](socket, payload, rest)
    })
    socket.once('close', () => entering.delete(socket))
  })
  try {
    await listen(server, place.path)
  } catch (error) {
    removeFolder(place)
    throw error
  }
  server.on('error', onError)
  return {
    place,
    close() {
      server.close()
      for (const socket of entering) socket.destroy()
      removeFolder(place)
    },
  }
}

function makePlace(): DoorPlace {
  const secret = randomBytes(secretSizeBytes)
  if (process.platform === 'win32') {
    return { path: `\\\\.\\pipe\\hatchway-${randomBytes(16).toString('hex')}`, folder: null, secret }
  }
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-')) // 0700
  const path = join(folder, 's')
  if (Buffer.byteLength(path) <= maxPathBytes) return { path, folder, secret }
  rmSync(folder, { recursive: true })
  throw new Error(`the folder for temporary files (${tmpdir()}) is too long for a local socket; set TMPDIR to another.`)
}

/** For whoever of the server's processes ends last. */
export function removeFolder({ folder }: DoorPlace): void {
  if (folder !== null) rmSync(folder, { recursive: true, force: true })
}

async function listen(server: Server, path: string): Promise<void> {
  server.listen({ path, backlog })
  await once(server, 'listening')
}

function receive(
  socket: Socket,
  secret: Uint8Array,
  enter: (kind: DoorKind, payload: Buffer, rest: Buffer) => void,
): void {
  const reader = new FrameReader(maxHelloBytes)
  const timer = setTimeout(() => socket.destroy(), helloTimeoutMs)
  const onData = (chunk: Buffer): void => {
    reader.push(chunk)
    const frame = nextFrame(reader)
    if (frame === undefined) return
    leave()
    const hello = frame === 'too-large' ? undefined : readHello(frame, secret)
    const kind = hello === undefined ? undefined : doorKinds[hello.kind]
    if (hello === undefined || kind === undefined) socket.destroy()
    else enter(kind, hello.payload, reader.takeRest())
  }
  const leave = (): void => {
    clearTimeout(timer)
    socket.removeListener('data', onData)
    socket.removeListener('close', leave)
    socket.removeListener('error', ignoreError)
  }
  socket.on('data', onData)
  socket.once('close', leave)
  socket.on('error', ignoreError)
}

const ignoreError = (): void => {} // 'close' follows

function nextFrame(reader: FrameReader): Buffer | 'too-large' | undefined {
  try {
    return reader.next()
  } catch (error) {
    if (error instanceof FrameTooLarge) return 'too-large'
    throw error
  }
}
