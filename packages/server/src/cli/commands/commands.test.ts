import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { widthOf } from '../printable.ts'
import { type FakeApi, type Reply, type Seen, startFakeApi } from '../testing/fake-api.ts'
import { type IoChange, type Ran, run } from '../testing/fake-io.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hatchway-cli-'))
})
const opened: FakeApi[] = []
afterEach(async () => {
  rmSync(cwd, { recursive: true })
  for (const api of opened.splice(0)) await api.close()
})
const serve = async (answer: (request: Seen, count: number) => Reply): Promise<FakeApi> => {
  const api = await startFakeApi(answer)
  opened.push(api)
  return api
}
const ask = async (
  argv: readonly string[],
  answer: unknown | ((request: Seen, count: number) => Reply),
  change: IoChange = {},
): Promise<Ran & { seen: Seen[] }> => {
  const reply =
    typeof answer === 'function' ? (answer as (request: Seen, count: number) => Reply) : () => ({ json: answer })
  const api = await serve(reply)
  const ran = await run([...argv, '--server', api.url, '--token', 'key'], { cwd, ...change })
  return { ...ran, seen: api.seen }
}

const product = {
  productKey: 'al123456789',
  name: '土壤传感器',
  dynamicRegistration: true,
  preregistrationFree: false,
  tlsOnly: false,
  registrationByGateways: false,
  strictKeepAlive: false,
  clientIdLimit: 5,
  deviceCount: 1200,
  onlineCount: 7,
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
}
const device = (deviceName: string, more: object = {}): object => ({
  productKey: 'al123456789',
  deviceName,
  status: 'ONLINE',
  clientIds: [],
  hasSecret: false,
  createdAt: '2026-01-31T12:00:00.000Z',
  activatedAt: null,
  reopenedAt: null,
  lastOnlineAt: null,
  lastOfflineAt: null,
  address: '10.0.0.1',
  ...more,
})
const key = {
  id: 'hkA1B2C3D4E5F6G7',
  name: 'Billing',
  role: 'application',
  products: ['al123456789'],
  createdAt: '2026-01-31T12:00:00.000Z',
  revokedAt: null,
}
const clientIds = ['K1', 'K2'].map(clientId => ({
  clientId,
  createdAt: '2026-01-31T12:00:00.000Z',
  usedAt: null,
  forbiddenAt: null,
}))
const P = '/api/v1/products/al123456789'
const D = `${P}/devices/SN-1`

describe('what each command asks of the API, and says', () => {
  const rows: [argv: string[], reply: unknown, method: string, url: string, body: unknown, said: RegExp][] = [
    [
      ['product', 'create', '土壤', '--dynamic-registration', '--client-id-limit', '9', '--product-key', 'al123456789'],
      { ...product, productSecret: 'shown-once' },
      'POST',
      '/api/v1/products',
      { name: '土壤', dynamicRegistration: true, clientIdLimit: 9, productKey: 'al123456789' },
      /ProductSecret +shown-once\n(.|\n)*hatchway device add al123456789/,
    ],
    [['product', 'show', 'al123456789'], product, 'GET', P, undefined, /Name +土壤传感器\n(.|\n)*1200, 7 on line/],
    [
      ['product', 'set', 'al123456789', '--dynamic-registration', 'off', '--name', 'x'],
      { ...product, dynamicRegistration: false },
      'PATCH',
      P,
      { dynamicRegistration: false, name: 'x' },
      /Dynamic registration +off/,
    ],
    [
      ['product', 'set', 'al123456789', '--registration-by-gateways', 'on'],
      { ...product, registrationByGateways: true },
      'PATCH',
      P,
      { registrationByGateways: true },
      /By gateways +on/,
    ],
    [['product', 'delete', 'al123456789', '--yes'], undefined, 'DELETE', P, undefined, /Deleted product al123456789\./],
    [
      ['product', 'delete', 'al123456789', '--with-devices', '--yes'],
      undefined,
      'DELETE',
      `${P}?withDevices=true`,
      undefined,
      /Deleted product al123456789\./,
    ],
    [['product', 'secret', 'al123456789'], { productSecret: 's3' }, 'GET', `${P}/secret`, undefined, /s3/],
    [
      ['device', 'add', 'al123456789', 'SN-1', '--device-secret', 'ds'],
      device('SN-1', { hasSecret: true }),
      'POST',
      `${P}/devices`,
      { deviceName: 'SN-1', deviceSecret: 'ds' },
      /It logs in with its DeviceSecret/,
    ],
    [['device', 'reset', 'al123456789', 'SN-1'], device('SN-1'), 'POST', `${D}/reset`, undefined, /may register again/],
    [['device', 'disable', 'al123456789', 'SN-1'], device('SN-1'), 'POST', `${D}/disable`, undefined, /is disabled/],
    [['device', 'enable', 'al123456789', 'SN-1'], device('SN-1'), 'POST', `${D}/enable`, undefined, /is enabled/],
    [['device', 'delete', 'al123456789', 'SN-1', '--yes'], undefined, 'DELETE', D, undefined, /Deleted device SN-1/],
    [
      ['device', 'send', 'al123456789', 'SN-1', '--message', '{"led":1}', '--qos', '1'],
      { subscribers: 1 },
      'POST',
      `${D}/messages`,
      { topic: '/al123456789/SN-1/user/get', payload: '{"led":1}', encoding: 'utf8', qos: 1 },
      /Sent to/,
    ],
    [
      ['device', 'rrpc', 'al123456789', 'SN-1', '--payload', '?', '--timeout', '500'],
      { payload: 'an\u001bswer', encoding: 'utf8', elapsedMs: 3 },
      'POST',
      `${P}/devices/SN-1/rrpc`,
      { payload: '?', encoding: 'utf8', timeoutMs: 500 },
      /^an\\x1bswer\n$/,
    ],
    [
      ['device', 'send', 'al123456789', 'SN-1', '--message', 'AA==', '--base64', '--topic', '/t'],
      { subscribers: 0 },
      'POST',
      `${D}/messages`,
      { topic: '/t', payload: 'AA==', encoding: 'base64', qos: 0 },
      /nobody subscribes there/,
    ],
    [
      ['device', 'client-ids', 'drop', 'al123456789', 'SN-1', 'K1'],
      undefined,
      'DELETE',
      `${D}/client-ids/K1`,
      undefined,
      /K1/,
    ],
    [
      ['device', 'client-ids', 'drop', 'al123456789', 'SN-1', '--all'],
      undefined,
      'DELETE',
      `${D}/client-ids`,
      undefined,
      /every/,
    ],
    [
      ['device', 'client-ids', 'keep', 'al123456789', 'SN-1', 'K1'],
      {},
      'POST',
      `${D}/client-ids/K1/keep`,
      undefined,
      /Only/,
    ],
    [
      ['key', 'create', 'Billing', '--role', 'application', '--product', 'a1,b2', '--product', 'c3'],
      { ...key, secret: 'key-secret' },
      'POST',
      '/api/v1/keys',
      { name: 'Billing', role: 'application', products: ['a1', 'b2', 'c3'] },
      /Secret +key-secret\n(.|\n)*shown this once/,
    ],
    [['key', 'list'], { items: [key] }, 'GET', '/api/v1/keys', undefined, /hkA1B2C3D4E5F6G7 .*\n\n1 key\./],
    [['key', 'revoke', 'hk1'], undefined, 'DELETE', '/api/v1/keys/hk1', undefined, /Revoked key hk1/],
  ]
  it.each(rows)('%j', async (argv, reply, method, url, body, said) => {
    const { code, stdout, stderr, seen } = await ask(argv, reply)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(said)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({ method, url, authorization: 'Bearer key' })
    expect(seen[0]?.body === '' ? undefined : JSON.parse(seen[0]?.body ?? '')).toEqual(body)
  })

  it.each(rows)('%j prints one JSON document with --json', async (argv, reply) => {
    const { code, stdout } = await ask([...argv, '--json'], reply)
    expect(code).toBe(0)
    expect(stdout.endsWith('\n')).toBe(true)
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(JSON.parse(stdout)).toBeTypeOf('object')
  })
})

describe('lists', () => {
  const pages = (request: Seen): Reply => {
    const query = new URL(request.url, 'http://x').searchParams
    const start = Number(query.get('cursor') ?? 0)
    const limit = Number(query.get('limit'))
    const items = Array.from({ length: Math.min(limit, 450 - start) }, (_, index) => device(`SN-${start + index}`))
    const end = start + items.length
    return { json: { items, nextCursor: end < 450 ? String(end) : null, total: 450 } }
  }

  it('reads as many pages as the limit takes', async () => {
    const { stdout, seen } = await ask(['device', 'list', 'al123456789', '--limit', '410', '--json'], pages)
    const { items, total, nextCursor } = JSON.parse(stdout)
    expect({ count: items.length, total, nextCursor }).toEqual({ count: 410, total: 450, nextCursor: '410' })
    expect(seen.map(({ url }) => url)).toEqual([
      `${P}/devices?limit=200`,
      `${P}/devices?limit=200&cursor=200`,
      `${P}/devices?limit=10&cursor=400`,
    ])
  })

  it('says how many there are and how to see the rest', async () => {
    const { stdout } = await ask(['device', 'list', 'al123456789', '--limit', '2'], pages)
    expect(stdout).toMatch(/^DEVICENAME {2}STATUS /)
    expect(stdout).toMatch(/\n\n2 of 450 devices\. See more: --limit 450\n$/)
  })

  it.each([
    [['product', 'list'], /hatchway product create/],
    [['device', 'list', 'al123456789'], /hatchway device add al123456789/],
    [['device', 'list', 'al123456789', '--status', 'ONLINE'], /Try without/],
    [['key', 'list'], /hatchway key create/],
    [['journal'], /hatchway register/],
    [['journal', '--reason', 'switch-off'], /fewer filters/],
  ])('%j says what to do next when it is empty', async (argv, next) => {
    const { code, stdout } = await ask(argv, { items: [], nextCursor: null, total: 0 })
    expect(code).toBe(0)
    expect(stdout).toMatch(next)
  })

  it.each([40, 80, 200])('fits %i columns, whatever names are like', async columns => {
    const items = [
      product,
      { ...product, name: 'x'.repeat(128) },
      { ...product, name: '\u001b[2J很长的名字'.repeat(9) },
    ]
    const { stdout } = await ask(
      ['product', 'list'],
      { items, nextCursor: null, total: 3 },
      { columns: Math.max(columns, 60) },
    )
    for (const line of stdout.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(columns, 60))
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain('al123456789')
  })
})

describe('device show', () => {
  const connections = [
    {
      since: '2026-01-31T12:00:00.000Z',
      until: null,
      end: null,
      transport: 'wss',
      address: '10.0.0.9',
      clientId: 'K2',
    },
    {
      ...{ since: '2026-01-30T12:00:00.000Z', until: '2026-01-30T13:00:00.000Z', end: 'keep-alive-timeout' },
      ...{ transport: 'tls', address: '10.0.0.1', clientId: null },
    },
  ]
  const show = (deviceName: string, ...more: string[]) =>
    ask(['device', 'show', 'al123456789', deviceName, ...more], ({ url }: Seen) => ({
      json: url.endsWith('/connections') ? { items: connections } : device(deviceName, { clientIds }),
    }))

  it('shows the device, its ClientIDs and its newest connections', async () => {
    const { code, stdout, seen } = await show('SN-1')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/CLIENTID(.|\n)*K2(.|\n)*CONNECTED(.|\n)*now(.|\n)*keep-alive-timeout/),
    })
    const path = '/api/v1/products/al123456789/devices/SN-1'
    expect(seen.map(({ url }) => url).sort()).toEqual([path, `${path}/connections`])
  })

  it('encodes the name for a path, and has both in its JSON', async () => {
    const { stdout, seen } = await show('a:b@c.d', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ deviceName: 'a:b@c.d', connections })
    expect(seen.every(({ url }) => url.includes('/devices/a%3Ab%40c.d'))).toBe(true)
  })
})

describe('deleting', () => {
  it('asks on a terminal, and no is no', async () => {
    const questions: string[] = []
    const ask2 = (answer: string): IoChange => ({
      isInteractive: true,
      ask: question => {
        questions.push(question)
        return Promise.resolve(answer)
      },
    })
    const refused = await ask(['device', 'delete', 'al123456789', 'SN-1'], undefined, ask2('n'))
    expect(refused).toMatchObject({ code: 1, stderr: 'hatchway: Nothing was changed.\n', seen: [] })
    const agreed = await ask(['device', 'delete', 'al123456789', 'SN-1'], undefined, ask2(' Y '))
    expect(agreed.code).toBe(0)
    expect(agreed.seen).toHaveLength(1)
    expect(questions[0]).toContain('SN-1')
  })

  it.each([
    ['product', 'delete', 'al123456789'],
    ['device', 'delete', 'al123456789', 'SN-1'],
  ])('needs --yes where nobody can be asked: %s', async (...argv) => {
    const { code, stderr, seen } = await ask(argv, undefined)
    expect({ code, seen }).toEqual({ code: 2, seen: [] })
    expect(stderr).toContain('--yes')
  })
})

describe('wrong uses end with 2, one sentence and where to read on, before anything is asked', () => {
  it.each([
    [['product', 'create'], /missing required argument 'name'\nSee: hatchway product create --help/],
    [['product', 'create', 'a', 'b'], /too many arguments/],
    [['product', 'list', '--fast'], /unknown option '--fast'\nSee: hatchway product list --help/],
    [['product', 'set', 'al123456789'], /Nothing to change/],
    [['product', 'set', 'al123456789', '--tls-only', 'maybe'], /Give on or off/],
    [['product', 'create', 'x', '--client-id-limit', '101'], /Give a whole number from 1 to 100/],
    [['device', 'show', 'al123456789', '..'], /A DeviceName is 4-32/],
    [['device', 'delete', 'al123456789', '../x', '--yes'], /A DeviceName is 4-32/],
    [['device', 'list', '../keys'], /A ProductKey is 1-20/],
    [['device', 'list', 'al1', '--status', 'online'], /Allowed choices are UNACTIVE, ONLINE, OFFLINE, DISABLE/],
    [['device', 'client-ids', 'drop', 'al1', 'SN-1'], /Give one ClientID, or --all/],
    [['device', 'client-ids', 'drop', 'al1', 'SN-1', 'K1', '--all'], /Give one ClientID, or --all/],
    [['device', 'rrpc', 'al1', 'SN-1'], /required option '--payload <text>' not specified/],
    [['device', 'rrpc', 'al1', 'SN-1', '--payload', 'x', '--timeout', '1'], /Give a whole number from 100 to 20000/],
    [['device', 'send', 'al1', 'SN-1'], /required option '--message <text>' not specified/],
    [['device', 'import', 'al1', 'absent.csv'], /can't be read \(ENOENT\)/],
    [['device', 'export', 'al1', '--out', 'absent/x.csv'], /--out: can't write absent\/x\.csv \(ENOENT\)/],
    [['key', 'create', 'x'], /required option '--role <role>' not specified/],
    [['key', 'create', 'x', '--role', 'king'], /Allowed choices are admin/],
    [['journal', '--since', 'soon'], /--since: "soon" is not a time/],
    [['explain'], /Give one of --client-id, --connect-hex and --file/],
    [['teleport'], /unknown command 'teleport'/],
    [['device', 'lst'], /unknown command 'lst'\n\(Did you mean list\?\)/],
  ])('%j', async (argv, said) => {
    const api = await serve(() => ({ json: {} }))
    const { code, stdout, stderr } = await run(argv, { cwd, env: { HATCHWAY_SERVER: api.url } })
    expect({ code, stdout, seen: api.seen }).toEqual({ code: 2, stdout: '', seen: [] })
    expect(stderr).toMatch(/^hatchway: /)
    expect(stderr).toMatch(said)
  })
})

describe('help', () => {
  const commands = [
    ...['serve', 'demo', 'journal', 'explain', 'stats', 'register', 'connect', 'product', 'device', 'key'],
    ...['create', 'list', 'show', 'set', 'delete', 'secret'].map(name => `product ${name}`),
    ...['add', 'list', 'show', 'reset', 'disable', 'enable', 'delete'].map(name => `device ${name}`),
    ...['import', 'export', 'send', 'rrpc', 'client-ids', 'client-ids drop', 'client-ids keep'].map(
      name => `device ${name}`,
    ),
    ...['create', 'list', 'revoke'].map(name => `key ${name}`),
  ]
  it.each(commands)('of %s has an example, fits 80 columns and ends with 0', async command => {
    const { code, stdout, stderr } = await run([...command.split(' '), '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`Examples:\\n  \\$ hatchway ${command}`))
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(90)
  })

  it('of the whole lists every command', async () => {
    const { stdout } = await run(['--help'])
    for (const command of commands) expect(stdout).toContain(`  ${command.split(' ')[0]}`)
  })

  it('is shown, with exit code 2, when no command is given', async () => {
    expect(await run([])).toMatchObject({ code: 2, stdout: '' })
    expect((await run(['device'])).stderr).toContain('Examples:')
  })

  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('device export', () => {
  const pages = (request: Seen): Reply => {
    const second = request.url.includes('cursor')
    const items = second ? [device('SN-3', { address: '::1,"x"' })] : [device('SN-1'), device('SN-2')]
    return { json: { items, nextCursor: second ? null : 'c', total: 3 } }
  }

  it('writes every page as CSV, quoted where needed, with one header', async () => {
    const { code, stdout, stderr } = await ask(['device', 'export', 'al123456789'], pages)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toBe('deviceName,productKey,status,clientIds,createdAt,activatedAt,lastOnlineAt,address')
    expect(lines[1]).toBe('SN-1,al123456789,ONLINE,0,2026-01-31T12:00:00.000Z,,,10.0.0.1')
    expect(lines[3]).toBe('SN-3,al123456789,ONLINE,0,2026-01-31T12:00:00.000Z,,,"::1,""x"""')
    expect(lines).toHaveLength(4)
  })

  it('--names writes what device import takes', async () => {
    const { stdout } = await ask(['device', 'export', 'al123456789', '--names', '--status', 'ONLINE'], pages)
    expect(stdout).toBe('deviceName,productKey\nSN-1,al123456789\nSN-2,al123456789\nSN-3,al123456789\n')
  })

  it('--json writes one object a line', async () => {
    const { stdout } = await ask(['device', 'export', 'al123456789', '--json'], pages)
    const names = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).deviceName)
    expect(names).toEqual(['SN-1', 'SN-2', 'SN-3'])
  })

  it('--out writes a file and says how many', async () => {
    const { stdout, stderr } = await ask(['device', 'export', 'al123456789', '--names', '--out', 'x.csv'], pages)
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'Wrote 3 devices to x.csv.\n' })
    expect(readFileSync(join(cwd, 'x.csv'), 'utf8').split('\n')).toHaveLength(5)
  })
})

describe('device import', () => {
  const report = (request: Seen): Reply => {
    const names = request.body.trimEnd().split('\n')
    const rows = names.map((deviceName, index) =>
      deviceName === 'bad'
        ? { line: index + 1, deviceName, outcome: 'failed', reason: 'field-invalid', problem: 'too short \u001b[2J' }
        : { line: index + 1, deviceName, outcome: 'created' },
    )
    const failed = rows.filter(({ outcome }) => outcome === 'failed').length
    return { json: { created: rows.length - failed, failed, rows } }
  }

  it('sends a file as CSV and counts', async () => {
    writeFileSync(join(cwd, 'd.csv'), 'SN-1\nSN-2\n')
    const { code, stdout, seen } = await ask(['device', 'import', 'al123456789', 'd.csv'], report)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '2 created, 0 failed.\n' })
    expect(seen[0]).toMatchObject({ method: 'POST', url: `${P}/imports`, contentType: 'text/csv; charset=utf-8' })
  })

  it('reads standard input with -', async () => {
    const readStdin = (): Promise<string> => Promise.resolve('SN-1\n')
    const { stdout } = await ask(['device', 'import', 'al123456789', '-'], report, { readStdin })
    expect(stdout).toBe('1 created, 0 failed.\n')
  })

  it('names each row that failed and ends with 1', async () => {
    const readStdin = (): Promise<string> => Promise.resolve('SN-1\nbad\n')
    const { code, stdout, stderr } = await ask(['device', 'import', 'al123456789', '-'], report, { readStdin })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toBe('line 2: bad: too short \\x1b[2J\n1 created, 1 failed.\n')
  })

  it('sends a long file in several requests and numbers its lines as a whole', async () => {
    const names = Array.from({ length: 7000 }, (_, index) => (index === 6499 ? 'bad' : `SN-${index}`))
    const readStdin = (): Promise<string> => Promise.resolve(names.join('\n'))
    const { stdout, seen } = await ask(['device', 'import', 'al123456789', '-'], report, { readStdin })
    expect(seen).toHaveLength(2)
    expect(stdout).toBe('line 6500: bad: too short \\x1b[2J\n6999 created, 1 failed.\n')
  })

  it('says how far it got when a later request fails', async () => {
    const names = Array.from({ length: 6000 }, (_, index) => `SN-${index}`)
    const readStdin = (): Promise<string> => Promise.resolve(names.join('\n'))
    const answer = (request: Seen, count: number): Reply =>
      count === 1 ? report(request) : { status: 503, json: { detail: 'Later.', fix: 'Try again.' } }
    const { code, stderr } = await ask(['device', 'import', 'al123456789', '-'], answer, { readStdin })
    expect(code).toBe(1)
    expect(stderr).toContain('Later. Try again. Before that, 5000 devices were created')
  })
})

describe('stats', () => {
  it('shows the figures without zeros', async () => {
    const stats = {
      version: '1.2.3',
      startedAt: '2026-01-31T12:00:00Z',
      registry: { products: 1, devices: 2, online: 3, activated: 4, disabled: 5, clientIds: 6, journalEntries: 7 },
      gateway: { connections: { tls: 8, tcp: 0 }, accepted: 9, rejected: {} },
      broker: {
        ...{ connections: 1, sessions: 2, subscriptions: 3, bytesIn: 4, bytesOut: 5, queuedBytes: 6 },
        ...{ messagesIn: { '0': 1 }, messagesOut: { '1': 2 }, dropped: {} },
      },
      journalDropped: {},
    }
    const { stdout } = await ask(['stats'], stats)
    expect(stdout).toMatch(/Version +1\.2\.3\n/)
    expect(stdout).toMatch(/Connections +tls 8\n/)
    expect(stdout).toMatch(/Turned away +0\n/)
    expect(JSON.parse((await ask(['stats', '--json'], stats)).stdout)).toEqual(stats)
  })
})
