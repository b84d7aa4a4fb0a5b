import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { httpsOptions, loadCertificates } from '../../gateway/index.ts'
import { FROM_CONSOLE, startHttp, USER_PASSWORD } from '../fixture.suite.ts'

interface Answer {
  status: number | undefined
  cookie: string
  fingerprint: string
}

function ask(url: string, { ca, body, cookie = '' }: { ca: string; body?: object; cookie?: string }): Promise<Answer> {
  const headers = { ...FROM_CONSOLE, cookie, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca, headers, method: body ? 'POST' : 'GET', agent: false, timeout: 5000 }, response => {
      const { fingerprint256: fingerprint } = (response.socket as TLSSocket).getPeerCertificate()
      const [header = ''] = response.headers['set-cookie'] ?? []
      response.resume().once('end', () => resolve({ status: response.statusCode, cookie: header, fingerprint }))
    })
    sent.once('error', reject).once('timeout', () => sent.destroy(new Error('no answer')))
    sent.end(body && JSON.stringify(body))
  })
}

test('the port takes HTTPS, signs people in with a Secure cookie, and presents new certificates without a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hatchway-https-'))
  const certificates = async (name: string) => {
    const dataDir = join(folder, name)
    await mkdir(dataDir)
    return loadCertificates({ dataDir, publicHosts: [] })
  }
  const made = await certificates('one')
  const tls = httpsOptions(made.pairs, { legacyCiphers: true })
  const http = await startHttp({ parts: { tls } })
  try {
    await http.users.create({ name: 'ann', role: 'viewer', password: USER_PASSWORD })
    const url = await http.server.listen()
    expect(url).toMatch(/^https:/)
    const ca = made.caPem ?? ''
    const signedIn = await ask(`${url}/api/v1/session`, { ca, body: { name: 'ann', password: USER_PASSWORD } })
    expect(signedIn).toMatchObject({ status: 200, cookie: expect.stringMatching(/; Secure$/) })
    const cookie = signedIn.cookie.split(';')[0] ?? ''
    expect((await ask(`${url}/api/v1/products`, { ca, cookie })).status).toBe(200)
    const renewed = await certificates('two')
    http.server.reloadCertificates(httpsOptions(renewed.pairs, { legacyCiphers: true }))
    const again = await ask(`${url}/api/v1/products`, { ca: renewed.caPem ?? '', cookie })
    expect(again.status).toBe(200)
    expect(again.fingerprint).not.toBe(signedIn.fingerprint)
    await expect(fetch(url.replace('https', 'http'))).rejects.toThrow()
  } finally {
    await http.close()
    await rm(folder, { recursive: true, force: true })
  }
})

test('an event stream of a user ends with the session, and with nobody else’s', async () => {
  const http = await startHttp()
  try {
    const cookies = [
      await http.signIn({ role: 'viewer', name: 'ann' }),
      await http.signIn({ role: 'viewer', name: 'bob' }),
    ]
    const url = await http.server.listen()
    const streams = await Promise.all(cookies.map(cookie => fetch(`${url}/api/v1/events`, { headers: { cookie } })))
    expect(streams.map(({ status }) => status)).toEqual([200, 200])
    const ended = streams.map(({ body }) => body?.pipeTo(new WritableStream()).then(() => 'ended'))
    await http.request({ method: 'DELETE', url: '/api/v1/sessions?user=ann' })
    expect(await Promise.race(ended)).toBe('ended')
    expect(await ended[0]).toBe('ended')
    // The other one is there until the server ends it.
    expect(await Promise.race([ended[1], http.server.api.inject('/healthz').then(() => 'open')])).toBe('open')
  } finally {
    await http.close()
  }
})
