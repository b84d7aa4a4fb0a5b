import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpFixture, type RequestOptions, startHttp } from './fixture.suite.ts'

const json = { 'content-type': 'application/json' }
const csv = { 'content-type': 'text/csv' }
const DEVICE = '/api/v1/products/pk1/devices/dev1'
const post = (url: string, body: unknown): RequestOptions => ({ method: 'POST', url: `/api/v1${url}`, body })
const patch = (url: string, body: unknown): RequestOptions => ({ method: 'PATCH', url: `/api/v1${url}`, body })
const get = (url: string): RequestOptions => ({ url: `/api/v1${url}` })
const message = (body: object): RequestOptions =>
  post('/products/pk1/devices/dev1/messages', { topic: '/pk1/dev1/user/get', payload: 'x', ...body })

/** What is sent, the status and code that come back, the field that is named, and what the fix says. */
const rows: [string, RequestOptions, number, string, string | undefined, RegExp][] = [
  ['a product without a name', post('/products', {}), 422, 'field-invalid', 'name', /text of 1 to 64 characters/],
  ['an empty name', post('/products', { name: '' }), 422, 'field-invalid', 'name', /1 to 64/],
  ['a name too long', post('/products', { name: 'n'.repeat(65) }), 422, 'field-invalid', 'name', /1 to 64/],
  ['a name that is a number', post('/products', { name: 5 }), 422, 'field-invalid', 'name', /text/],
  ['a name that is null', post('/products', { name: null }), 422, 'field-invalid', 'name', /text/],
  ['an unknown field', post('/products', { name: 'n', colour: 1 }), 422, 'field-invalid', 'colour', /one of: name, /],
  [
    'a switch that is a word',
    post('/products', { name: 'n', tlsOnly: 'yes' }),
    422,
    'field-invalid',
    'tlsOnly',
    /true or false/,
  ],
  [
    'a switch that is 1',
    post('/products', { name: 'n', dynamicRegistration: 1 }),
    422,
    'field-invalid',
    'dynamicRegistration',
    /true or/,
  ],
  [
    'a limit of 0',
    post('/products', { name: 'n', clientIdLimit: 0 }),
    422,
    'field-invalid',
    'clientIdLimit',
    /from 1 to 100/,
  ],
  [
    'a limit of 101',
    post('/products', { name: 'n', clientIdLimit: 101 }),
    422,
    'field-invalid',
    'clientIdLimit',
    /from 1 to 100/,
  ],
  [
    'a limit of 1.5',
    post('/products', { name: 'n', clientIdLimit: 1.5 }),
    422,
    'field-invalid',
    'clientIdLimit',
    /whole number/,
  ],
  [
    'a limit as text',
    post('/products', { name: 'n', clientIdLimit: '5' }),
    422,
    'field-invalid',
    'clientIdLimit',
    /whole number/,
  ],
  [
    'a ProductKey with a dash',
    post('/products', { name: 'n', productKey: 'a-b' }),
    422,
    'field-invalid',
    'productKey',
    /letters/,
  ],
  [
    'a ProductKey that is a platform topic',
    post('/products', { name: 'n', productKey: 'sys' }),
    422,
    'field-invalid',
    'productKey',
    /./,
  ],
  [
    'a ProductSecret with a space',
    post('/products', { name: 'n', productSecret: 'a b' }),
    422,
    'field-invalid',
    'productSecret',
    /./,
  ],
  [
    'a ProductKey that is taken',
    post('/products', { name: 'n', productKey: 'pk1' }),
    409,
    'product-exists',
    'productKey',
    /is taken\. Choose another, or leave it out/,
  ],
  ['a list instead of an object', post('/products', []), 422, 'field-invalid', undefined, /JSON object with: name/],
  [
    'broken JSON',
    { ...post('/products', undefined), text: '{"name":', headers: json },
    400,
    'body-malformed',
    undefined,
    /valid JSON/,
  ],
  [
    'a __proto__ key',
    { ...post('/products', undefined), text: '{"__proto__":{}}', headers: json },
    400,
    'body-malformed',
    undefined,
    /valid JSON/,
  ],
  ['no body', { ...post('/products', undefined), headers: json }, 422, 'field-invalid', undefined, /JSON object/],
  [
    'XML',
    { ...post('/products', undefined), text: '<a/>', headers: { 'content-type': 'text/xml' } },
    415,
    'unsupported-media-type',
    'Content-Type',
    /application\/json/,
  ],
  [
    'plain text',
    { ...post('/products', undefined), text: 'a', headers: { 'content-type': 'text/plain' } },
    415,
    'unsupported-media-type',
    'Content-Type',
    /application\/json/,
  ],
  [
    'a form',
    {
      ...post('/products', undefined),
      text: 'name=a',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    415,
    'unsupported-media-type',
    'Content-Type',
    /application\/json/,
  ],
  [
    'a change of the ProductKey',
    patch('/products/pk1', { productKey: 'x' }),
    422,
    'field-invalid',
    'productKey',
    /Leave it out/,
  ],
  [
    'a change of an unknown product',
    patch('/products/nope', { name: 'n' }),
    404,
    'product-not-found',
    'productKey',
    /List the products/,
  ],
  ['an unknown product', get('/products/nope'), 404, 'product-not-found', 'productKey', /List the products/],
  ['the secret of an unknown product', get('/products/nope/secret'), 404, 'product-not-found', 'productKey', /List/],
  [
    'the deletion of a product with devices',
    { method: 'DELETE', url: '/api/v1/products/pk1' },
    409,
    'product-not-empty',
    'productKey',
    /has 1 device\. Delete them first, or say withDevices=true/,
  ],
  ['devices of an unknown product', get('/products/nope/devices'), 404, 'product-not-found', 'productKey', /List/],
  [
    'a device of an unknown product',
    post('/products/nope/devices', { deviceName: 'dev2' }),
    404,
    'product-not-found',
    'productKey',
    /List/,
  ],
  [
    'a DeviceName too short',
    post('/products/pk1/devices', { deviceName: 'abc' }),
    422,
    'field-invalid',
    'deviceName',
    /4 to 32/,
  ],
  [
    'a DeviceName too long',
    post('/products/pk1/devices', { deviceName: 'd'.repeat(33) }),
    422,
    'field-invalid',
    'deviceName',
    /4 to 32/,
  ],
  [
    'a DeviceName with a slash',
    post('/products/pk1/devices', { deviceName: 'dev/1' }),
    422,
    'field-invalid',
    'deviceName',
    /./,
  ],
  [
    'a DeviceName with an ampersand',
    post('/products/pk1/devices', { deviceName: 'dev&1' }),
    422,
    'field-invalid',
    'deviceName',
    /./,
  ],
  [
    'a DeviceSecret with a space',
    post('/products/pk1/devices', { deviceName: 'dev2', deviceSecret: 'a b' }),
    422,
    'field-invalid',
    'deviceSecret',
    /./,
  ],
  [
    'a DeviceName that is taken',
    post('/products/pk1/devices', { deviceName: 'dev1' }),
    409,
    'device-exists',
    'deviceName',
    /another/,
  ],
  ['an unknown device', get('/products/pk1/devices/nope'), 404, 'device-not-found', 'deviceName', /List/],
  [
    'the reset of an unknown device',
    post('/products/pk1/devices/nope/reset', undefined),
    404,
    'device-not-found',
    'deviceName',
    /List/,
  ],
  [
    'a body where none is taken',
    post('/products/pk1/devices/dev1/reset', { force: true }),
    422,
    'field-invalid',
    'force',
    /without a body/,
  ],
  [
    'an unknown ClientID',
    { method: 'DELETE', url: `${DEVICE}/client-ids/nope` },
    404,
    'client-id-not-found',
    'clientId',
    /has no ClientID "nope"\. Show the device/,
  ],
  [
    'keeping an unknown ClientID',
    post('/products/pk1/devices/dev1/client-ids/nope/keep', undefined),
    404,
    'client-id-not-found',
    'clientId',
    /./,
  ],
  ['a limit that is a word', get('/products?limit=abc'), 400, 'field-invalid', 'limit', /from 1 to 200/],
  ['a limit of 0 items', get('/products?limit=0'), 400, 'field-invalid', 'limit', /from 1 to 200/],
  ['a limit of 201 items', get('/products/pk1/devices?limit=201'), 400, 'field-invalid', 'limit', /from 1 to 200/],
  ['a limit of 1.5 items', get('/products?limit=1.5'), 400, 'field-invalid', 'limit', /whole number/],
  ['an empty limit', get('/products?limit='), 400, 'field-invalid', 'limit', /whole number/],
  ['a limit twice', get('/products?limit=1&limit=2'), 400, 'field-invalid', 'limit', /whole number/],
  ['a mangled cursor', get('/products?cursor=abcdef'), 400, 'field-invalid', 'cursor', /nextCursor/],
  ['an empty cursor', get('/journal?cursor='), 400, 'field-invalid', 'cursor', /1 to/],
  ['an unknown query parameter', get('/products?page=2'), 400, 'field-invalid', 'page', /one of: limit, cursor/],
  ['an unknown status', get('/products/pk1/devices?status=GONE'), 400, 'field-invalid', 'status', /UNACTIVE, ONLINE/],
  ['an unknown outcome', get('/journal?outcome=bad'), 400, 'field-invalid', 'outcome', /registered, admitted, refused/],
  ['an unknown reason', get('/journal?reason=bad'), 400, 'field-invalid', 'reason', /signature-mismatch/],
  ['a time in words', get('/journal?since=yesterday'), 400, 'field-invalid', 'since', /2026-01-31T12:00:00Z/],
  ['a time without a zone', get('/journal?since=2026-01-31T12:00:00'), 400, 'field-invalid', 'since', /zone/],
  ['a month of 13', get('/journal?since=2026-13-01'), 400, 'field-invalid', 'since', /2026/],
  [
    'another device’s topic',
    message({ topic: '/pk1/dev2/user/get' }),
    422,
    'field-invalid',
    'topic',
    /\/pk1\/dev1\/user\/get/,
  ],
  ['a broadcast topic', message({ topic: '/broadcast/pk1/x' }), 422, 'field-invalid', 'topic', /\/pk1\/dev1/],
  ['a topic with a wildcard', message({ topic: '/pk1/dev1/#' }), 422, 'field-invalid', 'topic', /\/pk1\/dev1/],
  [
    'a topic too long',
    message({ topic: `/pk1/dev1/${'x'.repeat(128)}` }),
    422,
    'field-invalid',
    'topic',
    /\/pk1\/dev1/,
  ],
  ['a QoS of 3', message({ qos: 3 }), 422, 'field-invalid', 'qos', /from 0 to 2/],
  ['an unknown encoding', message({ encoding: 'hex' }), 422, 'field-invalid', 'encoding', /utf8, base64/],
  ['base64 that is none', message({ encoding: 'base64', payload: 'a*b=' }), 422, 'field-invalid', 'payload', /base64/],
  [
    'a payload too large',
    message({ payload: 'x'.repeat(262_145) }),
    422,
    'field-invalid',
    'payload',
    /at most 262144 bytes/,
  ],
  [
    'a message to an unknown device',
    post('/products/pk1/devices/nope/messages', { topic: '/pk1/nope/a', payload: '' }),
    404,
    'device-not-found',
    'deviceName',
    /List/,
  ],
  [
    'an import as JSON',
    post('/products/pk1/imports', { deviceName: 'dev2' }),
    415,
    'unsupported-media-type',
    'Content-Type',
    /text\/csv/,
  ],
  [
    'an empty import',
    { ...post('/products/pk1/imports', undefined), text: '\n', headers: csv },
    422,
    'field-invalid',
    'body',
    /one device a line|One device/i,
  ],
  [
    'an import for an unknown product',
    { ...post('/products/nope/imports', undefined), text: 'dev2', headers: csv },
    404,
    'product-not-found',
    'productKey',
    /List/,
  ],
  [
    'an import with too many rows',
    { ...post('/products/pk1/imports', undefined), text: 'dev2\n'.repeat(10_001), headers: csv },
    413,
    'body-too-large',
    undefined,
    /at most 10000 rows/,
  ],
  ['an explanation without a clientId', post('/explain', {}), 422, 'field-invalid', 'clientId', /hex dump/],
  [
    'an unknown transport',
    post('/explain', { clientId: 'a', transport: 'udp' }),
    422,
    'field-invalid',
    'transport',
    /tls, tcp/,
  ],
  ['an unknown role', post('/keys', { name: 'k', role: 'root' }), 422, 'field-invalid', 'role', /admin, operator/],
  [
    'a key for no products',
    post('/keys', { name: 'k', role: 'viewer', products: [] }),
    422,
    'field-invalid',
    'products',
    /list of 1 to/,
  ],
  [
    'a ProductKey that is no text',
    post('/keys', { name: 'k', role: 'viewer', products: [1] }),
    422,
    'field-invalid',
    'products[0]',
    /text/,
  ],
  ['an unknown key', { method: 'DELETE', url: '/api/v1/keys/nope' }, 404, 'key-not-found', 'id', /List the keys/],
  [
    'an event id that is none',
    { ...get('/events'), headers: { 'last-event-id': 'x' } },
    400,
    'field-invalid',
    'Last-Event-ID',
    /last journal event/,
  ],
  ['a broken percent-encoding', get('/products/%zz'), 400, 'field-invalid', 'path', /encodeURIComponent/],
  ['a percent-encoding that is not UTF-8', get('/products/%ff'), 400, 'field-invalid', 'path', /encodeURIComponent/],
  ['a name longer than any', get(`/products/${'x'.repeat(201)}`), 404, 'not-found', undefined, /./],
  ['an unknown address', get('/nope'), 404, 'not-found', undefined, /openapi\.json/],
  [
    'a method that is not taken',
    { method: 'PUT', url: '/api/v1/products/pk1' },
    405,
    'method-not-allowed',
    undefined,
    /Allow/,
  ],
]

describe('bad input names the field, what is wrong, and the fix', () => {
  let http: HttpFixture
  beforeAll(async () => {
    http = await startHttp()
    await http.createProduct('pk1')
    await http.createDevice('pk1', 'dev1')
  })
  afterAll(() => http.close())

  test.each(rows)('%s', async (_, request, status, code, field, advice) => {
    const reply = await http.request(request)
    expect(reply.body).toEqual({
      type: `urn:hatchway:reason:${code}`,
      title: expect.any(String),
      status,
      detail: expect.stringMatching(/.[.]$/),
      code,
      ...(field === undefined ? {} : { field }),
      fix: expect.stringMatching(/.[.]$/),
    })
    const { detail, fix } = reply.body as { detail: string; fix: string }
    expect(`${detail} ${fix}`).toMatch(advice)
    expect(reply.status).toBe(status)
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })

  test('a 405 says in Allow what the address takes', async () => {
    const put = await http.request({ method: 'PUT', url: '/api/v1/products/pk1' })
    expect(put.headers['allow']).toBe('DELETE, GET, HEAD, PATCH')
    const deletion = await http.request({ method: 'DELETE', url: `${DEVICE}/reset` })
    expect(deletion.headers['allow']).toBe('POST')
  })

  test('a refused body value is not repeated: it may be a secret', async () => {
    const reply = await http.request(post('/products/pk1/devices', { deviceName: 'dev2', deviceSecret: 'my secret' }))
    expect(reply.text).not.toContain('my secret')
  })

  test('nothing was created or changed by any of it', async () => {
    const devices = await http.request(get('/products/pk1/devices'))
    expect(devices.body).toMatchObject({ total: 1 })
    const products = await http.request(get('/products'))
    expect(products.body).toMatchObject({ total: 1 })
  })
})
