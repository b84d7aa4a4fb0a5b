import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { sign } from '@hatchway/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

const URL_PATH = '/auth/register/device'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

describe('POST /auth/register/device', () => {
  let http: HttpFixture
  let pk: string
  beforeAll(async () => {
    // A TLS-terminating proxy on this machine stands in front.
    http = await startHttp({ settings: { trustedProxies: ['127.0.0.1'] } })
  })
  beforeEach(async () => {
    pk = await http.newProduct()
    await http.createDevice(pk, 'dev1')
  })
  afterAll(() => http.close())

  const form = (change: Record<string, string> = {}) => {
    const signature = sign('hmacsha1', 'psecret', `deviceNamedev1productKey${pk}random123`)
    const fields = { productKey: pk, deviceName: 'dev1', random: '123', sign: signature, signMethod: 'hmacsha1' }
    return new URLSearchParams({ ...fields, ...change }).toString()
  }
  const register = (body: string) => {
    const headers = { ...FORM, 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.9' }
    return http.request({ method: 'POST', url: URL_PATH, key: null, headers, text: body })
  }

  test('gives the device its secret, and the journal tells the device’s own address', async () => {
    const reply = await register(form())
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({
      code: 200,
      data: { productKey: pk, deviceName: 'dev1', deviceSecret: expect.stringMatching(/^[0-9a-f]{32}$/) },
      message: 'success',
    })
    expect(reply.headers['cache-control']).toBe('no-store')
    const { data } = reply.body as { data: { deviceSecret: string } }
    expect((await http.registry.device(pk, 'dev1'))?.deviceSecret).toBe(data.deviceSecret)
    const journal = await http.request({ url: `/api/v1/journal?productKey=${pk}` })
    expect(journal.body).toMatchObject({
      items: [{ outcome: 'registered', address: '198.51.100.9', transport: 'https' }],
    })
    expect(journal.text).not.toContain(data.deviceSecret)
  })

  test('C SDKs can read the answer: by the spelling of a header, the order of the fields, and what their buffers hold', async () => {
    const { hostname, port } = new URL(await http.server.listen())
    const socket = connect(Number(port), hostname)
    const head = ['Host: a', 'Connection: close', `Content-Type: ${FORM['content-type']}`]
    const body = form()
    socket.write([`POST ${URL_PATH} HTTP/1.1`, ...head, `Content-Length: ${body.length}`, '', body].join('\r\n'))
    const [headers = '', answer = ''] = (await text(socket)).split('\r\n\r\n')
    expect(headers).toMatch(/^HTTP\/1\.1 200 /)
    expect(headers).toContain(`\r\nContent-Length: ${answer.length}`)
    expect(answer).toMatch(
      /^{"code":200,"data":{"productKey":"\w+","deviceName":"dev1","deviceSecret":"\w+"},"message":"success"}$/,
    )
    for (const line of headers.split('\r\n')) expect(line.length).toBeLessThan(126)
    expect(headers.length).toBeLessThan(1000)
    const withLongestNames = answer.length + (20 - pk.length) + (32 - 'dev1'.length) + (63 - 32)
    expect(withLongestNames).toBeLessThan(256)
  })

  test.each([
    ['a missing field', { random: '' }, 460],
    ['an unknown product', { productKey: 'nope' }, 6250],
    ['an unknown sign method', { signMethod: 'sha512' }, 6292],
    ['a wrong signature', { sign: '00' }, 6600],
  ])('%s is HTTP 200 with its body code', async (_, change, code) => {
    const reply = await register(form(change))
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ code, message: expect.stringMatching(/[.]$/) })
  })

  test('a switch that is off is 6288, a device that has logged in 6289', async () => {
    const { data } = (await register(form())).body as { data: { deviceSecret: string } }
    await http.activate(pk, 'dev1', { deviceSecret: data.deviceSecret })
    expect((await register(form())).body).toMatchObject({ code: 6289 })
    await http.request({ method: 'PATCH', url: `/api/v1/products/${pk}`, body: { dynamicRegistration: false } })
    expect((await register(form())).body).toMatchObject({ code: 6288 })
  })

  test.each([
    ['no body', ''],
    ['junk', '%zz&&=&'],
    ['a field twice', 'productKey=pk1&productKey=pk2'],
  ])('%s is 460', async (_, body) => {
    expect((await register(body)).body).toMatchObject({ code: 460 })
  })

  test('fields that the SDK adds are its own affair', async () => {
    expect((await register(`${form()}&_v=1&lang=c`)).body).toMatchObject({ code: 200 })
  })

  test('another method is 405, another type 415, a long body 413', async () => {
    expect((await http.request({ url: URL_PATH, key: null })).headers['allow']).toBe('POST')
    const json = await http.request({ method: 'POST', url: URL_PATH, key: null, body: {} })
    expect(json).toMatchObject({ status: 415, body: { fix: expect.stringContaining('x-www-form-urlencoded') } })
    expect((await register(`random=${'x'.repeat(8200)}`)).status).toBe(413)
  })

  test('headers of a proxy that is not trusted count for nothing', async () => {
    const other = await startHttp()
    await other.createProduct(pk)
    await other.createDevice(pk, 'dev1')
    const headers = { ...FORM, 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.9' }
    await other.request({ method: 'POST', url: URL_PATH, key: null, headers, text: form() })
    await other.registry.journal.flush()
    const journal = await other.request({ url: '/api/v1/journal' })
    expect(journal.body).toMatchObject({ items: [{ address: '127.0.0.1', transport: 'http' }] })
    await other.close()
  })
})
