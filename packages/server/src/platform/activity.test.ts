import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { MinuteActivity } from '../registry/store.ts'
import type { JournalEntry } from '../registry/types.ts'
import { type Activity, createActivity } from './activity.ts'
import { application, createFakeBroker, device, type FakeBroker } from './fake-broker.suite.ts'

const MINUTE_MS = 60_000
const START = 1000

/** A store with one gateway's minutes, whose writes can be held or made to fail. */
const fakeStore = () => {
  const rows = new Map<string, MinuteActivity>()
  const store = {
    rows,
    gateways: new Set<string>(),
    writes: [] as (readonly MinuteActivity[])[],
    before: async (): Promise<void> => {},
    async noteActivity(gateway: string, minutes: readonly MinuteActivity[]) {
      store.writes.push(minutes)
      store.gateways.add(gateway)
      await store.before()
      for (const minute of minutes) rows.set(`${gateway}/${minute.minute}`, minute)
    },
    activity: async (since: number) => [...rows.values()].filter(({ minute }) => minute >= since),
  }
  return store
}

let broker: FakeBroker
let store: ReturnType<typeof fakeStore>
let now: number
let errors: unknown[]
let tell: (entry: Partial<JournalEntry>) => void
let flushed: number
let open: Activity[]
beforeEach(() => {
  broker = createFakeBroker()
  store = fakeStore()
  now = START * MINUTE_MS
  errors = []
  flushed = 0
  open = []
})
afterEach(async () => {
  for (const activity of open) await activity.close()
  vi.useRealTimers()
})
const start = (): Activity => {
  const listeners = new Set<(entry: JournalEntry) => void>()
  tell = entry => {
    for (const listener of listeners) listener(entry as JournalEntry)
  }
  const onEntry = (listener: (entry: JournalEntry) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const journal = { onEntry, dropped: new Map(), record: () => {}, flush: async () => void flushed++ }
  const registry = { journal, store } as unknown as Parameters<typeof createActivity>[0]['registry']
  const activity = createActivity({ broker, registry, clock: () => now, onError: error => errors.push(error) })
  open.push(activity)
  return activity
}
const login = (identity = device()) => broker.tellPresence({ identity, online: true })
const refuse = (reason: JournalEntry['reason'], count?: number) =>
  tell({ outcome: 'refused', reason, detail: count === undefined ? null : { count } })

describe('activity', () => {
  test('counts registrations, logins of devices and refusals by reason, each in its minute', async () => {
    const activity = start()
    tell({ outcome: 'registered', reason: 'registered' })
    login()
    broker.tellPresence({ identity: device(), online: false })
    broker.tellPresence({ identity: application(), online: true })
    tell({ outcome: 'closed', reason: 'connect-timeout' })
    now += MINUTE_MS
    refuse('device-unknown')
    refuse('switch-off', 40)
    expect(await activity.history(10)).toEqual([
      { minute: START, registrations: 1, logins: 1, refusals: {} },
      { minute: START + 1, registrations: 0, logins: 0, refusals: { 'device-unknown': 1, 'switch-off': 40 } },
    ])
    expect(activity.totals).toEqual({ registrations: 1, logins: 1, refusals: 41 })
  })

  test('goes back so many minutes, the present one among them', async () => {
    const activity = start()
    for (let minute = 0; minute < 5; minute++) {
      login()
      now += MINUTE_MS
    }
    const minutes = async (count: number) => (await activity.history(count)).map(({ minute }) => minute - START)
    expect(await minutes(1)).toEqual([])
    expect(await minutes(3)).toEqual([3, 4])
  })

  test('is written once a minute, and not at all where nothing happened', async () => {
    vi.useFakeTimers()
    start()
    for (let count = 0; count < 1000; count++) login()
    await vi.advanceTimersByTimeAsync(3 * MINUTE_MS)
    expect(store.writes).toEqual([[{ minute: START, registrations: 0, logins: 1000, refusals: {} }]])
  })

  test('a history asked for again at once is not written again', async () => {
    const activity = start()
    login()
    await activity.history(1)
    login()
    await activity.history(1)
    expect(store.writes).toHaveLength(1)
    now += 1000
    expect(await activity.history(1)).toMatchObject([{ logins: 2 }])
  })

  test('what the store failed to take is written with the next try, and told', async () => {
    const activity = start()
    login()
    store.before = () => Promise.reject(new Error('away'))
    expect(await activity.history(5)).toEqual([])
    expect(errors).toHaveLength(1)
    store.before = async () => {}
    now += MINUTE_MS
    login()
    expect(await activity.history(5)).toMatchObject([
      { minute: START, logins: 1 },
      { minute: START + 1, logins: 1 },
    ])
  })

  test('what happens during a write is written by the next one, and one write waits for the other', async () => {
    const activity = start()
    login()
    const { promise, resolve } = Promise.withResolvers<void>()
    store.before = () => promise
    const asked = activity.history(1)
    await vi.waitFor(() => expect(store.writes).toHaveLength(1), { timeout: 20_000 })
    login()
    now += 1000
    const askedAgain = activity.history(1)
    expect(store.writes).toHaveLength(1)
    resolve()
    await asked
    expect(await askedAgain).toMatchObject([{ logins: 2 }])
    expect(store.writes.map(([minute]) => minute?.logins)).toEqual([1, 2])
  })

  test('close notes what is left, the journal’s last entries among it, and lets go', async () => {
    const activity = start()
    login()
    await activity.close()
    expect(flushed).toBe(1)
    expect([...store.rows.values()]).toMatchObject([{ logins: 1 }])
    expect(broker.listeners()).toBe(0)
  })

  test('another start adds to the minutes of the one before', async () => {
    const first = start()
    login()
    await first.close()
    const second = start()
    login()
    expect((await second.history(1)).map(({ logins }) => logins)).toEqual([1, 1])
    expect(store.gateways.size).toBe(2)
  })
})
