import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_SECRET, type HttpFixture, startHttp } from './fixture.suite.ts'

describe('API keys', () => {
  let http: HttpFixture
  beforeAll(async () => {
    http = await startHttp()
    await http.createProduct('pk1')
  })
  afterAll(() => http.close())
  const create = (body: object) => http.request({ method: 'POST', url: '/api/v1/keys', body })

  test('are created, and their secret is in that reply only', async () => {
    const reply = await create({ name: 'Fleet view', role: 'viewer', products: ['pk1'] })
    expect(reply.status).toBe(201)
    expect(reply.body).toEqual({
      id: expect.any(String),
      secret: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
      name: 'Fleet view',
      role: 'viewer',
      products: ['pk1'],
      createdAt: http.nowIso(),
      revokedAt: null,
    })
    const { id, secret } = reply.body as { id: string; secret: string }
    expect((await http.request({ url: '/api/v1/products/pk1', key: secret })).status).toBe(200)
    const list = await http.request({ url: '/api/v1/keys' })
    expect(list.body).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ id, role: 'viewer' })]),
    })
    expect(list.text).not.toContain(secret)
    expect(list.text).not.toMatch(/secret|hash/i)
  })

  test('cover all products where none is named', async () => {
    expect((await create({ name: 'All', role: 'operator' })).body).toMatchObject({ products: null })
  })

  test('name products that exist', async () => {
    const reply = await create({ name: 'K', role: 'viewer', products: ['nope'] })
    expect(reply).toMatchObject({ status: 422, body: { field: 'products' } })
  })

  test('are revoked, and the list tells since when', async () => {
    const { id } = (await create({ name: 'K', role: 'viewer' })).body as { id: string }
    http.advance(5000)
    expect((await http.request({ method: 'DELETE', url: `/api/v1/keys/${id}` })).status).toBe(204)
    const { items } = (await http.request({ url: '/api/v1/keys' })).body as {
      items: { id: string; revokedAt: string }[]
    }
    expect(items.find(key => key.id === id)?.revokedAt).toBe(http.nowIso())
  })

  test('stand in no log line and no problem, whatever goes wrong', async () => {
    await http.registry.store.close()
    const reply = await http.request({ url: '/api/v1/keys' })
    expect(reply.status).toBe(503)
    expect(reply.text + JSON.stringify(http.logged)).not.toContain(ADMIN_SECRET)
  })
})
