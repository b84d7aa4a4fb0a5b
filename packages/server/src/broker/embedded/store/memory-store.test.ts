import { MemoryStore } from './memory-store.ts'
import { sessionStoreSuite } from './session-store.suite.ts'

let present = new MemoryStore()
sessionStoreSuite({
  async open(again) {
    if (!again) present = new MemoryStore()
    const store = present
    let isClosed = false
    return {
      load: () => store.load(),
      // What a next start finds is what this one was given: only the view of it is closed.
      commit: changes => (isClosed ? closedStore().then(closed => closed.commit(changes)) : store.commit(changes)),
      async close() {
        isClosed = true
      },
    }
  },
})

async function closedStore(): Promise<MemoryStore> {
  const store = new MemoryStore()
  await store.close()
  return store
}
