import { connect, type Socket } from 'node:net'
import { type DoorKind, type DoorPlace, doorKinds } from './door.ts'
import { frameHeader } from './frames.ts'
import { encodeHello } from './hello.ts'

const nothing = Buffer.of()

/** Goes in at the door of another process of this server. What is written at once follows the hello; errors are the caller's. */
export function enter(place: DoorPlace, kind: DoorKind, payload: Uint8Array = nothing): Socket {
  const socket = connect(place.path)
  const hello = encodeHello(place.secret, { kind: doorKinds.indexOf(kind), payload })
  socket.write(Buffer.concat([frameHeader(hello.length), hello]))
  return socket
}
