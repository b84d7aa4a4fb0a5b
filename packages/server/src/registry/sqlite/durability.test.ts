import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { leashed } from '../../../../../scripts/leashed.ts'
import { DEFAULT_PRODUCT_SETTINGS } from '../product-settings.ts'
import { NOW } from '../store-fixture.suite.ts'
import { databases, FIXTURE_RULES, MASTER_KEY } from './database.suite.ts'

const SCRIPT = fileURLToPath(new URL('./durability.suite.ts', import.meta.url))
const { file: newFile, open } = databases()

/** Starts the registering process, kills it when so many credentials were printed, and gives all that were. */
async function registerUntilKilled(file: string, prefix: string, killAfter: number): Promise<string[]> {
  const args = [SCRIPT, file, MASTER_KEY.toString('hex'), FIXTURE_RULES.href, 'pk1', prefix]
  const child = spawn(...leashed(process.execPath, args), { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface(child.stdout)
  reader.on('line', line => {
    lines.push(line)
    if (lines.length === killAfter) child.kill('SIGKILL')
  })
  const [[code, signal]] = await Promise.all([once(child, 'exit'), once(reader, 'close')])
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  // A line that the kill cut short was never received whole.
  return lines.filter(line => line.split(' ').length === 3 && / \d+$/.test(line))
}

test('after kill -9 at any instant every credential that was handed out is there', async () => {
  const file = newFile()
  const first = await open(file)
  const product = { ...DEFAULT_PRODUCT_SETTINGS, dynamicRegistration: true, preregistrationFree: true }
  await first.createProduct({
    productKey: 'pk1',
    productSecret: 's',
    name: 'p',
    createdAt: NOW,
    updatedAt: NOW,
    ...product,
  })
  await first.close()
  const handedOut: string[] = []
  for (const [round, least] of [1, 9, 40, 150, 400].entries()) {
    const killAfter = least + Math.floor(Math.random() * least)
    handedOut.push(...(await registerUntilKilled(file, `round${round}`, killAfter)))
    const store = await open(file)
    const checks = handedOut.map(async line => {
      const [deviceName = '', clientId = ''] = line.split(' ')
      const device = await store.device('pk1', deviceName)
      return device?.clientIds.some(issued => issued.clientId === clientId) ? [] : [line]
    })
    expect((await Promise.all(checks)).flat(), 'credentials that are lost').toEqual([])
    const { total } = await store.listDevices({ productKey: 'pk1', limit: 1 })
    expect(total).toBeGreaterThanOrEqual(handedOut.length)
    expect((await store.counts()).journalEntries).toBe(total)
    await store.close()
  }
})
