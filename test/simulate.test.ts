import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectDevice, hangUp, parseCredentials } from '@hatchway/device'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Figures } from '../packages/server/src/cli/simulate/tally.ts'
import { type IoChange, type Ran, run } from '../packages/server/src/cli/testing/fake-io.ts'
import { ADMIN_TOKEN, eventually, Hatchway } from './harness/hatchway.ts'

let hatchway: Hatchway
let cwd: string
beforeAll(async () => {
  hatchway = await Hatchway.start()
  cwd = mkdtempSync(join(tmpdir(), 'hatchway-simulate-'))
  writeFileSync(join(cwd, 'ca.pem'), hatchway.endpoint.ca)
})
afterAll(async () => {
  await hatchway.close()
  rmSync(cwd, { recursive: true })
})

/** The lines that `--json` printed; the last one is the summary. */
interface Simulated extends Ran {
  summary: Figures
}

async function simulate(args: readonly string[], change: IoChange = {}): Promise<Simulated> {
  const env = { HATCHWAY_SERVER: hatchway.http, HATCHWAY_ADMIN_TOKEN: ADMIN_TOKEN }
  const ran = await run(['simulate', '--json', '--rate', '1000', ...args], { cwd, env, ...change })
  const lines = ran.stdout.trimEnd().split('\n')
  return { ...ran, summary: JSON.parse(lines.at(-1) || 'null') }
}

/** Runs until `untilCame` resolves, as somebody would who presses Ctrl-C then. */
async function simulateUntil(args: readonly string[], came: () => Promise<unknown>): Promise<Simulated> {
  const stop = new AbortController()
  const simulated = simulate(['--duration', '0', ...args], { stop })
  try {
    await came()
  } finally {
    stop.abort()
  }
  return simulated
}

const product = async (name: string) =>
  (await hatchway.api('GET', '/products')).body.items.find((item: { name: string }) => item.name === name)
const devicesOf = async (productKey: string, query = '') =>
  (await hatchway.api('GET', `/products/${productKey}/devices?limit=200${query}`)).body

describe('hatchway simulate', () => {
  it('needs nothing but a number with a local server, and can be run again', async () => {
    for (const _ of ['first', 'again']) {
      const { code, summary } = await simulate(['--devices', '6', '--duration', '0.5', '--publish-interval', '0.1'])
      expect({ code, summary }).toMatchObject({
        code: 0,
        summary: { event: 'summary', ok: true, connected: 6, registered: 6, logins: 6, lost: 0, refusals: [] },
      })
      expect(summary.acknowledged).toBeGreaterThan(6)
      expect(summary.latencyMs.acknowledgement.count).toBe(summary.acknowledged)
      expect(summary.latencyMs.registration).toMatchObject({ count: 6, p50: expect.any(Number) })
    }
    const { productKey } = await product('Simulated fleet')
    expect(await devicesOf(productKey)).toMatchObject({
      total: 6,
      items: [{ deviceName: 'sim-0001' }, {}, {}, {}, {}, {}],
    })
    await eventually(async () => (await devicesOf(productKey, '&status=ONLINE')).total === 0)
  })

  it('keeps what was registered without pre-registration, and logs in with it later, by any way in', async () => {
    const kept = await simulate(['--mode', 'regnwl', '--devices', '3', '--duration', '0.2', '--keep', 'fleet.ndjson'])
    expect(kept).toMatchObject({ code: 0, summary: { registered: 3 } })
    expect(statSync(join(cwd, 'fleet.ndjson')).mode & 0o777).toBe(0o600)
    const { port } = hatchway.endpoint
    for (const url of ['mqtt', 'ws', 'wss', 'mqtts'].map(scheme => `${scheme}://localhost:${port}`)) {
      const args = [
        '--url',
        url,
        '--ca',
        'ca.pem',
        '--credentials',
        'fleet.ndjson',
        '--devices',
        '2',
        '--duration',
        '1',
      ]
      const { code, summary } = await simulate([...args, '--mqtt-version', '5'])
      expect({ url, code, summary }).toMatchObject({
        code: 0,
        summary: { devices: 2, registered: 0, logins: 2, connected: 2 },
      })
    }
    const again = await simulate(['--mode', 'regnwl', '--devices', '3', '--keep', 'fleet.ndjson'])
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('exists already') })
  })

  it('misbehaves on purpose, which is no failure; the journal has the reasons', async () => {
    const shares = 'wrong-secret=20,no-closing-bar=20,unknown-product=20'
    const { code, summary } = await simulate(['--devices', '10', '--duration', '0.2', '--misbehave', shares])
    expect({ code, summary }).toMatchObject({
      code: 0,
      summary: { misbehaving: 7, registered: 3, connected: 3, failed: 0 },
    })
    const codes = summary.refusals.map(refusal => [refusal.misbehaviour, refusal.code] as const)
    expect(new Map(codes)).toEqual(
      new Map([
        ['wrong-secret', 4],
        ['no-closing-bar', 2],
        ['unknown-product', 4],
      ]),
    )
    for (const reason of ['signature-mismatch', 'block-not-closed', 'product-unknown']) {
      expect(await hatchway.journalEntry({ reason })).toMatchObject({ outcome: 'refused' })
    }
  })

  it('keeps a server waiting that cuts it off, and says that no answer came', async () => {
    const impatient = await Hatchway.start({ connectTimeoutMs: 300 })
    try {
      const env = { HATCHWAY_SERVER: impatient.http, HATCHWAY_ADMIN_TOKEN: ADMIN_TOKEN }
      const args = ['--devices', '1', '--duration', '0.1', '--misbehave', 'slow=100']
      const { code, summary } = await simulate(args, { env })
      const refusal = { step: 'connection', code: null, misbehaviour: 'slow' }
      expect({ code, summary }).toMatchObject({ code: 0, summary: { connected: 0, refusals: [refusal] } })
      await impatient.journalEntry({ reason: 'connect-timeout' })
    } finally {
      await impatient.close()
    }
  })

  it('ends by itself, with exit code 1, when only an operator could help all of its devices', async () => {
    const { productKey, productSecret } = await hatchway.createProduct({ dynamicRegistration: false })
    const its = ['--product-key', productKey, '--product-secret', productSecret]
    const { code, summary } = await simulate([...its, '--devices', '3', '--duration', '0'])
    expect({ code, summary }).toMatchObject({
      code: 1,
      summary: {
        ok: false,
        failed: 3,
        connected: 0,
        refusals: [
          { step: 'registration', code: 4, count: 3, meaning: expect.stringContaining('registration is off') },
        ],
      },
    })
  })

  it('creates what is missing in a product that is named, and leaves alone what is there', async () => {
    const { productKey } = await hatchway.createProduct({ preregistrationFree: false })
    await hatchway.createDevice(productKey, 'unit-0001')
    await hatchway.api('POST', `/products/${productKey}/devices/unit-0001/disable`)
    const its = ['--product-key', productKey, '--create', '--prefix', 'unit-', '--devices', '2', '--duration', '0.2']
    expect(await simulate(its)).toMatchObject({ code: 1, summary: { registered: 1, failed: 1 } })
    expect((await devicesOf(productKey)).total).toBe(2)
  })

  it('comes back when another connection took its place, until Ctrl-C', async () => {
    const { productKey, productSecret } = await hatchway.createProduct()
    const its = ['--product-key', productKey, '--product-secret', productSecret, '--mode', 'regnwl', '--devices', '1']
    const online = async () => (await devicesOf(productKey, '&status=ONLINE')).total === 1
    const { code, summary } = await simulateUntil([...its, '--keep', 'one.ndjson'], async () => {
      await eventually(online)
      const credentials = parseCredentials(JSON.parse(readFileSync(join(cwd, 'one.ndjson'), 'utf8')))
      const url = `mqtts://localhost:${hatchway.endpoint.port}`
      await hangUp(await connectDevice({ url, ca: hatchway.endpoint.ca, credentials }))
      await eventually(async () => !(await online()))
      await eventually(online)
    })
    expect({ code, summary }).toMatchObject({
      code: 0,
      summary: { interrupted: true, logins: 2, lost: 1, connected: 1 },
    })
    await eventually(async () => !(await online()))
  })

  it('answers requests to its devices', async () => {
    const { productKey, productSecret } = await hatchway.createProduct()
    const its = ['--product-key', productKey, '--product-secret', productSecret, '--mode', 'regnwl', '--devices', '1']
    const { summary } = await simulateUntil(its, async () => {
      await eventually(async () => (await devicesOf(productKey, '&status=ONLINE')).total === 1)
      const asked = { payload: 'ping', encoding: 'utf8' }
      const { status, body } = await hatchway.api('POST', `/products/${productKey}/devices/sim-0001/rrpc`, asked)
      expect({ status, body }).toMatchObject({ status: 200, body: { payload: 'ping' } })
    })
    expect(summary).toMatchObject({ received: 1 })
  })

  it('gives up at once where nothing listens, or where the certificate is not to be trusted', async () => {
    const product = ['--product-key', 'pk1', '--product-secret', 'ps1', '--devices', '5']
    const nobody = await simulate(['--url', 'mqtts://127.0.0.1:1', ...product])
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing listens there') })
    const untrusted = await simulate(['--url', `mqtts://localhost:${hatchway.endpoint.port}`, ...product])
    expect(untrusted).toMatchObject({ code: 1, stderr: expect.stringContaining('not signed by a trusted CA') })
  })

  it('tells people in lines of their own, and what went wrong on stderr', async () => {
    const args = ['simulate', '--devices', '2', '--duration', '1.5', '--rate', '1000']
    const env = { HATCHWAY_SERVER: hatchway.http, HATCHWAY_ADMIN_TOKEN: ADMIN_TOKEN }
    const { code, stdout, stderr } = await run(args, { cwd, env, isTerminal: true })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^2 devices for mqtts:\/\/127\.0\.0\.1:\d+; Ctrl-C ends\.\n/)
    expect(stdout).toContain('2 of 2 connected')
    expect(stdout).toMatch(/Registered +2, /)
  })
})

describe('wrong uses of hatchway simulate', () => {
  const product = ['--product-key', 'pk1', '--product-secret', 'ps1']
  it.each<[why: string, args: string[], said: RegExp]>([
    ['too many devices', ['--devices', '20001'], /from 1 to 20000/],
    ['too many messages', ['--devices', '20000', '--publish-interval', '0.5'], /40000 messages a second/],
    ['a secret without its product', ['--product-secret', 'x'], /needs --product-key/],
    ['a product without its secret', ['--product-key', 'pk1'], /--create/],
    ['a prefix that no DeviceName begins with', ['--prefix', 'a/b'], /names such as "a\/b0010"/],
    ['credentials and a product', ['--credentials', 'x', '--product-key', 'pk1'], /--product-key has no use/],
    ['credentials that are not there', ['--credentials', 'absent'], /can't read .*absent \(ENOENT\)/],
    ['registration without TLS', ['--url', 'mqtt://localhost', ...product], /registration needs TLS/],
    ['a URL that is not MQTT’s', ['--url', 'http://localhost', ...product], /MQTT does not use/],
    ['an unknown placeholder', ['--payload', '{now}', ...product], /\{now\} stands for nothing/],
    ['an unknown kind of misbehaviour', ['--misbehave', 'rude', ...product], /"rude" is no kind/],
  ])('%s', async (_, args, said) => {
    const { code, stdout, stderr } = await simulate(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(said)
  })

  it('names the line of a credentials file that is wrong, and never shows it', async () => {
    const good = '{"productKey":"pk1","deviceName":"dev1","deviceSecret":"hush"}'
    writeFileSync(join(cwd, 'broken.ndjson'), `${good}\n\n{"productKey":"pk1","deviceSecret":"hush"}\n`)
    const { code, stderr } = await simulate(['--credentials', 'broken.ndjson'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/line 3: .*lack "deviceName"/) })
    expect(stderr).not.toContain('hush')
  })
})
