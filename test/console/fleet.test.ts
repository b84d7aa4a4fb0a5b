import { connectAsync } from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, openPage, signInFirst, spokenBy } from '../harness/console.ts'
import { connectDevice } from '../harness/devices.ts'
import { eventually, Hatchway, type Product } from '../harness/hatchway.ts'

const ROWS = 10_000
/** Longer than one batch of a bulk action, and several pages of the list. */
const CHOSEN = 300
/** What a file may hold that no device can be made of; line numbers count from 1, the header's. */
const BAD_LINES = new Map([
  [3, 'abc'],
  [4000, 'has a space'],
  [5001, 'SN00004999'],
  [10_001, '<img src=x onerror=alert(1)>'],
])

let hatchway: Hatchway
let browser: Browser
let product: Product
let signedIn: Awaited<ReturnType<typeof signInFirst>>
beforeAll(async () => {
  hatchway = await Hatchway.start()
  browser = await openBrowser()
  signedIn = await signInFirst(hatchway, browser)
  product = await hatchway.createProduct({ name: 'Meter' })
})
afterAll(async () => {
  await browser?.close()
  await hatchway?.close()
})

const total = async (query: string): Promise<number> =>
  (await hatchway.api('GET', `/devices?productKey=${product.productKey}&limit=1${query}`)).body.total

it('imports 10,000 lines with a report that grows while they run, and tells which failed and why', async () => {
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/devices?product=${product.productKey}`)
  await page.getByRole('button', { name: 'Import' }).click()
  const lines = Array.from({ length: ROWS }, (_, index) => {
    const line = index + 2
    return BAD_LINES.get(line) ?? `SN${String(line).padStart(8, '0')}`
  })
  const csv = ['deviceName', ...lines].join('\n')
  const file = { name: 'devices.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) }
  await page.getByLabel('Choose a CSV file').setInputFiles(file)
  const spoken = await spokenBy(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click()
  await page.getByText('10,000 of 10,000 lines: 9,996 created, 4 failed').waitFor()
  const reports = new Set((await spoken()).filter(text => / of 10,000 lines/.test(text)))
  expect(reports.size).toBeGreaterThan(10)

  await page.getByLabel('Only failed lines').check()
  const shown = page.getByRole('dialog').locator('.ant-table-row')
  await expect.poll(() => shown.count()).toBe(BAD_LINES.size)
  const texts = await shown.allInnerTexts()
  expect(texts.map(text => text.split(/\s/)[0])).toEqual([...BAD_LINES.keys()].map(String))
  for (const [index, name] of [...BAD_LINES.values()].entries()) expect(texts[index]).toContain(name)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the failed lines' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('failed.csv')
  await page.getByRole('button', { name: 'Close' }).last().click()
  await page.getByText('9,996 match').waitFor()
  expect(await total('')).toBe(ROWS - BAD_LINES.size)
  expect(faults).toEqual([])
  await context.close()
})

it('disables what was chosen batch by batch, with its progress', async () => {
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/devices?product=${product.productKey}`)
  await loadMore(page, CHOSEN)
  await page.getByLabel('Select all').check()
  await page.getByText('300 chosen').waitFor()
  await page.getByRole('button', { name: 'Disable' }).click()
  const spoken = await spokenBy(page)
  await page.getByRole('dialog', { name: 'Disable 300 devices?' }).getByRole('button', { name: 'Disable' }).click()
  await page.getByText('300 of 300 done.').waitFor()
  expect(await spoken()).toContain('200 of 300 done.')
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  expect(await total('&status=DISABLE')).toBe(CHOSEN)
  await page.goto(`${hatchway.http}/devices?status=DISABLE`)
  await page.getByText('300 match').waitFor()
  expect(faults).toEqual([])
  await context.close()
})

it('deletes all that match once their number is typed, stops in between, and goes on', async () => {
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/devices?product=${product.productKey}&search=SN00001`)
  await page.getByRole('button', { name: 'All that match' }).click()
  await page.getByRole('menuitem', { name: 'Delete all that match' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete 1,000 devices?' })
  await dialog.getByText('SN00001', { exact: true }).waitFor()
  const doIt = dialog.getByRole('button', { name: 'Delete' })
  await dialog.getByLabel('Type 1,000 to confirm').fill('999')
  expect(await doIt.isDisabled()).toBe(true)
  await dialog.getByLabel('Type 1,000 to confirm').fill('1000')
  // The third part waits for the test.
  let parts = 0
  const held = Promise.withResolvers<void>()
  await page.route('**/api/v1/devices/actions', async route => {
    parts += 1
    if (parts === 3) await held.promise
    await route.continue()
  })
  await doIt.click()
  await dialog.getByText('400 of 1,000 done.').waitFor()
  await dialog.getByRole('button', { name: 'Stop' }).click()
  held.resolve()
  await dialog.getByText('600 of 1,000 done.').waitFor()
  await dialog.getByText('The rest is as it was.').waitFor()
  expect(await total('&status=UNACTIVE')).toBe(ROWS - BAD_LINES.size - CHOSEN - 600)
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await dialog.getByText('1,000 of 1,000 done.').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByText('No device matches.').waitFor()
  expect(faults).toEqual([])
  await context.close()
})

it('goes on with all that match after the server was away', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/devices?product=${product.productKey}&status=DISABLE`)
  await page.getByRole('button', { name: 'All that match' }).click()
  await page.getByRole('menuitem', { name: 'Enable all that match' }).click()
  let parts = 0
  await page.route('**/api/v1/devices/actions', route => (++parts === 2 ? route.abort() : route.continue()))
  const dialog = page.getByRole('dialog', { name: 'Enable 300 devices?' })
  await dialog.getByRole('button', { name: 'Enable' }).click()
  await dialog.getByText('The server does not answer.').waitFor()
  await dialog.getByText('200 of 300 done.').waitFor()
  await dialog.getByRole('button', { name: 'Go on' }).click()
  await dialog.getByText('300 of 300 done.').waitFor()
  expect(await total('&status=DISABLE')).toBe(0)
  await context.close()
})

/** Scrolls until so many devices are there. */
async function loadMore(page: Page, count: number): Promise<void> {
  const rows = page.locator('.ant-table-row')
  await rows.first().waitFor()
  await rows.first().hover()
  const loaded = new Set<string>()
  page.on('response', response => {
    const { pathname, searchParams } = new URL(response.url())
    if (pathname === '/api/v1/devices') loaded.add(searchParams.get('cursor') ?? '')
  })
  const PAGE_DEVICES = 100
  await eventually(async () => {
    const isEnough = loaded.size + 1 >= count / PAGE_DEVICES
    if (!isEnough) await page.mouse.wheel(0, 4000)
    return isEnough
  })
}

it('cuts a connected device off when it is disabled, shows it, and lets it in again', async () => {
  const device = await connectDevice(hatchway, product, 'unit-0001')
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/products/${product.productKey}/devices/unit-0001`)
  const identity = page.getByRole('region', { name: 'Identity' })
  await identity.getByText('Online', { exact: true }).waitFor()
  const cutOff = new Promise<void>(resolve => device.once('close', () => resolve()))
  await page.getByRole('button', { name: 'Disable' }).click()
  await page.getByRole('dialog', { name: 'Disable unit-0001?' }).getByRole('button', { name: 'Disable' }).click()
  await cutOff
  await identity.getByText('Disabled', { exact: true }).waitFor()

  const again = () => connectAsync({ ...device.options, reconnectPeriod: 0 })
  await expect(again()).rejects.toThrow(/refused/i)
  await page
    .getByRole('button', { name: /disabled.* from 127\.0\.0\.1/ })
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'Enable', exact: true }).click()
  await page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
  const back = await again()
  await identity.getByText('Online', { exact: true }).waitFor()
  await eventually(async () => {
    const { activatedAt, lastOnlineAt } = await hatchway.device(product.productKey, 'unit-0001')
    return activatedAt < lastOnlineAt
  })
  await page.reload()
  const timeline = page.getByRole('region', { name: 'Timeline' })
  await timeline.getByText('First login of the unit with the ClientID').waitFor()
  await expect.poll(() => timeline.getByText(/^from 127\.0\.0\.1 by TLS/).count()).toBe(2)
  await timeline.getByText('The device was disabled while it was connected.').waitFor()
  expect(faults).toEqual([])
  await back.endAsync()
  await context.close()
})
