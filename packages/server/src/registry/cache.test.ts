import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cache } from './cache.ts'

interface Line {
  version: number
}

/** A store whose reads are answered when the test says so, with what the store held when the read began. */
function slowStore() {
  const rows = new Map<string, Line>()
  const pending: (() => void)[] = []
  let reads = 0
  return {
    rows,
    get reads() {
      return reads
    },
    answerAll() {
      for (const answer of pending.splice(0)) answer()
    },
    answerOne(at: number) {
      for (const answer of pending.splice(at % Math.max(1, pending.length), 1)) answer()
    },
    read(key: string): Promise<Line | undefined> {
      reads += 1
      const found = rows.get(key)
      return new Promise(resolve => pending.push(() => resolve(found)))
    },
  }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

function subject(over: { maxEntries?: number; maxAgeMs?: number } = {}) {
  const store = slowStore()
  const time = { now: 0 }
  const options = { maxEntries: 3, maxAgeMs: 1000, clock: () => time.now, ...over }
  const cache = new Cache<Line>(options, key => store.read(key))
  const get = async (key: string) => {
    const value = cache.get(key)
    store.answerAll()
    return value
  }
  return { store, time, cache, get }
}

describe('the cache', () => {
  test('asks the store once for what it keeps', async () => {
    const { store, get } = subject()
    store.rows.set('a', { version: 1 })
    expect(await get('a')).toEqual({ version: 1 })
    expect(await get('a')).toEqual({ version: 1 })
    expect(store.reads).toBe(1)
  })

  test('makes one read of 100 simultaneous misses', async () => {
    const { store, cache } = subject()
    store.rows.set('a', { version: 1 })
    const values = Array.from({ length: 100 }, () => cache.get('a'))
    store.answerAll()
    expect(new Set(await Promise.all(values)).size).toBe(1)
    expect(store.reads).toBe(1)
  })

  test('does not keep that something is missing', async () => {
    const { store, get, cache } = subject()
    expect(await get('a')).toBeUndefined()
    expect(await get('a')).toBeUndefined()
    expect(store.reads).toBe(2)
    expect(cache.size).toBe(0)
  })

  test('does not keep a failure, and tells it to all who wait', async () => {
    let fails = true
    const cache = new Cache<Line>({ maxEntries: 3, maxAgeMs: 1000, clock: () => 0 }, () =>
      fails ? Promise.reject(new Error('down')) : Promise.resolve({ version: 1 }),
    )
    const results = await Promise.allSettled([cache.get('a'), cache.get('a')])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    fails = false
    expect(await cache.get('a')).toEqual({ version: 1 })
  })

  test('at its limit lets go of what was not asked for the longest', async () => {
    const { store, get, cache } = subject({ maxEntries: 2 })
    for (const key of ['a', 'b', 'c']) store.rows.set(key, { version: 1 })
    for (const key of ['a', 'b', 'a', 'c']) await get(key)
    expect(cache.size).toBe(2)
    await get('a')
    expect(store.reads).toBe(3)
    await get('b')
    expect(store.reads).toBe(4)
  })

  test('reads anew what is too old, also when the clock was set back', async () => {
    const { store, get, time } = subject({ maxAgeMs: 10 })
    store.rows.set('a', { version: 1 })
    for (const now of [0, 10, 11, 0]) {
      time.now = now
      await get('a')
    }
    expect(store.reads).toBe(3)
  })

  test('an invalidation during a read leaves nothing old behind, and nobody joins that read', async () => {
    const { store, cache, get } = subject()
    store.rows.set('a', { version: 1 })
    const early = cache.get('a')
    store.rows.set('a', { version: 2 })
    cache.invalidate('a')
    const late = cache.get('a')
    store.answerOne(1) // the later read is the first to be answered
    store.answerAll()
    expect([await early, await late]).toEqual([{ version: 1 }, { version: 2 }])
    expect(await get('a')).toEqual({ version: 2 })
    expect(store.reads).toBe(2)
  })

  test('whoever asks after a change gets nothing older than the change, in any order of events', async () => {
    const keys = fc.constantFrom('a', 'b', 'c', 'd')
    const step = fc.oneof(
      fc.record({ kind: fc.constant('get' as const), key: keys }),
      fc.record({ kind: fc.constant('change' as const), key: keys }),
      fc.record({ kind: fc.constant('change-all' as const), key: keys }),
      fc.record({ kind: fc.constant('answer' as const), at: fc.nat(20) }),
    )
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const { store, cache } = subject()
      const asked: { least: number; value: Promise<Line | undefined> }[] = []
      let version = 0
      for (const one of steps) {
        if (one.kind === 'answer') store.answerOne(one.at)
        else if (one.kind === 'get')
          asked.push({ least: store.rows.get(one.key)?.version ?? 0, value: cache.get(one.key) })
        else {
          store.rows.set(one.key, { version: ++version })
          if (one.kind === 'change') cache.invalidate(one.key)
          else cache.invalidateAll()
        }
        await settled()
        expect(cache.size).toBeLessThanOrEqual(3)
      }
      store.answerAll()
      for (const { least, value } of asked) expect((await value)?.version ?? 0).toBeGreaterThanOrEqual(least)
    })
    await fc.assert(property, { numRuns: 150 })
  })
})
