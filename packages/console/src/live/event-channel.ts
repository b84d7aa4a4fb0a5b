export type ChannelState = 'connecting' | 'open' | 'broken'

export interface EventChannel {
  /** Hears events of one kind until the returned function is called. */
  on(kind: string, listener: (data: unknown) => void): () => void
  /** Hears changes of the state, and each further attempt that fails while it is broken. */
  onState(listener: () => void): () => void
  readonly state: ChannelState
  close(): void
}

/** A browser gives up for good after an HTTP error, such as the one of a proxy whose server restarts. */
const REOPEN_AFTER_MS = 3000

/** Server-Sent Events that come back by themselves; the browser sends Last-Event-ID, so that no journal entry is missed. */
export function openEventChannel(url: string, kinds: readonly string[]): EventChannel {
  const listeners = new Map<string, Set<(data: unknown) => void>>(kinds.map(kind => [kind, new Set()]))
  const stateListeners = new Set<() => void>()
  let state: ChannelState = 'connecting'
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const setState = (next: ChannelState): void => {
    if (next === state && next !== 'broken') return
    state = next
    for (const listener of stateListeners) listener()
  }
  const open = (): void => {
    source = new EventSource(url)
    source.addEventListener('open', () => setState('open'))
    source.addEventListener('error', () => {
      setState('broken')
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, REOPEN_AFTER_MS)
    })
    for (const [kind, heard] of listeners) {
      source.addEventListener(kind, event => {
        const data: unknown = JSON.parse(event.data)
        for (const listener of heard) listener(data)
      })
    }
  }
  open()
  return {
    on: (kind, listener) => {
      listeners.get(kind)?.add(listener)
      return () => listeners.get(kind)?.delete(listener)
    },
    onState: listener => {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    get state() {
      return state
    },
    close: () => {
      clearTimeout(timer)
      source?.close()
    },
  }
}
