import type { JournalListener, Registry } from '../registry/registry.ts'

/** One following of the journal for all event streams, as long as there are any. */
export interface JournalFeed {
  /** Resolves when what is written from now on comes; to how to leave. Rejects with `StoreUnavailable`. */
  join(): Promise<() => void>
  close(): void
}

export function createJournalFeed(registry: Pick<Registry, 'followJournal'>, listener: JournalListener): JournalFeed {
  let users = 0
  let following: Promise<() => void> | undefined
  const end = (): void => {
    following?.then(
      stop => stop(),
      () => undefined, // who asked for it was told
    )
    following = undefined
  }
  return {
    async join() {
      users += 1
      let hasLeft = false
      const leave = (): void => {
        if (hasLeft) return
        hasLeft = true
        users -= 1
        if (users === 0) end()
      }
      const joined = following ?? registry.followJournal(listener)
      following = joined
      try {
        await joined
      } catch (error) {
        if (following === joined) following = undefined
        leave()
        throw error
      }
      return leave
    },
    close: end,
  }
}
