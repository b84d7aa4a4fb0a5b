import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PRODUCT_KEY, seedSqlite } from '../../bench/registry-seed.ts'
import { DATABASE_FILE } from '../../packages/server/src/app/server.ts'
import { openBrowser, openPage, signInFirst } from '../harness/console.ts'
import { Hatchway } from '../harness/hatchway.ts'

/** More than a search looks through at a time, so that it works as it does with a million. */
const DEVICES = 25_000

let before: Hatchway
let hatchway: Hatchway
let browser: Browser
beforeAll(async () => {
  before = await Hatchway.start()
  browser = await openBrowser()
  await before.createProduct({ productKey: PRODUCT_KEY })
  await before.server.stop()
  seedSqlite(join(before.dataDir, DATABASE_FILE), DEVICES)
  hatchway = await Hatchway.start({ dataDir: before.dataDir })
})
afterAll(async () => {
  await browser?.close()
  await hatchway?.close()
  await before?.close()
})

it('a search goes on until it finds, also where the first pages have no match', async () => {
  const signedIn = await signInFirst(hatchway, browser)
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/devices`)
  await page.getByText('25,000 match').waitFor()
  const search = page.getByLabel('Part of the DeviceName')
  await search.pressSequentially('sn9')
  await page.getByRole('link', { name: /^SN9/ }).first().waitFor()
  await search.fill('no such name')
  await page.getByText('No device matches.').waitFor()
  await search.fill('')
  await page.getByText('25,000 match').waitFor()
  expect(faults).toEqual([])
  await context.close()
})
