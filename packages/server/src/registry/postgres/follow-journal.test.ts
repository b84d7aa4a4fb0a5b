import { afterAll, describe, expect, test } from 'vitest'
import { createRegistry } from '../index.ts'
import { NOW, newEntry } from '../store-fixture.suite.ts'
import type { JournalEntry } from '../types.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()
const closers: (() => Promise<void>)[] = []
afterAll(() => Promise.all(closers.map(close => close())))

async function gateway(url: string) {
  const store = await open(url)
  const registry = createRegistry({ store, clock: () => NOW })
  closers.push(() => registry.close())
  return registry
}

const soon = (read: () => unknown) => expect.poll(read)
const entryOf = (address: string) => newEntry({ address, outcome: 'registered' }) // never folded

describe('following a journal that gateways share', () => {
  test('tells each entry of all of them once, in the order of their ids', async () => {
    const url = await server().database()
    const [one, other] = [await gateway(url), await gateway(url)]
    one.journal.record(entryOf('before'))
    await one.journal.flush()
    const heard: JournalEntry[] = []
    const failed = (error: unknown): never => expect.fail(String(error))
    const stop = await one.followJournal({ entry: entry => heard.push(entry), failed })
    const writing = [one, other].map(async (registry, gatewayAt) => {
      for (let round = 0; round < 5; round += 1) {
        for (let at = 0; at < 60; at += 1) registry.journal.record(entryOf(`${gatewayAt}-${round}-${at}`))
        await registry.journal.flush()
      }
    })
    await Promise.all(writing)
    await soon(() => heard.length).toBe(600)
    const first = heard[0]?.id ?? 0
    expect(heard.map(({ id }) => id)).toEqual(heard.map((_, at) => first + at))
    expect(new Set(heard.map(({ address }) => address)).size).toBe(600)
    stop()
    other.journal.record(entryOf('after'))
    await other.journal.flush()
    expect(heard.map(({ address }) => address)).not.toContain('after')
  })

  test('goes on where it was when the database has been away', async () => {
    const url = await server().database()
    const [one, other] = [await gateway(url), await gateway(url)]
    const heard: string[] = []
    const failed = (error: unknown): never => expect.fail(String(error))
    const stop = await one.followJournal({ entry: ({ address }) => heard.push(address), failed })
    await server().stop()
    other.journal.record(entryOf('meanwhile'))
    await other.journal.flush()
    await expect(one.followJournal({ entry: () => undefined, failed })).rejects.toMatchObject({
      name: 'StoreUnavailable',
    })
    await server().start()
    await soon(() => heard).toEqual(['meanwhile'])
    stop()
  })
})
