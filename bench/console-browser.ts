import type { Browser, Page } from 'playwright-core'
import { ADMIN, openBrowser, openPage, signIn } from '../test/harness/console.ts'

/** Keys of somebody who types without haste. */
const KEY_DELAY_MS = 60
const WHEEL_PX = 100_000
const SHOWN_TIMEOUT_MS = 15_000

/** One thing that is done in the list of devices; resolves with the milliseconds until what was asked for is on the screen. */
export type Step = (round: number) => Promise<number>

/** The list of devices in Chromium, and what is done there. `names(round)` is a device of the registry, another one each round. */
export async function openList(http: string, names: (round: number) => string) {
  const browser = await openBrowser()
  const { page } = await openPage({ http }, browser, { locale: 'en' })
  await signIn(page, { http }, ADMIN)
  return { steps: stepsOf(page, http, names), close: () => closeAll(browser, page) }
}

async function closeAll(browser: Browser, page: Page): Promise<void> {
  await page.close()
  await browser.close()
}

function stepsOf(page: Page, http: string, names: (round: number) => string): Readonly<Record<string, Step>> {
  const search = page.getByLabel('Part of the DeviceName')
  const type = async (text: string): Promise<number> => {
    await search.fill('')
    const first = text.slice(0, -1)
    await search.pressSequentially(first, { delay: KEY_DELAY_MS })
    return shownAfter(page, everyRow(text), () => search.press(text.slice(-1)))
  }
  const choose = async (option: string, condition: string): Promise<number> => {
    await page.getByRole('combobox', { name: 'Status' }).click()
    const choice = page.locator('.ant-select-item-option').filter({ hasText: option })
    return shownAfter(page, condition, () => choice.click())
  }
  const goTo = async (path: string): Promise<number> => {
    const startedAt = performance.now()
    await page.goto(`${http}${path}`)
    await page.locator('.ant-table-row').first().waitFor()
    return performance.now() - startedAt
  }
  return {
    'open the list': () => goTo('/devices'),
    'next page': () => {
      const before = '[...document.querySelectorAll(".ant-table-row")].at(-1).dataset.rowKey'
      return page.evaluate<string>(before).then(last => shownAfter(page, isBehind(last), () => scrollToEnd(page)))
    },
    'search as you type, one match': round => type(names(round).slice(2)),
    'search as you type, a hundred matches': round => type(names(round).slice(0, 6)),
    'search as you type, many matches': round => type(`sn${round % 10}`),
    'search as you type, two characters': round => type(`${10 + (round % 90)}`),
    'filter by a status that no device has': async () => {
      await goTo('/devices')
      return choose('Offline', 'document.body.innerText.includes("No device matches.")')
    },
    'filter by the status of all': async () => {
      await page.goto(`${http}/devices?status=OFFLINE`)
      await page.getByText('No device matches.').waitFor()
      return choose('Not activated', 'document.querySelectorAll(".ant-table-row").length > 0')
    },
    'filter by time, none is so new': async () => {
      await goTo('/devices')
      await page.getByRole('combobox', { name: 'Created' }).click()
      const choice = page.locator('.ant-select-item-option').filter({ hasText: 'in the last 7 days' })
      return shownAfter(page, 'document.body.innerText.includes("No device matches.")', () => choice.click())
    },
  }
}

const everyRow = (text: string): string => `(() => {
  const rows = [...document.querySelectorAll('.ant-table-row')]
  return rows.length > 0 && rows.every(row => row.dataset.rowKey.toLowerCase().includes(${JSON.stringify(text.toLowerCase())}))
})()`

const isBehind = (last: string): string => `(() => {
  const rows = [...document.querySelectorAll('.ant-table-row')]
  return rows.length > 0 && rows[0].dataset.rowKey > ${JSON.stringify(last)}
})()`

async function scrollToEnd(page: Page): Promise<void> {
  await page.locator('.ant-table-row').first().hover()
  await page.mouse.wheel(0, WHEEL_PX)
}

/** Looks at each frame of the page whether the condition holds. */
async function shownAfter(page: Page, condition: string, act: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  const shown = page.evaluate(`new Promise((resolve, reject) => {
    const endsAt = performance.now() + ${SHOWN_TIMEOUT_MS}
    const look = () => {
      if (${condition}) resolve()
      else if (performance.now() > endsAt) reject(new Error(${JSON.stringify(`not shown: ${condition}`)}))
      else requestAnimationFrame(look)
    }
    look()
  })`)
  await Promise.all([shown, act()])
  return performance.now() - startedAt
}
