import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { ADMIN, openBrowser, openPage, signIn, signInFirst } from '../harness/console.ts'
import { eventually, Hatchway } from '../harness/hatchway.ts'

let hatchway: Hatchway
let browser: Browser
beforeAll(async () => {
  hatchway = await Hatchway.start()
  browser = await openBrowser()
  await signInFirst(hatchway, browser)
})
afterAll(async () => {
  await browser?.close()
  await hatchway?.close()
})

it('signing out everywhere ends another browser’s session while its page is open', async () => {
  const here = await openPage(hatchway, browser, { locale: 'en' })
  const there = await openPage(hatchway, browser, { locale: 'zh-CN' })
  await signIn(here.page, hatchway, ADMIN)
  await there.page.goto(hatchway.http)
  await there.page.getByLabel('用户名').fill(ADMIN.name)
  await there.page.getByLabel('密码', { exact: true }).fill(ADMIN.password)
  await there.page.getByRole('button', { name: '登录' }).click()
  await there.page.getByRole('heading', { name: '概览' }).waitFor()
  // A page that asks for nothing by itself.
  await there.page.getByRole('link', { name: '接入日志' }).click()
  await there.page.getByRole('heading', { name: '接入日志' }).waitFor()

  await here.page.goto(`${hatchway.http}/account`)
  await here.page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await here.page
    .getByRole('dialog', { name: 'Sign out everywhere?' })
    .getByRole('button', { name: 'Sign out everywhere' })
    .click()
  await here.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await there.page.getByRole('heading', { name: '登录' }).waitFor()
  await here.context.close()
  await there.context.close()
})

it('tells whoever opens the link of the first start again that it has done its work', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en' })
  await page.goto(hatchway.server.setupLink ?? '')
  await page.getByRole('heading', { name: 'The first password is set' }).waitFor()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('User name').waitFor()
  await signIn(page, hatchway, ADMIN)
  await page.goto(hatchway.server.setupLink ?? '')
  await page.getByRole('link', { name: 'Open the console' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await context.close()
})

it('tells who failed too often how long to wait', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en' })
  await page.goto(hatchway.http)
  await page.getByLabel('User name').fill('somebody')
  await page.getByLabel('Password', { exact: true }).fill('a guess of many')
  const wait = page.getByText(/^Signing in failed too often; the next attempt has to wait \d+ s\.$/)
  // The wait doubles with each failure: sooner or later an attempt comes before its end.
  await eventually(async () => {
    const answer = page.waitForResponse(response => response.url().endsWith('/api/v1/session'))
    await page.getByRole('button', { name: 'Sign in' }).click()
    return (await answer).status() === 429
  })
  await wait.waitFor()
  await context.close()
})
