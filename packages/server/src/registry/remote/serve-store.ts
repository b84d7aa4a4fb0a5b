import type { AnnouncingRegistry } from '../create-registry.ts'
import type { Store } from '../store.ts'
import { failureOf, type RemoteCall, type StoreCall, type StoreChange, type StoreReply } from './messages.ts'

type Served = Pick<AnnouncingRegistry, 'store' | 'register' | 'appendJournal' | 'onOutdated'>

export interface ServedStore {
  /** A call of the other process. */
  message(call: StoreCall): void
  /** The other process is gone. */
  close(): void
}

/**
 * Lets another process of this server use the registry's store. What is changed through it is announced here as if it
 * had been asked here, and whatever changes anywhere is told there before the one who changed it has his answer.
 * `allowed`: the calls that it may make.
 */
export function serveStore(
  registry: Served,
  allowed: readonly RemoteCall[],
  send: (message: StoreReply | StoreChange) => void,
): ServedStore {
  const stopTelling = registry.onOutdated(change => send({ kind: 'store-change', change }))
  const calls: Partial<Store> = {
    ...registry.store,
    register: request => registry.register(request),
    appendJournal: entries => registry.appendJournal(entries),
  }
  const known: ReadonlySet<string> = new Set(allowed)
  const run = async (call: RemoteCall, args: readonly unknown[]): Promise<unknown> => {
    const method = known.has(call) ? calls[call] : undefined
    if (method === undefined) throw new Error(`${call} is no call that this process may make`)
    return (method as (...args: readonly unknown[]) => unknown)(...args) // the other side is typed as a Store
  }
  let isOpen = true
  return {
    message({ id, call, args }) {
      run(call, args).then(
        value => {
          if (isOpen) send({ kind: 'store-reply', id, value })
        },
        (error: unknown) => {
          if (isOpen) send({ kind: 'store-reply', id, failure: failureOf(error) })
        },
      )
    },
    close() {
      isOpen = false
      stopTelling()
    },
  }
}
