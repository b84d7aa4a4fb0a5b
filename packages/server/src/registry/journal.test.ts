import { afterEach, describe, expect, test } from 'vitest'
import { BufferedJournal, type JournalOptions } from './journal.ts'
import { StoreUnavailable } from './store.ts'
import { newEntry } from './store-fixture.suite.ts'
import type { JournalEntry, NewJournalEntry } from './types.ts'

const open: BufferedJournal[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(journal => journal.close()))
})

function subject(over: Partial<JournalOptions> = {}) {
  const written: JournalEntry[] = []
  const writes: number[] = []
  const state: { error: Error | undefined; now: number } = { error: undefined, now: 0 }
  const store = {
    async appendJournal(entries: readonly NewJournalEntry[]) {
      if (state.error) throw state.error
      writes.push(entries.length)
      const withIds = entries.map((entry, at) => ({ ...entry, id: written.length + at + 1 }))
      written.push(...withIds)
      return withIds
    },
  }
  // A timer that never fires in these tests: they flush.
  const journal = new BufferedJournal({ store, clock: () => state.now, flushAfterMs: 100_000, ...over })
  open.push(journal)
  return { journal, written, writes, state }
}

const times = (count: number, run: (at: number) => void) => {
  for (let at = 0; at < count; at++) run(at)
}

describe('the journal', () => {
  test('writes what was recorded in order and tells it with ids', async () => {
    const { journal, written } = subject()
    const told: JournalEntry[] = []
    const stop = journal.onEntry(entry => told.push(entry))
    times(3, at => journal.record(newEntry({ time: at, deviceName: `dev${at}` })))
    expect(written).toEqual([])
    await journal.flush()
    expect(written.map(({ time }) => time)).toEqual([0, 1, 2])
    expect(told).toEqual(written)
    stop()
    journal.record(newEntry())
    await journal.flush()
    expect(told).toHaveLength(3)
  })

  test('writes by itself after a moment', async () => {
    const { journal, written } = subject({ flushAfterMs: 1 })
    journal.record(newEntry())
    await expect.poll(() => written.length).toBe(1)
  })

  test('writes at once when a batch is full', async () => {
    const { journal, writes } = subject({ batchEntries: 10 })
    times(25, at => journal.record(newEntry({ deviceName: `dev${at}` })))
    await expect.poll(() => writes.length).toBeGreaterThan(0)
    await journal.flush()
    expect(writes.reduce((sum, size) => sum + size, 0)).toBe(25)
    expect(Math.max(...writes)).toBeLessThanOrEqual(10)
  })

  test('keeps entries while the store is down, and then writes them in order', async () => {
    const { journal, written, state } = subject()
    state.error = new StoreUnavailable('down')
    times(4, at => journal.record(newEntry({ time: at, deviceName: `dev${at}` })))
    await journal.flush()
    journal.record(newEntry({ time: 4 }))
    expect(journal.waitingEntries).toBe(5)
    state.error = undefined
    await journal.flush()
    expect(written.map(({ time }) => time)).toEqual([0, 1, 2, 3, 4])
    expect(journal.dropped.size).toBe(0)
  })

  test('tries again by itself', async () => {
    const { journal, written, state } = subject({ flushAfterMs: 1, retryAfterMs: 1 })
    state.error = new StoreUnavailable('down')
    journal.record(newEntry())
    await journal.flush()
    state.error = undefined
    await expect.poll(() => written.length).toBe(1)
  })

  test('drops and counts the oldest when too many wait', async () => {
    const { journal, written, state } = subject({ maxWaitingEntries: 10, batchEntries: 4 })
    state.error = new StoreUnavailable('down')
    times(3, at => journal.record(newEntry({ time: at, deviceName: `dev${at}`, reason: 'switch-off' })))
    await journal.flush()
    times(20, at => journal.record(newEntry({ time: 3 + at, deviceName: `dev${at}` })))
    await journal.flush()
    expect(journal.waitingEntries).toBe(10)
    state.error = undefined
    await journal.flush()
    expect(written.map(({ time }) => time)).toEqual([13, 14, 15, 16, 17, 18, 19, 20, 21, 22])
    expect([...journal.dropped]).toEqual([
      ['switch-off', 3],
      ['signature-mismatch', 10],
    ])
  })

  test('gives up entries that a working store does not take, and goes on with the others', async () => {
    const { journal, written, state } = subject()
    state.error = new Error('a constraint failed')
    times(2, at => journal.record(newEntry({ deviceName: `dev${at}` })))
    await journal.flush()
    state.error = undefined
    journal.record(newEntry({ deviceName: 'dev9' }))
    await journal.flush()
    expect(written.map(({ deviceName }) => deviceName)).toEqual(['dev9'])
    expect(journal.dropped.get('signature-mismatch')).toBe(2)
  })

  test('close writes the rest; what comes later is dropped and counted', async () => {
    const { journal, written } = subject()
    journal.record(newEntry())
    await journal.close()
    expect(written).toHaveLength(1)
    journal.record(newEntry())
    expect(journal.dropped.get('signature-mismatch')).toBe(1)
  })

  test('close loses what a store that is down does not take, and counts it', async () => {
    const { journal, state } = subject()
    state.error = new StoreUnavailable('down')
    times(3, () => journal.record(newEntry()))
    await journal.close()
    expect(journal.dropped.get('signature-mismatch')).toBe(3)
    expect(journal.waitingEntries).toBe(0)
  })
})

describe('a flood of alike entries', () => {
  const folding = { maxAlike: 3, windowMs: 1000, maxKinds: 100 }

  test('becomes one entry that counts them; different ones stay', async () => {
    const { journal, written } = subject({ folding })
    times(10, at => journal.record(newEntry({ time: at, deviceName: 'dev1', detail: { signedText: `text${at}` } })))
    times(2, () => journal.record(newEntry({ deviceName: 'dev2' })))
    await journal.flush()
    const [folded] = written.filter(({ detail }) => detail?.count !== undefined)
    expect(folded).toMatchObject({ time: 9, deviceName: 'dev1', detail: { signedText: 'text9', count: 7 } })
    expect(written).toHaveLength(3 + 1 + 2)
    expect(journal.dropped.get('signature-mismatch')).toBe(6) // the folded entry stands for itself and six more
  })

  test.each([
    { address: '192.0.2.99' },
    { reason: 'switch-off' },
    { mode: 'regnwl' },
    { productKey: 'other' },
    { deviceName: 'other' },
  ] as const)('is told apart by %j', async other => {
    const { journal, written } = subject({ folding })
    times(3, () => journal.record(newEntry()))
    times(3, () => journal.record(newEntry(other)))
    await journal.flush()
    expect(written).toHaveLength(6)
  })

  test('is counted anew each second', async () => {
    const { journal, written, state } = subject({ folding })
    for (const now of [0, 1000, 2000]) {
      state.now = now
      times(5, () => journal.record(newEntry({ time: now })))
    }
    await journal.flush()
    const summary = written.map(({ time, detail }) => [time, detail?.count ?? 0])
    const second = (time: number) => [
      [time, 0],
      [time, 0],
      [time, 0],
      [time, 2],
    ]
    expect(summary).toEqual([...second(0), ...second(1000), ...second(2000)])
  })

  test('is written by itself when its second is over', async () => {
    const { journal, written, state } = subject({ folding, flushAfterMs: 1 })
    times(5, () => journal.record(newEntry()))
    await expect.poll(() => written.length).toBe(3)
    state.now = 1000
    await expect.poll(() => written.length).toBe(4)
    expect(written[3]?.detail).toEqual({ count: 2 })
  })

  test('of registrations is never folded', async () => {
    const { journal, written } = subject({ folding })
    times(10, () => journal.record(newEntry({ outcome: 'registered', reason: 'registered' })))
    await journal.flush()
    expect(written).toHaveLength(10)
  })

  test('with more kinds than are told apart passes as it is', async () => {
    const { journal, written } = subject({ folding: { ...folding, maxKinds: 2 } })
    times(5, at => times(5, () => journal.record(newEntry({ deviceName: `dev${at}` }))))
    await journal.flush()
    expect(written).toHaveLength(4 + 4 + 15)
  })
})
