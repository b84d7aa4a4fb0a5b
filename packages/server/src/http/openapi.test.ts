import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: unknown[]
  parameters?: { name: string; in: string; required?: boolean }[]
  requestBody?: { content: Record<string, unknown> }
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>
}
interface Document {
  openapi: string
  security: unknown[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> }
}

/** The contract: names that clients rely on. */
const KEYED = [
  'POST /api/v1/products',
  'GET /api/v1/products',
  'GET /api/v1/products/{pk}',
  'PATCH /api/v1/products/{pk}',
  'DELETE /api/v1/products/{pk}',
  'GET /api/v1/products/{pk}/secret',
  'POST /api/v1/products/{pk}/devices',
  'GET /api/v1/products/{pk}/devices',
  'POST /api/v1/products/{pk}/devices/actions',
  'GET /api/v1/products/{pk}/devices.csv',
  'GET /api/v1/devices',
  'GET /api/v1/devices/count',
  'POST /api/v1/devices/actions',
  'GET /api/v1/products/{pk}/devices/{dn}',
  'GET /api/v1/products/{pk}/devices/{dn}/connections',
  'DELETE /api/v1/products/{pk}/devices/{dn}',
  'POST /api/v1/products/{pk}/devices/{dn}/reset',
  'POST /api/v1/products/{pk}/devices/{dn}/disable',
  'POST /api/v1/products/{pk}/devices/{dn}/enable',
  'DELETE /api/v1/products/{pk}/devices/{dn}/client-ids',
  'DELETE /api/v1/products/{pk}/devices/{dn}/client-ids/{clientId}',
  'POST /api/v1/products/{pk}/devices/{dn}/client-ids/{clientId}/keep',
  'POST /api/v1/products/{pk}/devices/{dn}/messages',
  'GET /api/v1/products/{pk}/devices/{dn}/messages',
  'POST /api/v1/products/{pk}/devices/{dn}/rrpc',
  'POST /api/v1/products/{pk}/imports',
  'GET /api/v1/journal',
  'POST /api/v1/explain',
  'POST /api/v1/keys',
  'GET /api/v1/keys',
  'DELETE /api/v1/keys/{id}',
  'POST /api/v1/users',
  'GET /api/v1/users',
  'PATCH /api/v1/users/{name}',
  'DELETE /api/v1/users/{name}',
  'POST /api/v1/users/me/password',
  'POST /api/v1/users/setup-link',
  'GET /api/v1/sessions',
  'GET /api/v1/audit',
  'GET /api/v1/audit/verify',
  'DELETE /api/v1/sessions',
  'DELETE /api/v1/sessions/{id}',
  'GET /api/v1/events',
  'GET /api/v1/stats',
  'GET /api/v1/stats/history',
  'GET /api/v1/system',
]
const OPEN = [
  'GET /api/v1/session',
  'POST /api/v1/session',
  'DELETE /api/v1/session',
  'GET /api/v1/session/oidc',
  'GET /api/v1/session/oidc/callback',
  'POST /api/v1/setup',
  'POST /auth/register/device',
  'GET /api/v1/openapi.json',
  'GET /metrics',
  'GET /healthz',
  'GET /readyz',
  'GET /ca.pem',
]
const FOR_BROKERS = ['POST /broker/auth/{broker}', 'POST /broker/auth/{broker}/{part}']

describe('the OpenAPI document', () => {
  let http: HttpFixture
  let document: Document
  let operations: Map<string, Operation>
  beforeAll(async () => {
    http = await startHttp()
    const reply = await http.request({ url: '/api/v1/openapi.json', key: null })
    document = reply.body as Document
    operations = new Map(
      Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
      ),
    )
  })
  afterAll(() => http.close())

  test('holds the routes of the contract and no others', () => {
    expect([...operations.keys()].sort()).toEqual([...KEYED, ...OPEN, ...FOR_BROKERS].sort())
  })

  test.each(KEYED)('%s needs a key and tells how it may fail', route => {
    const operation = operations.get(route)
    expect(operation?.security).toBeUndefined() // the document's own security holds
    expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(['400', '401', '403', '500', '503']))
  })

  test.each(OPEN)('%s is open', route => {
    expect(operations.get(route)?.security).toEqual([])
  })

  test.each(FOR_BROKERS)('%s takes a key or an address, and answers in the broker’s own form', route => {
    expect(operations.get(route)?.security).toEqual([{ apiKey: [] }, {}])
    const { 200: yes, 403: no } = operations.get(route)?.responses ?? {}
    for (const reply of [yes, no]) expect(Object.keys(reply?.content ?? {})).toEqual(['application/json', 'text/plain'])
  })

  test.each([...KEYED, ...OPEN, ...FOR_BROKERS])(
    '%s has an id, a summary, a tag, described replies and its path parameters',
    route => {
      const operation = operations.get(route)
      expect(operation).toMatchObject({
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/),
        summary: expect.stringMatching(/.{8}/),
        tags: [expect.any(String)],
      })
      const replies = Object.values(operation?.responses ?? {})
      expect(replies.map(({ description }) => description)).not.toContain('Default Response')
      const named = (operation?.parameters ?? []).filter(parameter => parameter.in === 'path').map(({ name }) => name)
      expect(named).toEqual([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
    },
  )

  test('names each operation once', () => {
    const ids = [...operations.values()].map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('gives problems as application/problem+json', () => {
    for (const [route, { responses }] of operations) {
      for (const [status, { content }] of Object.entries(responses)) {
        if (status < '400' || route === 'GET /readyz' || FOR_BROKERS.includes(route)) continue
        expect(Object.keys(content ?? {}), `${route} ${status}`).toEqual(['application/problem+json'])
      }
    }
  })

  test('resolves each of its references', () => {
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    )
    expect(names.length).toBeGreaterThan(20)
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(names)]))
    expect(JSON.stringify(document)).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/)/)
  })

  test('announces bearer keys and the session cookie', () => {
    expect(document).toMatchObject({
      openapi: expect.stringMatching(/^3\.1/),
      security: [{ apiKey: [] }, { session: [] }],
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
    })
  })

  test('takes CSV for imports and a form for registrations', () => {
    const bodyTypes = (route: string) => Object.keys(operations.get(route)?.requestBody?.content ?? {})
    expect(bodyTypes('POST /api/v1/products/{pk}/imports')).toEqual(['text/csv'])
    expect(bodyTypes('POST /auth/register/device')).toEqual(['application/x-www-form-urlencoded'])
  })
})
