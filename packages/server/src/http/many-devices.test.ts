import { get } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../registry/store.ts'
import { ADMIN_SECRET, type HttpFixture, startHttp } from './fixture.suite.ts'

let http: HttpFixture
let pk: string
beforeAll(async () => {
  http = await startHttp()
})
beforeEach(async () => {
  vi.restoreAllMocks()
  pk = await http.newProduct()
})
afterAll(() => http.close())

describe('many devices at once', () => {
  const act = (action: string, deviceNames: readonly unknown[]) =>
    http.request({ method: 'POST', url: `/api/v1/products/${pk}/devices/actions`, body: { action, deviceNames } })
  const statuses = async () => {
    const { items } = (await http.request({ url: `/api/v1/products/${pk}/devices` })).body as {
      items: { deviceName: string; status: string }[]
    }
    return Object.fromEntries(items.map(({ deviceName, status }) => [deviceName, status]))
  }
  beforeEach(async () => {
    for (const name of ['dev1', 'dev2', 'dev3']) await http.createDevice(pk, name)
  })

  test('are disabled, and the report tells of each, in the order in which they were named', async () => {
    const reply = await act('disable', ['dev3', 'none', 'dev1'])
    expect(reply).toMatchObject({
      status: 200,
      body: {
        done: 2,
        failed: 1,
        rows: [
          { deviceName: 'dev3', outcome: 'done' },
          { deviceName: 'none', outcome: 'failed', reason: 'device-not-found', problem: expect.stringMatching(/none/) },
          { deviceName: 'dev1', outcome: 'done' },
        ],
      },
    })
    expect(await statuses()).toEqual({ dev1: 'DISABLE', dev2: 'UNACTIVE', dev3: 'DISABLE' })
    expect((await act('enable', ['dev1', 'dev3'])).body).toMatchObject({ done: 2 })
    expect(await statuses()).toEqual({ dev1: 'UNACTIVE', dev2: 'UNACTIVE', dev3: 'UNACTIVE' })
  })

  test('are reset and deleted', async () => {
    await http.setOnline(pk, 'dev1')
    expect((await act('reset', ['dev1'])).body).toMatchObject({ done: 1 })
    expect((await http.request({ url: `/api/v1/products/${pk}/devices/dev1` })).body).toMatchObject({
      reopenedAt: http.nowIso(),
    })
    expect((await act('delete', ['dev1', 'dev2', 'dev2'])).body).toMatchObject({ done: 2, failed: 1 })
    expect(Object.keys(await statuses())).toEqual(['dev3'])
  })

  test('may be a thousand', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `unit-${index}`)
    await http.registry.store.createDevices(
      names.map(deviceName => ({ productKey: pk, deviceName, deviceSecret: null, createdAt: 0 })),
    )
    expect((await act('delete', names)).body).toMatchObject({ done: 1000, failed: 0 })
  })

  test('that follow one which the store failed are not tried', async () => {
    const names = Array.from({ length: 250 }, (_, index) => `unit-${index}`)
    const failing = vi.spyOn(http.registry.store, 'changeDevice').mockRejectedValue(new StoreUnavailable('away'))
    const { body } = await act('disable', names)
    expect(body).toMatchObject({ done: 0, failed: 250, rows: { 249: { reason: 'store-unavailable' } } })
    expect(failing).toHaveBeenCalledTimes(100)
  })

  test.each([
    ['no names', { action: 'reset', deviceNames: [] }, 422, 'deviceNames'],
    ['too many', { action: 'reset', deviceNames: Array(1001).fill('dev1') }, 422, 'deviceNames'],
    ['a number', { action: 'reset', deviceNames: [7] }, 422, 'deviceNames[0]'],
    ['another action', { action: 'paint', deviceNames: ['dev1'] }, 422, 'action'],
  ])('are refused for %s', async (_, body, status, field) => {
    const reply = await http.request({ method: 'POST', url: `/api/v1/products/${pk}/devices/actions`, body })
    expect(reply).toMatchObject({ status, body: { field } })
  })
})

describe('an export', () => {
  const load = (query = '', key?: string) =>
    http.request({ url: `/api/v1/products/${pk}/devices.csv${query}`, ...(key === undefined ? {} : { key }) })
  const rows = (text: string) => text.split('\r\n').slice(1, -1)

  test('is CSV with a header, one line a device, by name, and no secret', async () => {
    for (const name of ['dev2', 'dev1']) await http.createDevice(pk, name)
    await http.setOnline(pk, 'dev1')
    const reply = await load()
    expect(reply.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="devices-${pk}.csv"`,
    })
    const now = http.nowIso()
    expect(reply.text.split('\r\n')).toEqual([
      'deviceName,productKey,status,clientIds,createdAt,activatedAt,lastOnlineAt,address',
      `dev1,${pk},ONLINE,0,${now},${now},${now},192.0.2.7`,
      `dev2,${pk},UNACTIVE,0,${now},,,`,
      '',
    ])
  })

  test('takes the filters of the list', async () => {
    for (const name of ['meter-1', 'METER-2', 'lamp-1']) await http.createDevice(pk, name)
    await http.setOnline(pk, 'meter-1')
    expect(rows((await load('?search=meter')).text)).toHaveLength(2)
    expect(rows((await load('?status=ONLINE')).text)).toHaveLength(1)
  })

  test('of an empty product is a header', async () => {
    expect((await load()).text).toMatch(/^deviceName,[^\n]*\r\n$/)
  })

  test('holds secrets for an admin who asks for them, and for nobody else', async () => {
    await http.createDevice(pk, 'dev1')
    const secret = await http.registerDevice(pk, 'dev1')
    expect((await load('?secrets=true')).text).toContain(`\r\ndev1,${secret},${pk},`)
    const operator = await http.createKey({ role: 'operator' })
    expect(await load('?secrets=true', operator)).toMatchObject({ status: 403, body: { field: 'secrets' } })
    expect((await load('', operator)).text).not.toContain(secret)
  })

  test('that fails before its first line is answered with a problem', async () => {
    vi.spyOn(http.registry.store, 'listDevices').mockRejectedValue(new StoreUnavailable('away'))
    expect(await load()).toMatchObject({ status: 503, body: { code: 'store-unavailable' } })
  })

  test('waits for a reader that does not read', async () => {
    const pages = vi.spyOn(http.registry.store, 'listDevices').mockImplementation(async () => ({
      items: Array.from({ length: 500 }, (_, index) => device(pk, `unit-${index}`)),
      nextCursor: 'more',
      total: 1_000_000,
    }))
    const base = await http.server.listen()
    const asked = get(`${base}/api/v1/products/${pk}/devices.csv`, {
      headers: { authorization: `Bearer ${ADMIN_SECRET}` },
    })
    const response = await new Promise<import('node:http').IncomingMessage>(resolve => asked.on('response', resolve))
    response.pause()
    // Without end: it stops asking only where nobody reads.
    const settled = async (): Promise<number> => {
      for (let before = -1; before !== pages.mock.calls.length; ) {
        before = pages.mock.calls.length
        for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
      }
      return pages.mock.calls.length
    }
    const asleep = await settled()
    expect(asleep).toBeGreaterThan(0)
    response.resume()
    await vi.waitFor(() => expect(pages.mock.calls.length).toBeGreaterThan(asleep + 20), { timeout: 20_000 })
    response.destroy()
    await vi.waitFor(async () => expect(await settled()).toBe(await settled()), { timeout: 20_000 })
  })
})

const device = (productKey: string, deviceName: string) => ({
  ...{ productKey, deviceName, status: 'UNACTIVE' as const, clientIds: [], hasSecret: false, createdAt: 0 },
  ...{ activatedAt: null, reopenedAt: null, lastOnlineAt: null, lastOfflineAt: null, address: null },
})

describe('an import that is watched', () => {
  const load = (text: string) =>
    http.request({
      ...{ method: 'POST', url: `/api/v1/products/${pk}/imports`, text },
      headers: { 'content-type': 'text/csv', accept: 'application/x-ndjson' },
    })
  const linesOf = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as object)

  test('tells how many rows there are, of each row, and the sum', async () => {
    const reply = await load('deviceName\ndev1\nbad/name\n')
    expect(reply.headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
    expect(linesOf(reply.text)).toEqual([
      { total: 2 },
      { line: 2, deviceName: 'dev1', outcome: 'created' },
      { line: 3, deviceName: 'bad/name', outcome: 'failed', reason: 'field-invalid', problem: expect.any(String) },
      { created: 1, failed: 1 },
    ])
  })

  test('ends with the problem where the server can not go on', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `unit-${index}`)
    const createDevices = http.registry.store.createDevices.bind(http.registry.store)
    vi.spyOn(http.registry.store, 'createDevices')
      .mockImplementationOnce(createDevices)
      .mockRejectedValue(new StoreUnavailable('away'))
    const lines = linesOf((await load(names.join('\n'))).text)
    expect(lines).toHaveLength(102)
    expect(lines.at(-1)).toEqual({
      created: 100,
      failed: 0,
      problem: expect.objectContaining({ code: 'store-unavailable', status: 503, fix: expect.any(String) }),
    })
  })

  test('that can not begin is a problem', async () => {
    expect(await load('')).toMatchObject({ status: 422, body: { code: 'field-invalid', field: 'body' } })
  })
})
