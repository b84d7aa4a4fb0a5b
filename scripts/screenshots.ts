import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { openBrowser, openPage, signInFirst } from '../test/harness/console.ts'
import { connectDevice, registerDevice } from '../test/harness/devices.ts'
import { Hatchway } from '../test/harness/hatchway.ts'

/**
 * `npm run screenshots`: a picture of each page of the console into docs/images, of a server of its own with a small fleet.
 * Chinese needs a font that has it (Debian: fonts-wqy-zenhei).
 */
const FOLDER = fileURLToPath(new URL('../docs/images/', import.meta.url))
const DEVICES = 24
const SETTLE_MS = 1500
const ARRIVALS = 60
/** Between two arrivals: they come in waves. */
const GAPS_MS = [50, 100, 200, 400, 400, 200, 100]
const PUBLIC_HOST = 'iot.example.com'

/** Pages that are shown dark and on a phone too. */
const FACES = new Set(['connect-a-device', 'device', 'journal'])
const EXTRA = new Set<string>(['.dark', '.phone'])

const LOOKS = [
  { suffix: '', locale: 'en-GB', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { suffix: '.zh-CN', locale: 'zh-CN', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { suffix: '.dark', locale: 'en-GB', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { suffix: '.phone', locale: 'en-GB', colorScheme: 'light', viewport: { width: 375, height: 740 } },
] as const

const hatchway = await Hatchway.start({ publicHost: PUBLIC_HOST })
const browser = await openBrowser()
const storageState = await signInFirst(hatchway, browser)
const product = await hatchway.createProduct({ name: 'Thermometer' })
await hatchway.createProduct({ name: 'Soil sensor', preregistrationFree: false })
for (let index = 1; index <= DEVICES; index++) {
  await hatchway.createDevice(product.productKey, `sensor-${String(index).padStart(4, '0')}`)
}
const devices = await Promise.all(
  ['unit-0001', 'unit-0002', 'unit-0003'].map(name => connectDevice(hatchway, product, name)),
)
const wrong = { ...product, productSecret: product.productKey, deviceName: 'unit-0004', mode: 'regnwl' as const }
await registerDevice(hatchway.endpoint, wrong).catch(() => undefined)
await hatchway.journalEntry({ reason: 'signature-mismatch' })

const pages = {
  products: '/products',
  'new-product': '/products?create=1',
  product: `/products/${product.productKey}`,
  'connect-a-device': `/products/${product.productKey}/connect`,
  'product-settings': `/products/${product.productKey}/settings`,
  devices: '/devices',
  device: `/products/${product.productKey}/devices/unit-0001`,
  journal: '/journal',
  explain: '/explain',
  users: '/access',
  keys: '/access?tab=keys',
  account: '/account',
  audit: '/audit',
  settings: '/settings',
}

/** Pictures show what a server has where it is used: nothing of the machine that they are taken on. */
async function hideThisMachine(page: Page): Promise<void> {
  await page.route('**/api/v1/system', async route => {
    const response = await route.fetch()
    const text = (await response.text())
      .replaceAll(`"${hostname()}",`, '')
      .replaceAll(hatchway.dataDir, '/srv/hatchway/hatchway-data')
      .replaceAll(String(hatchway.endpoint.port), '1883')
      .replaceAll(new URL(hatchway.http).port, '8080')
    await route.fulfill({ response, body: text })
  })
}

/** Devices come and go while the overview is looked at; some have the mistakes that are made most. */
async function someTraffic(look: string): Promise<void> {
  for (let index = 0; index < ARRIVALS; index++) {
    const deviceName = `tag${look}-${index}`
    const device = await connectDevice(hatchway, product, deviceName)
    await device.endAsync()
    const mistake = {
      0: wrong,
      4: { ...wrong, productKey: 'a1Typo00000' },
      8: { ...wrong, transport: 'tcp' as const },
    }[index % 12]
    if (mistake !== undefined) {
      await registerDevice(hatchway.endpoint, { ...mistake, deviceName }).catch(() => undefined)
    }
    await setTimeout(GAPS_MS[index % GAPS_MS.length])
  }
}

type Look = (typeof LOOKS)[number]

async function inLook({ suffix, ...look }: Look, take: (page: Page, suffix: string) => Promise<void>): Promise<void> {
  const { page, context } = await openPage(hatchway, browser, { ...look, storageState })
  await hideThisMachine(page)
  await take(page, suffix)
  await context.close()
}

mkdirSync(FOLDER, { recursive: true })
for (const look of LOOKS) {
  await inLook(look, async (page, suffix) => {
    for (const [name, path] of Object.entries(pages)) {
      if (EXTRA.has(suffix) && !FACES.has(name)) continue
      await page.goto(`${hatchway.http}${path}`)
      await page.waitForTimeout(SETTLE_MS)
      if (name === 'journal') await page.locator('.link-button').first().click()
      if (name === 'journal') await page.waitForTimeout(SETTLE_MS)
      await page.screenshot({ path: `${FOLDER}${name}${suffix}.png` })
    }
  })
}
// Last, as its traffic would fill the other pages.
for (const look of LOOKS) {
  await inLook(look, async (page, suffix) => {
    await page.goto(hatchway.http)
    await page.waitForTimeout(SETTLE_MS)
    await someTraffic(suffix)
    await page.waitForTimeout(SETTLE_MS)
    await page.screenshot({ path: `${FOLDER}overview${suffix}.png` })
  })
}
const entrance = await openPage(hatchway, browser, { locale: 'en-GB' })
await entrance.page.goto(hatchway.http)
await entrance.page.waitForTimeout(SETTLE_MS)
await entrance.page.screenshot({ path: `${FOLDER}sign-in.png` })
await browser.close()
for (const device of devices) await device.endAsync()
await hatchway.close()
console.log(`written to ${FOLDER}`)
