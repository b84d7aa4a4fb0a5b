import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

interface DeviceList {
  items: { deviceName: string; status: string }[]
  nextCursor: string | null
  total: number
}

describe('devices', () => {
  let http: HttpFixture
  let pk: string
  beforeAll(async () => {
    http = await startHttp()
  })
  beforeEach(async () => {
    pk = await http.newProduct({ dynamicRegistration: true, preregistrationFree: true })
  })
  afterAll(() => http.close())
  const devices = () => `/api/v1/products/${pk}/devices`
  const create = (body: object) => http.request({ method: 'POST', url: devices(), body })
  const post = (path: string) => http.request({ method: 'POST', url: `${devices()}/${path}` })
  const remove = (path: string) => http.request({ method: 'DELETE', url: `${devices()}/${path}` })
  const show = (name: string) => http.request({ url: `${devices()}/${encodeURIComponent(name)}` })
  const list = async (query = '') => (await http.request({ url: `${devices()}${query}` })).body as DeviceList

  test('are created UNACTIVE, with the fields of the contract', async () => {
    const reply = await create({ deviceName: 'dev1' })
    expect(reply.status).toBe(201)
    expect(reply.body).toEqual({
      productKey: pk,
      deviceName: 'dev1',
      status: 'UNACTIVE',
      clientIds: [],
      hasSecret: false,
      createdAt: http.nowIso(),
      activatedAt: null,
      reopenedAt: null,
      lastOnlineAt: null,
      lastOfflineAt: null,
      address: null,
    })
  })

  test('a DeviceSecret that was given is kept and never shown', async () => {
    const reply = await create({ deviceName: 'dev1', deviceSecret: 'burnt-in-secret' })
    expect(reply.body).toMatchObject({ hasSecret: true })
    expect(reply.text).not.toContain('burnt-in-secret')
    expect((await show('dev1')).text).not.toContain('burnt-in-secret')
    expect((await http.registry.device(pk, 'dev1'))?.deviceSecret).toBe('burnt-in-secret')
  })

  test.each(['a@b.c:d-e_f', '00:1A:2b:3C:4d:5E', '...4', '@@@@'])('the name %s works in a path', async name => {
    const created = await create({ deviceName: name })
    expect(created.status).toBe(201)
    expect(created.headers['location']).toBe(`${devices()}/${encodeURIComponent(name)}`)
    expect((await show(name)).body).toMatchObject({ deviceName: name })
    expect((await http.request({ url: `${devices()}/${name}` })).body).toMatchObject({ deviceName: name })
    expect((await remove(encodeURIComponent(name))).status).toBe(204)
  })

  test('are searched by a part of the name in any case, by status, and paged', async () => {
    for (const deviceName of ['meter-1', 'METER-2', 'lamp-1']) await create({ deviceName })
    await http.setOnline(pk, 'meter-1')
    expect((await list('?search=meter')).total).toBe(2)
    expect((await list('?status=ONLINE')).items).toMatchObject([{ deviceName: 'meter-1', status: 'ONLINE' }])
    const first = await list('?limit=2')
    expect(first).toMatchObject({ total: 3, nextCursor: expect.any(String) })
    const second = await list(`?limit=2&cursor=${first.nextCursor}`)
    expect(second.nextCursor).toBeNull()
    const names = [...first.items, ...second.items].map(({ deviceName }) => deviceName)
    expect(names.sort()).toEqual(['METER-2', 'lamp-1', 'meter-1'])
  })

  test('a cursor is good for its own filters only', async () => {
    for (const deviceName of ['dev1', 'dev2']) await create({ deviceName })
    const { nextCursor } = await list('?limit=1')
    const reply = await http.request({ url: `${devices()}?limit=1&search=dev&cursor=${nextCursor}` })
    expect(reply).toMatchObject({ status: 400, body: { field: 'cursor' } })
  })

  test('are disabled, enabled and reset, and the reply is the device after it', async () => {
    await create({ deviceName: 'dev1' })
    expect(await post('dev1/disable')).toMatchObject({ status: 200, body: { status: 'DISABLE' } })
    expect(await post('dev1/enable')).toMatchObject({ status: 200, body: { status: 'UNACTIVE' } })
    const secret = await http.registerDevice(pk, 'dev1')
    await http.activate(pk, 'dev1', { deviceSecret: secret })
    expect((await show('dev1')).body).toMatchObject({ activatedAt: http.nowIso(), reopenedAt: null })
    expect(await post('dev1/reset')).toMatchObject({ status: 200, body: { reopenedAt: http.nowIso() } })
  })

  test('an action takes an empty JSON body too', async () => {
    await create({ deviceName: 'dev1' })
    const headers = { 'content-type': 'application/json' }
    const reply = await http.request({ method: 'POST', url: `${devices()}/dev1/disable`, headers, text: '' })
    expect(reply.status).toBe(200)
    expect((await http.request({ method: 'POST', url: `${devices()}/dev1/disable`, body: {} })).status).toBe(200)
  })

  test('are deleted', async () => {
    await create({ deviceName: 'dev1' })
    expect(await remove('dev1')).toMatchObject({ status: 204, text: '' })
    expect((await show('dev1')).status).toBe(404)
    expect((await remove('dev1')).status).toBe(404)
  })

  test('show their ClientIDs without tokens; one is kept, dropped, or all are', async () => {
    const clientIds = [await http.registerUnit(pk, 'dev1'), await http.registerUnit(pk, 'dev1')]
    const [kept = '', other = ''] = clientIds
    const shown = (await show('dev1')).body as { clientIds: { clientId: string }[] }
    expect(shown.clientIds.map(({ clientId }) => clientId).sort()).toEqual([...clientIds].sort())
    expect(Object.keys(shown.clientIds[0] ?? {}).sort()).toEqual(['clientId', 'createdAt', 'forbiddenAt', 'usedAt'])

    const after = await post(`dev1/client-ids/${kept}/keep`)
    expect(after.status).toBe(200)
    expect((after.body as typeof shown).clientIds).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ clientId: kept, forbiddenAt: null }),
        expect.objectContaining({ clientId: other, forbiddenAt: http.nowIso() }),
      ]),
    )
    expect((await remove(`dev1/client-ids/${other}`)).status).toBe(204)
    expect((await show('dev1')).body).toMatchObject({ clientIds: [{ clientId: kept }] })
    expect((await remove('dev1/client-ids')).status).toBe(204)
    expect((await show('dev1')).body).toMatchObject({ clientIds: [] })
  })
})

describe('messages', () => {
  let http: HttpFixture
  let pk: string
  beforeAll(async () => {
    http = await startHttp()
  })
  beforeEach(async () => {
    pk = await http.newProduct()
    await http.createDevice(pk, 'dev1')
  })
  afterAll(() => http.close())
  const devices = () => `/api/v1/products/${pk}/devices`
  const send = (body: object) => http.request({ method: 'POST', url: `${devices()}/dev1/messages`, body })

  test('go to the broker, QoS 0 and UTF-8 where nothing else is said', async () => {
    const reply = await send({ topic: `/${pk}/dev1/user/get`, payload: 'grüß' })
    expect(reply).toMatchObject({ status: 200, body: { subscribers: 1 } })
    expect(http.published.at(-1)).toEqual({ topic: `/${pk}/dev1/user/get`, payload: Buffer.from('grüß'), qos: 0 })
  })

  test('carry bytes as base64, and the QoS', async () => {
    await send({
      topic: `/sys/${pk}/dev1/x`,
      payload: Buffer.from([0, 255]).toString('base64'),
      encoding: 'base64',
      qos: 1,
    })
    expect(http.published.at(-1)).toEqual({ topic: `/sys/${pk}/dev1/x`, payload: Buffer.from([0, 255]), qos: 1 })
  })

  test('may be empty, and as large as the limit', async () => {
    expect((await send({ topic: `/${pk}/dev1/a`, payload: '' })).status).toBe(200)
    const largest = Buffer.alloc(262_144).toString('base64')
    expect((await send({ topic: `/${pk}/dev1/a`, payload: largest, encoding: 'base64' })).status).toBe(200)
  })
})

describe('an import', () => {
  let http: HttpFixture
  let pk: string
  beforeAll(async () => {
    http = await startHttp()
  })
  beforeEach(async () => {
    pk = await http.newProduct()
  })
  afterAll(() => http.close())
  const load = (text: string) =>
    http.request({
      method: 'POST',
      url: `/api/v1/products/${pk}/imports`,
      text,
      headers: { 'content-type': 'text/csv' },
    })

  test('reports each row, and good rows count whatever the others are', async () => {
    await http.createDevice(pk, 'there')
    const reply = await load(
      'deviceName,deviceSecret\r\ndev1,factory-secret\r\nthere\r\nbad/name\r\n\r\ndev1\r\na,b,c\r\n',
    )
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({
      created: 1,
      failed: 4,
      rows: [
        { line: 2, deviceName: 'dev1', outcome: 'created' },
        { line: 3, deviceName: 'there', outcome: 'failed', reason: 'device-exists', problem: expect.any(String) },
        { line: 4, deviceName: 'bad/name', outcome: 'failed', reason: 'field-invalid', problem: expect.any(String) },
        { line: 6, deviceName: 'dev1', outcome: 'failed', reason: 'device-exists', problem: expect.any(String) },
        { line: 7, deviceName: 'a', outcome: 'failed', reason: 'field-invalid', problem: expect.any(String) },
      ],
    })
    expect(reply.text).not.toContain('factory-secret')
    expect((await http.registry.device(pk, 'dev1'))?.deviceSecret).toBe('factory-secret')
  })

  test('takes 10,000 rows', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `device-${index}`)
    expect((await load(names.join('\n'))).body).toMatchObject({ created: 10_000, failed: 0 })
    expect((await http.request({ url: `/api/v1/products/${pk}` })).body).toMatchObject({ deviceCount: 10_000 })
  })

  test('the newest connections of a device are told, newest first, and the end of those that are over', async () => {
    const pk = await http.newProduct()
    await http.createDevice(pk, 'seen1')
    const note = (at: number, online: boolean, more: object) =>
      http.registry.store.notePresence([
        {
          productKey: pk,
          deviceName: 'seen1',
          online,
          at: Date.UTC(2026, 0, 31, 12, at),
          address: '192.0.2.7',
          ...more,
        },
      ])
    await note(0, true, { transport: 'tls', clientId: 'cid1' })
    await note(5, false, { reason: 'connection-lost' })
    await note(6, true, { transport: 'wss' })
    const url = `/api/v1/products/${pk}/devices/seen1/connections`
    const place = { address: '192.0.2.7' }
    expect(await http.request({ url })).toMatchObject({
      status: 200,
      body: {
        items: [
          { since: '2026-01-31T12:06:00.000Z', until: null, end: null, transport: 'wss', ...place, clientId: null },
          {
            ...{ since: '2026-01-31T12:00:00.000Z', until: '2026-01-31T12:05:00.000Z', end: 'connection-lost' },
            ...{ transport: 'tls', ...place, clientId: 'cid1' },
          },
        ],
      },
    })
    const none = await http.request({ url: url.replace('seen1', 'none') })
    expect(none).toMatchObject({ status: 404, body: { code: 'device-not-found' } })
  })
})
