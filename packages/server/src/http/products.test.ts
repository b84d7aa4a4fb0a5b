import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

describe('products', () => {
  let http: HttpFixture
  let pk: string
  let tests = 0
  beforeAll(async () => {
    http = await startHttp()
  })
  beforeEach(() => {
    pk = `pk${++tests}`
  })
  afterAll(() => http.close())
  const create = (body: object) => http.request({ method: 'POST', url: '/api/v1/products', body })

  test('are created with made keys and every switch off', async () => {
    const reply = await create({ name: 'Meter' })
    expect(reply.status).toBe(201)
    expect(reply.body).toEqual({
      productKey: expect.stringMatching(/^[A-Za-z0-9]{11}$/),
      productSecret: expect.stringMatching(/^[A-Za-z0-9]{16}$/),
      name: 'Meter',
      dynamicRegistration: false,
      preregistrationFree: false,
      registrationByGateways: false,
      tlsOnly: false,
      strictKeepAlive: false,
      clientIdLimit: 5,
      deviceCount: 0,
      onlineCount: 0,
      createdAt: http.nowIso(),
      updatedAt: http.nowIso(),
    })
    const { productKey } = reply.body as { productKey: string }
    expect(reply.headers['location']).toBe(`/api/v1/products/${productKey}`)
  })

  test('are created with given keys and settings', async () => {
    const wanted = {
      name: 'Meter',
      productKey: 'a1B2c3',
      productSecret: 'given-Secret',
      dynamicRegistration: true,
      preregistrationFree: true,
      registrationByGateways: true,
      tlsOnly: true,
      strictKeepAlive: true,
      clientIdLimit: 100,
    }
    expect((await create(wanted)).body).toMatchObject(wanted)
  })

  test('show their secret on creation and at …/secret, nowhere else', async () => {
    const { productKey, productSecret } = (await create({ name: 'Meter' })).body as Record<string, string>
    const secret = await http.request({ url: `/api/v1/products/${productKey}/secret` })
    expect(secret.body).toEqual({ productKey, productSecret })
    const change = { method: 'PATCH', url: `/api/v1/products/${productKey}`, body: { name: 'B' } }
    for (const request of [{ url: '/api/v1/products' }, { url: `/api/v1/products/${productKey}` }, change]) {
      expect((await http.request(request)).text).not.toContain(productSecret)
    }
  })

  test('are changed field by field', async () => {
    await create({ name: 'Meter', productKey: pk })
    http.advance(1000)
    const change = { dynamicRegistration: true, clientIdLimit: 2 }
    const reply = await http.request({ method: 'PATCH', url: `/api/v1/products/${pk}`, body: change })
    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject({ name: 'Meter', tlsOnly: false, ...change, updatedAt: http.nowIso() })
    expect((await http.request({ url: `/api/v1/products/${pk}` })).body).toEqual(reply.body)
  })

  test('count their devices', async () => {
    await create({ name: 'Meter', productKey: pk, dynamicRegistration: true })
    await http.createDevice(pk, 'dev1')
    await http.setOnline(pk, 'dev1')
    expect((await http.request({ url: `/api/v1/products/${pk}` })).body).toMatchObject({
      deviceCount: 1,
      onlineCount: 1,
    })
  })

  test('are deleted when they have no devices', async () => {
    await create({ name: 'Meter', productKey: pk })
    await http.createDevice(pk, 'dev1')
    const deletion = { method: 'DELETE', url: `/api/v1/products/${pk}` }
    expect((await http.request(deletion)).status).toBe(409)
    await http.request({ method: 'DELETE', url: `/api/v1/products/${pk}/devices/dev1` })
    const reply = await http.request(deletion)
    expect(reply).toMatchObject({ status: 204, text: '' })
    expect((await http.request({ url: `/api/v1/products/${pk}` })).status).toBe(404)
  })

  test('are deleted with their devices only where the request says so', async () => {
    await create({ name: 'Meter', productKey: pk })
    await http.createDevice(pk, 'dev1')
    const remove = (query: string) => http.request({ method: 'DELETE', url: `/api/v1/products/${pk}${query}` })
    expect((await remove('?withDevices=false')).status).toBe(409)
    expect(await remove('?withDevices=yes')).toMatchObject({ status: 400, body: { field: 'withDevices' } })
    expect((await remove('?withDevices=true')).status).toBe(204)
    expect((await http.request({ url: `/api/v1/products/${pk}/devices/dev1` })).status).toBe(404)
  })

  test('are listed page by page, each once', async () => {
    const created = [`${pk}a`, `${pk}b`, `${pk}c`]
    for (const productKey of created) await create({ name: productKey, productKey })
    const { items } = (await http.request({ url: '/api/v1/products?limit=200' })).body as {
      items: { productKey: string }[]
    }
    const all = items.map(({ productKey }) => productKey)
    expect(all).toEqual(expect.arrayContaining(created))
    const seen: string[] = []
    let url: string | null = '/api/v1/products?limit=2'
    while (url !== null) {
      const { body } = await http.request({ url })
      const { items, nextCursor, total } = body as {
        items: { productKey: string }[]
        nextCursor: string | null
        total: number
      }
      expect(total).toBe(all.length)
      seen.push(...items.map(({ productKey }) => productKey))
      url = nextCursor === null ? null : `/api/v1/products?limit=2&cursor=${nextCursor}`
    }
    expect(seen.sort()).toEqual(all.sort())
  })

  test('a cursor of another list is refused', async () => {
    for (const productKey of [pk, `${pk}b`]) await create({ name: productKey, productKey })
    const { body } = await http.request({ url: '/api/v1/products?limit=1' })
    const { nextCursor } = body as { nextCursor: string }
    const reply = await http.request({ url: `/api/v1/products/${pk}/devices?cursor=${nextCursor}` })
    expect(reply).toMatchObject({ status: 400, body: { field: 'cursor' } })
  })
})
