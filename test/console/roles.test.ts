import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN, openBrowser, openPage, signIn } from '../harness/console.ts'
import { Hatchway, type Product } from '../harness/hatchway.ts'

const VIEWER = { name: 'looker', password: 'looks but never touches' }

let hatchway: Hatchway
let browser: Browser
let product: Product
beforeAll(async () => {
  hatchway = await Hatchway.start()
  browser = await openBrowser()
  product = await hatchway.createProduct({ name: 'Thermometer' })
  await hatchway.createDevice(product.productKey, 'sensor-0001')
  expect((await hatchway.api('POST', '/users', { ...VIEWER, role: 'viewer' })).status).toBe(201)
})
afterAll(async () => {
  await browser?.close()
  await hatchway?.close()
})

it('a viewer is offered nothing that a viewer may not do', async () => {
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en' })
  await signIn(page, hatchway, VIEWER)
  const links = await page.getByRole('navigation').getByRole('link').allTextContents()
  expect(links).toEqual(['Overview', 'Products', 'Devices', 'Journal', 'Settings'])
  const offered: Record<string, string[]> = {}
  for (const path of [
    '/products?create=1',
    `/products/${product.productKey}`,
    `/products/${product.productKey}/settings`,
    '/devices',
    `/products/${product.productKey}/devices/sensor-0001`,
  ]) {
    await page.goto(`${hatchway.http}${path}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.locator('.ant-spin-spinning').waitFor({ state: 'detached' })
    const names = await page.getByRole('main').getByRole('button').allTextContents()
    offered[path] = names.filter(name =>
      /create|add|import|reset|disable|enable|delete|save|send|ask|secret/i.test(name),
    )
  }
  expect(Object.values(offered).flat()).toEqual([])
  for (const path of ['/access', '/audit', '/explain']) {
    await page.goto(`${hatchway.http}${path}`)
    await page.getByText('Your role does not show this page.').waitFor()
  }
  expect(faults).toEqual([])
  await context.close()
})

it('users and keys are made by keyboard alone, and nothing but its button takes a new secret away', async () => {
  await hatchway.api('POST', '/users', { ...ADMIN, role: 'admin' })
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en' })
  await signIn(page, hatchway, ADMIN)
  await page.getByRole('link', { name: 'Users and keys' }).click()
  await page.getByRole('button', { name: 'Add a user' }).press('Enter')
  await page.locator('#name:focus').waitFor()
  await page.keyboard.type('otto')
  await page.keyboard.press('Tab')
  await page.keyboard.type('a few words in a row')
  await page.keyboard.press('Enter')
  await page.getByRole('row', { name: 'otto' }).waitFor()

  await page.getByRole('tab', { name: 'API keys' }).click()
  await page.getByRole('button', { name: 'Create a key' }).press('Enter')
  await page.locator('#name:focus').waitFor()
  await page.keyboard.type('dashboard')
  await page.keyboard.press('Enter')
  const made = page.getByRole('dialog', { name: 'The key dashboard is made' })
  const secret = await made.locator('code').last().textContent()
  await page.keyboard.press('Escape')
  expect((await hatchway.api('GET', '/products', undefined, secret ?? '')).status).toBe(200)
  await made.getByRole('button', { name: 'I have stored it' }).click()
  await made.waitFor({ state: 'detached' })
  await page.getByRole('row', { name: 'dashboard' }).waitFor()
  expect(faults).toEqual([])
  await context.close()
})

it('a wrong password is refused with words, and the field keeps the name', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en' })
  await page.goto(hatchway.http)
  await page.getByLabel('User name').fill(VIEWER.name)
  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  expect(await page.getByLabel('User name').inputValue()).toBe(VIEWER.name)
  await context.close()
})

it('the slash key goes to the search from any page, Enter finds, Escape leaves', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en' })
  await signIn(page, hatchway, VIEWER)
  await page.keyboard.press('/')
  await page.keyboard.type('sensor')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'sensor-0001' }).waitFor()
  expect(new URL(page.url()).search).toBe('?search=sensor')
  await page.keyboard.press('/')
  expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Find devices')
  await page.keyboard.press('Escape')
  expect(await page.getByLabel('Find devices').inputValue()).toBe('')
  await context.close()
})
