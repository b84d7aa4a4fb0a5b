import type { Socket } from 'node:net'

/** Who acts on what comes from a socket. */
export interface SocketOwner {
  receive(chunk: Buffer): void
  socketClosed(): void
}

const ownerOf = Symbol('owner')
type OwnedSocket = Socket & { [ownerOf]: SocketOwner }

// One listener each for all sockets: closures of their own would take 150 bytes of every connection.
function passOn(this: OwnedSocket, chunk: Buffer): void {
  this[ownerOf].receive(chunk)
}
function tellClosed(this: OwnedSocket): void {
  this[ownerOf].socketClosed()
}
const ignoreError = (): void => {} // 'close' follows, and that is acted on

/** Tells the owner of bytes and of the end of an accepted socket. */
export function own(socket: Socket, owner: SocketOwner): void {
  const owned = socket as OwnedSocket
  owned[ownerOf] = owner
  owned.on('error', ignoreError)
  owned.on('close', tellClosed)
  owned.on('data', passOn)
}

/** Tells the owner of the bytes of a layer above its socket. */
export function read(socket: Socket, owner: SocketOwner): void {
  const owned = socket as OwnedSocket
  owned[ownerOf] = owner
  owned.on('data', passOn)
}

/** Leaves the bytes to another reader: these first. */
export function putBack(socket: Socket, bytes: Buffer): void {
  socket.removeListener('data', passOn)
  socket.pause()
  socket.unshift(bytes)
}
