import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CONSOLE_ROUTES } from '../../packages/server/src/http/console.ts'
import { API_CLIENT_FILE, apiClientTypes } from '../../scripts/api-client.ts'
import { serverFacts } from '../../scripts/docs-pages.ts'
import { Hatchway } from '../harness/hatchway.ts'

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const MAX_FIRST_PAGE_BYTES = 400 * 1024

let hatchway: Hatchway
beforeAll(async () => {
  hatchway = await Hatchway.start()
})
afterAll(() => hatchway.close())

it('the client’s types are those of the server’s OpenAPI document; npm run docs writes them', async () => {
  const { api } = await serverFacts(hatchway.http)
  expect(readFileSync(path(API_CLIENT_FILE), 'utf8')).toBe(apiClientTypes(api))
})

it('the server has the page at every address that the console knows', () => {
  const routes = readFileSync(path('packages/console/src/frame/routes.tsx'), 'utf8')
  const known = [...routes.matchAll(/<Route path="([^":?]+)/g)].map(([, address = '']) =>
    address.replace(/(.)\/$/, '$1'),
  )
  const served = CONSOLE_ROUTES.filter(route => !route.endsWith('*') && route !== '/setup')
  expect([...new Set(known)].sort()).toEqual([...served].sort())
})

it('nothing in the built files names another host', () => {
  const folder = path('packages/console/dist')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file =>
    ['.html', '.css'].includes(extname(file)),
  )
  const named = files.flatMap(
    file => readFileSync(join(folder, file), 'utf8').match(/(https?:)?\/\/[\w.-]+\.\w+/g) ?? [],
  )
  expect(named).toEqual([])
  expect(files.length).toBeGreaterThan(1)
})

it('code that the page needs first is below 400 KiB as gzip', async () => {
  const html = await (await fetch(hatchway.http)).text()
  const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, file = '']) => file)
  const sizes = first.map(file => readFileSync(join(path('packages/console/dist'), `${file}.gz`)).length)
  expect(sizes.length).toBeGreaterThan(1)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_FIRST_PAGE_BYTES)
})
