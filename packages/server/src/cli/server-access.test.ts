import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeApi, type Reply, startFakeApi } from './testing/fake-api.ts'
import { type IoChange, run } from './testing/fake-io.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hatchway-cli-'))
})
const opened: FakeApi[] = []
afterEach(async () => {
  rmSync(cwd, { recursive: true })
  for (const api of opened.splice(0)) await api.close()
})
const api = async (reply: Reply): Promise<FakeApi> => {
  const started = await startFakeApi(() => reply)
  opened.push(started)
  return started
}
const saveToken = (token: string, folder = 'hatchway-data'): void => {
  mkdirSync(join(cwd, folder), { recursive: true })
  writeFileSync(join(cwd, folder, 'admin-token'), `${token}\n`, { mode: 0o600 })
}
const show = ['product', 'show', 'pk1', '--json']

describe('an https server', () => {
  const trusted = async (line: readonly string[], change: IoChange = {}) => {
    const pems: string[] = []
    const fetch: IoChange['fetch'] = async () => Response.json({})
    const trustCa = (pem: string): boolean => pems.push(pem) > 0
    const ran = await run([...show, ...line], { cwd, fetch, trustCa, ...change })
    return { ...ran, pems }
  }
  const save = (file: string, pem: string): void => {
    mkdirSync(join(cwd, 'hatchway-data'), { recursive: true })
    writeFileSync(join(cwd, file), pem)
  }

  it.each([
    ['--ca, before all others', ['--server', 'https://127.0.0.1', '--ca', 'own.pem'], {}, ['own']],
    ['HATCHWAY_CA', ['--server', 'https://iot.example.com'], { HATCHWAY_CA: 'own.pem' }, ['own']],
    ['the data folder, on this machine', ['--server', 'https://localhost'], {}, ['made']],
    ['nothing, elsewhere', ['--server', 'https://iot.example.com'], {}, []],
    ['nothing, over http', ['--server', 'http://localhost', '--ca', 'own.pem'], {}, []],
  ])('is trusted by %s', async (_, line, env, pems) => {
    save('own.pem', 'own')
    save('hatchway-data/ca.pem', 'made')
    expect(await trusted(line, { env })).toMatchObject({ code: 0, pems })
  })

  it('says so where the file is not there or the runtime too old', async () => {
    const line = ['--server', 'https://127.0.0.1', '--ca', 'own.pem']
    expect(await trusted(line)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("own.pem can't be read (ENOENT)"),
    })
    save('own.pem', 'own')
    const old = await trusted(line, { trustCa: () => false })
    expect(old).toMatchObject({ code: 2, stderr: expect.stringContaining('NODE_EXTRA_CA_CERTS') })
  })
})

describe('the API key of a command', () => {
  it.each([
    ['--token before the environment', { env: { HATCHWAY_TOKEN: 'env1' } }, ['--token', 'flag'], 'Bearer flag'],
    ['HATCHWAY_TOKEN', { env: { HATCHWAY_TOKEN: 'env1', HATCHWAY_ADMIN_TOKEN: 'env2' } }, [], 'Bearer env1'],
    ['HATCHWAY_ADMIN_TOKEN before the file', { env: { HATCHWAY_ADMIN_TOKEN: 'env2' } }, [], 'Bearer env2'],
    ['the file in ./hatchway-data', {}, [], 'Bearer from-file'],
    ['the file in HATCHWAY_DATA_DIR', { env: { HATCHWAY_DATA_DIR: 'other' } }, [], 'Bearer from-other'],
  ] as const)('is %s', async (_, change, flags, authorization) => {
    saveToken('from-file')
    saveToken('from-other', 'other')
    const server = await api({ json: {} })
    expect(await run([...show, '--server', server.url, ...flags], { ...change, cwd })).toMatchObject({ code: 0 })
    expect(server.seen[0]?.authorization).toBe(authorization)
  })

  it('never travels from the file to another host', async () => {
    saveToken('from-file')
    const asked: (string | null)[] = []
    const fetch: IoChange['fetch'] = async (_url, init) => {
      asked.push(new Headers(init?.headers).get('authorization'))
      return new Response('{"detail":"No key."}', {
        status: 401,
        headers: { 'content-type': 'application/problem+json' },
      })
    }
    const { stderr } = await run([...show, '--server', 'http://iot.example.com'], { cwd, fetch })
    expect(asked).toEqual([null])
    expect(stderr).toContain('only for a server on this machine')
  })

  it.each([
    ['there is none', () => undefined, 'There is no '],
    [
      'it can not be read',
      () => mkdirSync(join(cwd, 'hatchway-data', 'admin-token'), { recursive: true }),
      "can't be read",
    ],
    ['it holds something else', () => saveToken('two words'), 'does not hold an API key'],
    ['it is of another server', () => saveToken('old-token'), "is not this server's"],
  ])('is told how to be given when the server wants one and, in the file, %s', async (_, prepare, hint) => {
    prepare()
    const server = await api({ status: 401, json: { detail: 'The request has no valid API key.' } })
    const { code, stderr, stdout } = await run([...show, '--server', server.url], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('hatchway: The request has no valid API key.')
    expect(stderr).toContain(hint)
    expect(stderr).toMatch(/give the secret of a key by --token or HATCHWAY_ADMIN_TOKEN/i)
  })

  it('that could not be a header is a wrong use, and not shown', async () => {
    const { code, stderr } = await run([...show, '--token', 'hush hush'], { cwd })
    expect(code).toBe(2)
    expect(stderr).not.toContain('hush')
  })
})

describe('the server of a command', () => {
  it.each(['localhost:8080', 'mqtt://x', 'http://x/api', 'http://a:b@x', 'x y'])('%s is a wrong use', async server => {
    const { code, stderr } = await run([...show, '--server', server], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain('Give one such as http://127.0.0.1:8080.')
  })

  it('may come from HATCHWAY_SERVER', async () => {
    const server = await api({ json: { productKey: 'pk1' } })
    expect(await run(show, { cwd, env: { HATCHWAY_SERVER: `${server.url}/` } })).toMatchObject({ code: 0 })
    expect(server.seen).toHaveLength(1)
  })

  it('that does not run is told with what to do', async () => {
    const probe = createServer()
    const port = await new Promise<number>(resolve => {
      probe.listen(0, '127.0.0.1', () => resolve((probe.address() as { port: number }).port))
    })
    await new Promise(resolve => probe.close(resolve))
    const { code, stderr } = await run([...show, '--server', `http://127.0.0.1:${port}`], { cwd })
    expect(code).toBe(1)
    expect(stderr).toMatch(/nothing listens there\. Start it with "hatchway serve", or give --server URL\.\n$/)
  })

  it.each([
    ['an HTML page', { raw: { type: 'text/html', text: '<html>' } }],
    ['an HTML error', { status: 502, raw: { type: 'text/html', text: '<html>' } }],
  ])('that answers with %s is not ours', async (_, reply) => {
    const server = await api(reply)
    const { code, stderr } = await run([...show, '--server', server.url], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('is not a Hatchway API')
  })

  it('is not followed to another address, which would get the key', async () => {
    const elsewhere = await api({ json: {} })
    const server = await api({
      status: 302,
      headers: { location: elsewhere.url },
      raw: { type: 'text/plain', text: '' },
    })
    const { code } = await run([...show, '--server', server.url, '--token', 'secret-key'], { cwd })
    expect(code).toBe(1)
    expect(elsewhere.seen).toEqual([])
  })
})

describe('a refusal of the API', () => {
  it('is told as its sentence and its fix, on stderr, with exit code 1', async () => {
    const detail = 'name has \u001b[31m too many characters.'
    const server = await api({
      status: 422,
      json: { title: 't', detail, code: 'field-invalid', fix: 'Give 1 to 128.' },
    })
    const ran = await run([...show, '--server', server.url], { cwd })
    expect(ran).toEqual({
      code: 1,
      stdout: '',
      stderr: 'hatchway: name has \\x1b[31m too many characters. Give 1 to 128.\n',
    })
  })
})

it('a token file that others may read is used all the same: the server wrote it, and its folder may be mounted', async () => {
  saveToken('from-file')
  chmodSync(join(cwd, 'hatchway-data', 'admin-token'), 0o644)
  const server = await api({ json: {} })
  expect(await run([...show, '--server', server.url], { cwd })).toMatchObject({ code: 0 })
})
