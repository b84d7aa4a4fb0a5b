import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBrowser, openPage, signInFirst } from '../harness/console.ts'
import { connectDevice, registerDevice } from '../harness/devices.ts'
import { Hatchway } from '../harness/hatchway.ts'
import { RunningProgram } from '../harness/running-program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let hatchway: Hatchway
let browser: Browser
let signedIn: Awaited<ReturnType<typeof signInFirst>>
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hatchway-first-device-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  hatchway = await Hatchway.start()
  browser = await openBrowser()
  signedIn = await signInFirst(hatchway, browser)
})
afterAll(async () => {
  await browser?.close()
  await hatchway?.close()
  rmSync(folder, { recursive: true })
})

/** Saves the code that the page shows, as the page says, and runs it. */
function runCode(file: string, code: string | null): RunningProgram {
  writeFileSync(join(folder, file), code ?? '')
  return new RunningProgram(process.execPath, [file], { cwd: folder })
}

it('leads from a first product to a device that is online, with the code that it shows', async () => {
  const { page, faults, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(hatchway.http)
  await page.getByRole('link', { name: 'Create a product' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Thermometer')
  await page.getByLabel('Any device that has the product’s secret').check()
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('button', { name: 'Create and connect a device' }).click()
  await page.getByText('Waiting for the device').waitFor()

  const code = page.getByRole('region', { name: 'Code for Node.js' })
  expect(await code.textContent()).toContain('THE-PRODUCT-SECRET')
  await page.getByLabel('Host that the device calls').fill('localhost')
  await page.getByRole('button', { name: 'Show the secret' }).click()
  await page.getByText('const PRODUCT_SECRET').waitFor()
  await expect.poll(() => code.textContent()).not.toContain('THE-PRODUCT-SECRET')
  const device = runCode('device.mjs', await code.textContent())
  const arrival = page.getByRole('region', { name: '3. See it come in' })
  await arrival.getByText('sensor-0001 is online.').waitFor()
  await device.interrupt()
  await arrival.getByText('sensor-0001 has logged in and is offline now.').waitFor()
  await page.getByRole('link', { name: 'Open the device' }).click()
  await page.getByRole('heading', { name: 'sensor-0001' }).waitFor()
  expect(faults).toEqual([])
  await context.close()
})

it('creates the device of a product that lets in only those, and tells why a copy without the secret is refused', async () => {
  const { productKey } = await hatchway.createProduct({ name: 'Scales', preregistrationFree: false })
  const { page, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/products/${productKey}/connect`)
  await page.getByRole('button', { name: 'Create sensor-0001' }).click()
  await page.getByText('sensor-0001 is created and may register.').waitFor()
  await page.getByRole('button', { name: 'Copy without the secret' }).waitFor()
  const code = page.getByRole('region', { name: 'Code for Node.js' })
  const device = runCode('without-secret.mjs', await code.textContent())
  expect(await device.ended()).toBe(1)
  expect(device.output).toContain("sensor-0001 was refused; the server's journal tells why.")
  const arrival = page.getByRole('region', { name: '3. See it come in' })
  await arrival.getByText('The password is not the signature that the secret gives.').waitFor()
  await arrival.getByText('it has another secret than the server').waitFor()
  await arrival.getByText('with the ProductSecret as its key').waitFor()
  await context.close()
})

it('tells a refused device’s mistake in the journal while it happens', async () => {
  const product = await hatchway.createProduct({ name: 'Meter' })
  const { page, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/journal?product=${product.productKey}`)
  await page.getByText('No entry matches these filters.').waitFor()
  const wrong = { ...product, productSecret: product.productKey, deviceName: 'meter-0001', mode: 'regnwl' as const }
  await expect(registerDevice(hatchway.endpoint, wrong)).rejects.toThrow('refused with code 4')
  await page.getByRole('button', { name: /^Details: The password is not the signature/ }).click()
  await page.getByText(`deviceNamemeter-0001productKey${product.productKey}random123`).waitFor()
  await page.getByText('The ProductKey or the DeviceName, or nothing, was used as the secret.').waitFor()
  // It was never created: its page leads back to what is known of it.
  await page.getByRole('link', { name: 'Open the device' }).click()
  await page.getByText('This product has no device of this name.').waitFor()
  await page.getByRole('link', { name: 'See its journal' }).click()
  await page.getByRole('button', { name: /^Details: The password is not the signature/ }).waitFor()
  await context.close()
})

it('goes on by itself after a restart of the server, and says so meanwhile', async () => {
  const { page, context } = await openPage(hatchway, browser, { locale: 'en', storageState: signedIn })
  await page.goto(`${hatchway.http}/journal`)
  await page.getByText('New entries appear at the top.').waitFor()
  await hatchway.server.stop()
  await page.getByText('The connection to the server is lost.').waitFor()
  const again = await Hatchway.start({ dataDir: hatchway.dataDir, httpPort: new URL(hatchway.http).port })
  await page.getByText('The connection to the server is lost.').waitFor({ state: 'detached' })
  const product = await again.createProduct({ name: 'After the restart' })
  const device = await connectDevice(again, product, 'unit-0001')
  await page
    .getByRole('button', { name: /^Details: .*registered/i })
    .first()
    .waitFor()
  await device.endAsync()
  await context.close()
  await again.close()
})
