import { describe, expect, test, vi } from 'vitest'
import type { PresenceChange } from '../registry/store.ts'
import { maxBatch, PresenceNotes, type PresenceNotesParts } from './presence-notes.ts'

const change = (deviceName: string, online: boolean, at: number): PresenceChange => ({
  productKey: 'pk1',
  deviceName,
  online,
  at,
  address: '10.0.0.7',
})

/** A store whose calls the test lets go one by one. */
const heldStore = () => {
  const calls: { changes: readonly PresenceChange[]; done: (counts?: boolean[]) => void; fail: () => void }[] = []
  const notePresence = (changes: readonly PresenceChange[]) =>
    new Promise<readonly boolean[]>((resolve, reject) => {
      calls.push({
        changes: [...changes],
        done: (counts = changes.map(() => true)) => resolve(counts),
        fail: () => reject(new Error('down')),
      })
    })
  return { calls, notePresence }
}
const callCount = (store: { calls: unknown[] }, count: number) =>
  vi.waitFor(() => expect(store.calls).toHaveLength(count), { interval: 1, timeout: 20_000 })

const open = (options: Partial<PresenceNotesParts> = {}) => {
  const store = heldStore()
  const errors: unknown[] = []
  const notes = new PresenceNotes({ store, onError: error => errors.push(error), retryDelayMs: 1, ...options })
  return { store, errors, notes }
}
const at = (changes: readonly PresenceChange[] | undefined) => changes?.map(({ at: time }) => time)

describe('presence notes', () => {
  test('what comes while the store writes goes into the next batch', async () => {
    const { store, notes } = open()
    notes.note(change('a', true, 1))
    await callCount(store, 1)
    notes.note(change('b', true, 2))
    notes.note(change('c', true, 3))
    store.calls[0]?.done()
    await callCount(store, 2)
    expect(store.calls.map(({ changes }) => at(changes))).toEqual([[1], [2, 3]])
    store.calls[1]?.done()
    await notes.close()
  })

  test('a device that flaps is written with its last coming and going, in order', async () => {
    const { store, notes } = open()
    for (let time = 1; time <= 9; time += 1) notes.note(change('a', time % 2 === 1, time))
    await callCount(store, 1)
    expect(at(store.calls[0]?.changes)).toEqual([8, 9])
    store.calls[0]?.done()
    await notes.close()
  })

  test('a batch that failed is tried again, and what is newer wins', async () => {
    const { store, errors, notes } = open()
    notes.note(change('a', true, 1))
    notes.note(change('b', true, 2))
    await callCount(store, 1)
    notes.note(change('a', true, 3))
    store.calls[0]?.fail()
    await callCount(store, 2)
    expect(errors).toHaveLength(1)
    expect(at(store.calls[1]?.changes)).toEqual([2, 3])
    store.calls[1]?.done()
    await notes.close()
  })

  test('large crowds go in batches', async () => {
    const { store, notes } = open()
    for (let count = 0; count < maxBatch + 5; count += 1) notes.note(change(`d${count}`, true, count))
    await callCount(store, 1)
    store.calls[0]?.done()
    await callCount(store, 2)
    expect(store.calls.map(({ changes }) => changes.length)).toEqual([maxBatch, 5])
    store.calls[1]?.done()
    await notes.close()
  })

  test('while the store is away only so many wait, the oldest go first, and it is told once', async () => {
    const { store, errors, notes } = open({ maxWaiting: 3 })
    for (let count = 1; count <= 10; count += 1) notes.note(change(`d${count}`, true, count))
    expect(errors).toHaveLength(1)
    await callCount(store, 1)
    expect(at(store.calls[0]?.changes)).toEqual([8, 9, 10])
    store.calls[0]?.done()
    await notes.close()
  })

  test('closing waits for the write under way, writes the rest once, and does not try again', async () => {
    const { store, errors, notes } = open()
    notes.note(change('a', true, 1))
    await callCount(store, 1)
    notes.note(change('b', true, 2))
    const closed = notes.close()
    store.calls[0]?.done()
    await callCount(store, 2)
    expect(at(store.calls[1]?.changes)).toEqual([2])
    store.calls[1]?.fail()
    await closed
    expect(errors).toHaveLength(1)
    expect(store.calls).toHaveLength(2)
  })

  test('closing while another try is due leaves no timer behind', async () => {
    const { store, errors, notes } = open()
    notes.note(change('a', true, 1))
    await callCount(store, 1)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      store.calls[0]?.fail()
      for (let tries = 0; vi.getTimerCount() === 0 && tries < 1000; tries += 1) await Promise.resolve()
      expect(vi.getTimerCount()).toBe(1)
      const closed = notes.close()
      expect(vi.getTimerCount()).toBe(0)
      store.calls[1]?.done()
      await closed
      expect(at(store.calls[1]?.changes)).toEqual([1])
      expect(errors).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test('closing with nothing to write asks the store nothing', async () => {
    const { store, notes } = open()
    await notes.close()
    expect(store.calls).toEqual([])
  })

  test('tries that fail one after the other are told once, and once again after one that did not', async () => {
    const { store, errors, notes } = open()
    notes.note(change('a', true, 1))
    for (const [at, settle] of (['fail', 'fail', 'done', 'fail', 'done'] as const).entries()) {
      await callCount(store, at + 1)
      if (settle === 'done') notes.note(change('a', true, at))
      store.calls[at]?.[settle]()
    }
    await callCount(store, 6)
    expect(errors).toHaveLength(2)
    store.calls[5]?.done()
    await notes.close()
  })
})

describe('presence notes for a store that gateways share', () => {
  test('tell of each change whether it counted', async () => {
    const noted: [string, boolean][] = []
    const { store, notes } = open({ shared: { onNoted: ({ deviceName }, counts) => noted.push([deviceName, counts]) } })
    notes.note(change('a', true, 1))
    notes.note(change('b', false, 2))
    await callCount(store, 1)
    expect(noted).toEqual([])
    store.calls[0]?.done([true, false])
    await notes.close()
    expect(noted).toEqual([
      ['a', true],
      ['b', false],
    ])
  })

  test('that was away do not hear that a device came which has left by now', async () => {
    const { store, notes } = open({ shared: { onNoted: () => undefined } })
    notes.note(change('a', true, 1))
    notes.note(change('b', false, 2))
    await callCount(store, 1)
    notes.note(change('a', false, 3))
    notes.note(change('b', true, 4))
    notes.note(change('c', true, 5))
    notes.note(change('c', false, 6))
    notes.note(change('c', true, 7))
    store.calls[0]?.fail()
    await callCount(store, 2)
    expect(at(store.calls[1]?.changes)).toEqual([2, 3, 4, 6, 7])
    store.calls[1]?.done()
    await notes.close()
  })
})
