import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { leashed } from '../../../../../scripts/leashed.ts'
import { StoreFixture } from '../store-fixture.suite.ts'
import { type Issued, RACED_DEVICES } from './race.suite.ts'
import { MASTER_KEY, stores } from './stores.suite.ts'

const SCRIPT = fileURLToPath(new URL('./race.suite.ts', import.meta.url))
const { server, open } = stores()

/** Another gateway: what it has issued. */
async function gateway(url: string, productKey: string): Promise<Issued[]> {
  const args = [SCRIPT, url, MASTER_KEY.toString('hex'), productKey]
  const child = spawn(...leashed(process.execPath, args), { stdio: ['ignore', 'pipe', 'inherit'] })
  const issued: Issued[] = []
  const reader = createInterface(child.stdout).on('line', line => issued.push(JSON.parse(line) as Issued))
  const [[code]] = await Promise.all([once(child, 'exit'), once(reader, 'close')])
  expect(code).toBe(0)
  return issued
}

describe('two gateways that register the same few devices at the same time', () => {
  test('never exceed the slots, never lose a credential that logged in, keep the last secret and every entry', async () => {
    const url = await server().database()
    const fixture = new StoreFixture(await open(url))
    const { productKey } = await fixture.product({ clientIdLimit: 4 })
    const names = (mode: string) => Array.from({ length: RACED_DEVICES }, (_, at) => `${mode}-${at}`)
    const rows = names('register').map(deviceName => ({ productKey, deviceName, deviceSecret: null, createdAt: 1 }))
    await fixture.store.createDevices(rows)

    const issued = (await Promise.all([gateway(url, productKey), gateway(url, productKey)])).flat()
    const last = (list: readonly Issued[]) => list.toSorted((one, other) => one.journalId - other.journalId).at(-1)
    for (const name of names('register')) {
      const own = issued.filter(({ deviceName }) => deviceName === name)
      expect((await fixture.device(productKey, name)).deviceSecret).toBe(last(own)?.credential)
    }
    for (const name of names('regnwl')) {
      const own = issued.filter(({ deviceName }) => deviceName === name)
      const { clientIds } = await fixture.device(productKey, name)
      expect(own.filter(({ created }) => created)).toHaveLength(1)
      expect(clientIds.length).toBeLessThanOrEqual(4)
      expect(new Set(clientIds.map(({ clientId }) => clientId)).size).toBe(clientIds.length)
      const used = clientIds.filter(({ usedAt }) => usedAt !== null).map(({ clientId }) => clientId)
      expect(used.sort()).toEqual(own.flatMap(one => (one.loggedIn ? [one.credential] : [])).sort())
      expect(own.map(({ credential }) => credential)).toEqual(
        expect.arrayContaining(clientIds.map(one => one.clientId)),
      )
    }
    await expectWholeJournal(fixture, productKey, issued)
    await expectRightCounters(fixture, productKey)
  })
})

async function expectWholeJournal({ store }: StoreFixture, productKey: string, issued: Issued[]): Promise<void> {
  expect(issued.filter(({ mode }) => mode === 'register')).toHaveLength(500)
  const { items } = await store.listJournal({ productKey, limit: 1000 })
  const ids = issued.map(({ journalId }) => journalId).sort((one, other) => other - one)
  expect(items.map(({ id }) => id)).toEqual(ids)
  expect((await store.counts()).journalEntries).toBe(ids.length)
}

async function expectRightCounters({ store }: StoreFixture, productKey: string): Promise<void> {
  const { items } = await store.listDevices({ productKey, limit: 100 })
  expect(items).toHaveLength(2 * RACED_DEVICES)
  expect(await store.counts()).toMatchObject({
    devices: items.length,
    activated: items.filter(({ activatedAt }) => activatedAt !== null).length,
    clientIds: items.reduce((sum, { clientIds }) => sum + clientIds.length, 0),
  })
}
