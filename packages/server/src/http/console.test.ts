import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConsole } from './console-files.ts'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

const SCRIPT = '/assets/index-0123abcd.js'
const open = (url: string, headers: Record<string, string> = {}) => ({ url, key: null, headers })

let folder: string
let http: HttpFixture
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hatchway-console-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<meta property="csp-nonce" nonce="__CSP_NONCE__">')
  writeFileSync(join(folder, SCRIPT), 'script')
  writeFileSync(join(folder, `${SCRIPT}.br`), 'br of the script')
  writeFileSync(join(folder, `${SCRIPT}.gz`), 'gzip of the script')
  writeFileSync(join(folder, 'icon.svg'), '<svg/>')
  http = await startHttp({ parts: { consoleFiles: await loadConsole(folder) } })
})
afterAll(async () => {
  await http.close()
  rmSync(folder, { recursive: true })
})

describe('the page', () => {
  it('comes at every address of the console, and nowhere else', async () => {
    for (const url of ['/', '/setup', '/products/p1/devices/d1', '/journal?reason=x']) {
      expect((await http.request(open(url))).text).toContain('csp-nonce')
    }
    for (const url of [
      '/nope',
      '/api/v1/nope',
      '/index.html',
      '/assets/index-0123abcd.js.br',
      '/assets/../index.html',
    ]) {
      expect((await http.request(open(url))).status).toBe(404)
    }
  })

  it('has a policy that lets in its own files and, of inline things, styles with the nonce of this reply', async () => {
    const first = await http.request(open('/'))
    const second = await http.request(open('/'))
    const nonce = /nonce="([\w-]{22})"/.exec(first.text)?.[1]
    const policy = String(first.headers['content-security-policy'])
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`)
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(second.headers['content-security-policy']).not.toBe(policy)
    expect(first.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
  })
})

describe('a file', () => {
  it.each([
    ['br, gzip', 'br', 'br of the script'],
    ['gzip', 'gzip', 'gzip of the script'],
    ['br;q=0, gzip', 'gzip', 'gzip of the script'],
    ['identity', undefined, 'script'],
  ])('for a browser that takes %s comes as %s', async (accepted, encoding, text) => {
    const reply = await http.request(open(SCRIPT, { 'accept-encoding': accepted }))
    expect([reply.headers['content-encoding'], reply.text]).toEqual([encoding, text])
  })

  it('is kept for good where its name has its hash, and not where it has none', async () => {
    expect((await http.request(open(SCRIPT))).headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await http.request(open('/icon.svg'))).headers['cache-control']).toBe('no-store')
  })
})

it('a server without a built console says how to build it', async () => {
  expect(await loadConsole(join(folder, 'missing'))).toBeNull()
  const bare = await startHttp()
  expect((await bare.request(open('/'))).text).toContain('npm run console')
  await bare.close()
})
