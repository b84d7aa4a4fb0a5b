import type { MqttClient } from 'mqtt'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, openPage, overflows, seriousFaults, signInFirst } from '../harness/console.ts'
import { connectDevice, registerDevice } from '../harness/devices.ts'
import { Hatchway, type Product } from '../harness/hatchway.ts'

/** Names that a page must show as they are. */
const HOSTILE_NAME = '<img src=x onerror=alert(1)> \u202Eevil \u{1F984}'
const DEVICE = 'unit-0001'

let hatchway: Hatchway
let browser: Browser
let product: Product
let device: MqttClient
let signedIn: Awaited<ReturnType<typeof signInFirst>>
beforeAll(async () => {
  hatchway = await Hatchway.start()
  browser = await openBrowser()
  signedIn = await signInFirst(hatchway, browser)
  product = await hatchway.createProduct({ name: HOSTILE_NAME })
  device = await connectDevice(hatchway, product, DEVICE)
  const wrong = { ...product, productSecret: product.productKey, deviceName: 'unit-0002', mode: 'regnwl' as const }
  await expect(registerDevice(hatchway.endpoint, wrong)).rejects.toThrow('refused with code 4')
  await hatchway.journalEntry({ reason: 'signature-mismatch' })
})
afterAll(async () => {
  await device?.endAsync()
  await browser?.close()
  await hatchway?.close()
})

const pages = (): [en: string, zh: string, path: string][] => [
  ['Overview', '概览', '/'],
  ['Products', '产品', '/products'],
  [HOSTILE_NAME, HOSTILE_NAME, `/products/${product.productKey}`],
  [HOSTILE_NAME, HOSTILE_NAME, `/products/${product.productKey}/connect`],
  [HOSTILE_NAME, HOSTILE_NAME, `/products/${product.productKey}/settings`],
  ['Devices', '设备', '/devices'],
  [DEVICE, DEVICE, `/products/${product.productKey}/devices/${DEVICE}`],
  ['Journal', '接入日志', '/journal'],
  ['Explain', '诊断', '/explain'],
  ['Users and keys', '用户与密钥', '/access'],
  ['Users and keys', '用户与密钥', '/access?tab=keys'],
  ['My account', '我的账号', '/account'],
  ['Audit', '审计', '/audit'],
  ['Settings', '设置', '/settings'],
  ['There is no such page.', '没有这个页面。', '/products/a/b/c'],
]

const LOOKS = [
  { name: 'English, light, wide', locale: 'en-GB', colorScheme: 'light', viewport: { width: 1280, height: 820 } },
  { name: 'Chinese, dark, wide', locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 1280, height: 820 } },
  { name: 'English, dark, phone', locale: 'en-US', colorScheme: 'dark', viewport: { width: 375, height: 740 } },
  { name: 'Chinese, light, phone', locale: 'zh-CN', colorScheme: 'light', viewport: { width: 375, height: 740 } },
] as const

describe.each(LOOKS)('in $name', ({ name: _, ...look }) => {
  it('every page opens without errors, fits, and axe finds nothing serious', { timeout: 180_000 }, async () => {
    const { page, faults, context } = await openPage(hatchway, browser, { ...look, storageState: signedIn })
    const found: string[] = []
    for (const [en, zh, path] of pages()) {
      await page.goto(`${hatchway.http}${path}`)
      await page.getByRole('heading', { level: 1, name: look.locale === 'zh-CN' ? zh : en, exact: true }).waitFor()
      await page.locator('.ant-spin-spinning').waitFor({ state: 'detached' })
      for (const fault of await seriousFaults(page)) found.push(`${path}: ${fault}`)
      if (await overflows(page)) found.push(`${path}: is wider than the window`)
    }
    expect({ found, faults }).toEqual({ found: [], faults: [] })
    await context.close()
  })
})

it('the sign-in page passes as well, in both languages', async () => {
  for (const [locale, title] of [
    ['en', 'Sign in'],
    ['zh-CN', '登录'],
  ] as const) {
    const { page, context } = await openPage(hatchway, browser, { locale })
    await page.goto(`${hatchway.http}/journal`)
    await page.getByRole('heading', { name: title }).waitFor()
    expect(await seriousFaults(page)).toEqual([])
    await context.close()
  }
})

it('a switch of the language and of the appearance is kept', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(hatchway.http)
  await page.getByRole('button', { name: 'Language' }).click()
  await page.getByRole('menuitem', { name: '中文' }).click()
  await page.getByRole('heading', { name: '概览' }).waitFor()
  await page.getByRole('button', { name: '外观' }).click()
  await page.getByRole('menuitem', { name: '深色' }).click()
  await page.reload()
  await page.getByRole('heading', { name: '概览' }).waitFor()
  expect(await page.evaluate('[document.documentElement.lang, document.documentElement.dataset.theme]')).toEqual([
    'zh-CN',
    'dark',
  ])
  await context.close()
})

it('the first page of a new visitor, and the overview behind it, come in less than 400 KiB', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  const protocol = await context.newCDPSession(page)
  await protocol.send('Network.enable')
  let receivedBytes = 0
  protocol.on('Network.loadingFinished', ({ encodedDataLength }) => {
    receivedBytes += encodedDataLength
  })
  await page.goto(hatchway.http)
  await page.getByText('In the last 24 hours').waitFor()
  expect(receivedBytes).toBeGreaterThan(100 * 1024)
  expect(receivedBytes).toBeLessThan(400 * 1024)
  await context.close()
})
