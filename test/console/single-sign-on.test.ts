import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  IdentityProvider,
} from '../../packages/server/src/http/sign-in/identity-provider.suite.ts'
import { ADMIN, openBrowser, openPage, signInFirst } from '../harness/console.ts'
import { Hatchway } from '../harness/hatchway.ts'

const BUTTON = 'Sign in with Example ID'

let hatchway: Hatchway
let provider: IdentityProvider
let browser: Browser

async function startBoth(): Promise<void> {
  // To the browser these two names of one machine are two sites, as the provider is one elsewhere.
  provider = await IdentityProvider.listen('localhost')
  hatchway = await Hatchway.start({
    oidcIssuer: provider.issuer,
    oidcClientId: CLIENT_ID,
    oidcClientSecret: CLIENT_SECRET,
    oidcName: 'Example ID',
    oidcRoles: 'admin=admins,viewer=staff',
  })
  const callback = `${hatchway.http}/api/v1/session/oidc/callback`
  provider.serve(callback, { ann: ['admins'], bob: ['staff'], eve: ['guests'] })
}

beforeAll(async () => {
  browser = await openBrowser()
  await startBoth()
  await signInFirst(hatchway, browser)
})
afterAll(async () => {
  await browser?.close()
  await hatchway?.close()
  await provider?.close()
})

/** The provider's pages ask for fonts of other hosts; nothing waits for them here. */
async function openNear(locale: string) {
  const opened = await openPage(hatchway, browser, { locale })
  const near = new Set([hatchway.http, provider.issuer])
  await opened.page.route(
    url => !near.has(url.origin),
    route => route.abort(),
  )
  await opened.page.goto(hatchway.http)
  return opened
}

async function signInAtProvider(page: Page, name: string): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill(name)
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** The sign-in page says why nobody was signed in, once, and offers the ways in. */
async function expectLedBack(page: Page, sentence: string): Promise<void> {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByRole('alert').getByText(sentence).waitFor()
  await page.getByRole('link', { name: BUTTON }).waitFor()
  await page.getByLabel('User name').waitFor()
  expect(new URL(page.url()).search).toBe('')
}

describe('single sign-on in a browser', () => {
  let page: Page
  beforeEach(async () => {
    const opened = await openNear('en')
    page = opened.page
    await page.getByRole('link', { name: BUTTON }).waitFor()
    return () => opened.context.close()
  })

  it('signs in whom the provider knows, from another site, with the role of a claim', async () => {
    await page.getByRole('link', { name: BUTTON }).click()
    await signInAtProvider(page, 'bob')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.getByRole('button', { name: 'bob' }).waitFor()
    await page.getByRole('link', { name: 'Audit' }).waitFor({ state: 'detached' })
  })

  it('tells who has no role here, and lets somebody else sign in', async () => {
    await page.getByRole('link', { name: BUTTON }).click()
    await signInAtProvider(page, 'eve')
    await expectLedBack(page, 'nothing that it tells gives you a role here.')
    // The provider would know eve still.
    await page.getByRole('link', { name: BUTTON }).click()
    await signInAtProvider(page, 'ann')
    await page.getByRole('button', { name: 'ann' }).waitFor()
  })

  it('tells of a sign-in that was given up at the provider, in Chinese too', async () => {
    const chinese = await openNear('zh-CN')
    await chinese.page.getByRole('link', { name: '使用 Example ID 登录' }).click()
    await chinese.page.getByRole('link', { name: 'Cancel' }).click()
    await chinese.page.getByRole('alert').getByText('没有确认此次登录').waitFor()
    await chinese.context.close()
    await page.getByRole('link', { name: BUTTON }).click()
    await page.getByRole('link', { name: 'Cancel' }).click()
    await expectLedBack(page, 'did not confirm the sign-in.')
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await page.getByRole('alert').waitFor({ state: 'detached' })
  })

  it('tells of an answer of another sign-in, and of one that comes too late', async () => {
    const callback = `${hatchway.http}/api/v1/session/oidc/callback?code=any&state=another`
    await page.getByRole('link', { name: BUTTON }).click()
    await page.getByPlaceholder('Enter any login').waitFor()
    await page.goto(callback)
    await expectLedBack(page, 'did not confirm the sign-in.')
    // The cookie of the sign-in has gone with the first answer, as it does after ten minutes.
    await page.goto(callback)
    await expectLedBack(page, 'longer than ten minutes.')
  })
})

it('tells when the provider goes away in the middle, and lets people in by password', async () => {
  const { page, context } = await openNear('en')
  provider.isLost = true
  await page.getByRole('link', { name: BUTTON }).click()
  await signInAtProvider(page, 'bob')
  await expectLedBack(page, 'can not be reached.')
  await page.getByLabel('User name').fill(ADMIN.name)
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await context.close()
})

it('tells that the provider is away when it was never there', async () => {
  await hatchway.close()
  await provider.close()
  await startBoth()
  await provider.close()
  const { page, context } = await openNear('en')
  await page.getByRole('link', { name: BUTTON }).click()
  await expectLedBack(page, 'can not be reached.')
  await context.close()
})
