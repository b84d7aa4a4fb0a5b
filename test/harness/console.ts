import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Response,
} from 'playwright-core'
import { CHROMIUM } from '../../scripts/prerequisites.ts'
import type { Hatchway } from './hatchway.ts'

export const ADMIN = { name: 'admin', password: 'open sesame, forty thieves' }
const PAGE_TIMEOUT_MS = 20_000
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** A page of the console, and what went wrong in it. */
export interface ConsolePage {
  page: Page
  /** Errors on the browser's console, and requests that were refused or went to another host. */
  faults: string[]
  context: BrowserContext
}

/** Signs in the first administrator by the link of the first start; the state is good for any number of contexts. */
export async function signInFirst(hatchway: Hatchway, browser: Browser) {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en' })
  await page.goto(hatchway.server.setupLink ?? '')
  // By keyboard alone: the caret is where the first thing has to be typed, and Tab leads to the next field.
  await page.getByText('At least 12 characters.').waitFor()
  await page.keyboard.type(ADMIN.password)
  await page.keyboard.press('Tab')
  await page.keyboard.type(ADMIN.password)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  const state = await context.storageState()
  await context.close()
  return state
}

/** Signs a user in on a fresh page. */
export async function signIn(
  page: Page,
  hatchway: Pick<Hatchway, 'http'>,
  user: { name: string; password: string },
): Promise<void> {
  await page.goto(hatchway.http)
  await page.getByLabel('User name').fill(user.name)
  await page.getByLabel('Password', { exact: true }).fill(user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
}

export async function openPage(
  hatchway: Pick<Hatchway, 'http'>,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, ...options })
  context.setDefaultTimeout(PAGE_TIMEOUT_MS)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', message => {
    // What an answer's status means, the listener below knows better.
    const isStatus = message.text().startsWith('Failed to load resource: the server responded')
    if (message.type() === 'error' && !isStatus) faults.push(`${message.text()} at ${page.url()}`)
  })
  page.on('response', response => {
    if (response.status() >= 400 && !isExpected(response)) faults.push(`${response.status()} of ${response.url()}`)
  })
  page.on('pageerror', error => faults.push(String(error)))
  page.on('request', request => {
    const { origin, protocol } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== hatchway.http) faults.push(`a request to ${origin}`)
  })
  return { page, faults, context }
}

/** A device that is waited for is not there yet; nobody is signed in yet. */
const isExpected = (response: Response): boolean =>
  (response.status() === 404 && /\/devices\/[^/]+$/.test(response.url())) ||
  (response.status() === 401 && response.url().endsWith('/api/v1/session'))

/** What axe-core finds that is serious or worse, as one line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // The page's policy takes no script from elsewhere; evaluate is the debugger's own way in.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> }
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html.slice(0, 200)).join(' | ')}`)
  })
}

/** Collects from now on what the page says in its live regions (role status); what it returns gives all of it so far. */
export async function spokenBy(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(`{
    const spoken = globalThis.spoken = []
    new MutationObserver(() => {
      for (const place of document.querySelectorAll('[role=status]')) spoken.push(place.textContent)
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
  }`)
  return () => page.evaluate('globalThis.spoken')
}

/** Whether the page is wider than the window. */
export const overflows = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
