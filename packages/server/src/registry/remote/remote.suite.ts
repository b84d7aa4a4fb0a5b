import { once } from 'node:events'
import { enter, MessageLine, openDoor } from '../../ipc/index.ts'
import { type AnnouncingRegistry, createRegistry } from '../create-registry.ts'
import type { Store } from '../store.ts'
import { REMOTE_CALLS, type StoreCall, type StoreChange, type StoreReply } from './messages.ts'
import { RemoteStore, type RemoteStoreOptions } from './remote-store.ts'
import { serveStore } from './serve-store.ts'

export interface RemoteRig {
  /** Of the process that has the database. */
  registry: AnnouncingRegistry
  /** As another process has it. */
  remote: RemoteStore
  /** The process that has the database goes, as it were. */
  cut(): void
  close(): Promise<void>
}

/** A store behind a door: both ends in this process, with a real local socket between them. */
export async function remoteRig(
  store: Store,
  options: Partial<Omit<RemoteStoreOptions, 'send'>> = {},
): Promise<RemoteRig> {
  const registry = createRegistry({ store, clock: Date.now })
  const served = Promise.withResolvers<MessageLine>()
  const door = await openDoor({
    handlers: {
      line: (socket, _payload, rest) => {
        const line = new MessageLine(socket, rest)
        const one = serveStore(registry, REMOTE_CALLS, message => line.send(message))
        line.listen({ message: message => one.message(message as StoreCall), closed: () => one.close() })
        served.resolve(line)
      },
      tunnel: socket => socket.destroy(),
    },
    onError: error => served.reject(error),
  })
  const socket = enter(door.place, 'line')
  await once(socket, 'connect')
  const line = new MessageLine(socket)
  const remote = new RemoteStore({ callTimeoutMs: 6000, ...options, send: call => line.send(call) })
  line.listen({
    message: message => remote.message(message as StoreReply | StoreChange),
    closed: () => remote.lost(),
  })
  const other = await served.promise
  return {
    registry,
    remote,
    cut: () => other.destroy(),
    async close() {
      await remote.store.close()
      line.end()
      door.close()
      await registry.close()
    },
  }
}
