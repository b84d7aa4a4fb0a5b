import { registrationConnect } from '@hatchway/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeConnect } from '../mqtt/index.ts'
import { type HttpFixture, startHttp } from './fixture.suite.ts'

interface JournalPage {
  items: { id: number; time: string; reason: string; deviceName: string | null }[]
  nextCursor: string | null
}

describe('the journal', () => {
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
  const page = async (query: string) => (await http.request({ url: `/api/v1/journal?${query}` })).body as JournalPage

  test('spells out reason, fix and mistakes in both languages, and tells all of the connection', async () => {
    const detail = {
      signedText: 'deviceNamedev1productKeypk1random1',
      signMethod: 'hmacsha1',
      mistakes: ['hash-other', 'not-a-mistake-code'],
      field: 'password',
      problem: '28 characters',
    }
    http.refuse(pk, 'dev1', { reason: 'signature-mismatch', detail })
    await http.registry.journal.flush()
    const { items } = await page(`productKey=${pk}`)
    expect(items).toEqual([
      {
        id: expect.any(Number),
        time: http.nowIso(),
        outcome: 'refused',
        reason: 'signature-mismatch',
        sentence: { en: expect.stringMatching(/[.]$/), zh: expect.stringMatching(/。$/) },
        fix: { en: expect.stringMatching(/[.]$/), zh: expect.stringMatching(/。$/) },
        productKey: pk,
        deviceName: 'dev1',
        mode: 'register',
        address: '192.0.2.7',
        transport: 'tls',
        tlsVersion: 'TLSv1.2',
        tlsCipher: 'AES256-SHA256',
        mqttVersion: '3.1.1',
        connackCode: 4,
        signedText: 'deviceNamedev1productKeypk1random1',
        signMethod: 'hmacsha1',
        mistakes: [
          {
            code: 'hash-other',
            sentence: { en: expect.stringMatching(/[.]$/), zh: expect.any(String) },
            fix: { en: expect.any(String), zh: expect.any(String) },
          },
        ],
        field: 'password',
        problem: '28 characters',
        firstBytes: null,
        topic: null,
        clientId: null,
        keepAliveSeconds: null,
        broker: null,
        gateway: null,
        count: 1,
      },
    ])
  })

  test('is filtered by product, device, outcome, reason and time', async () => {
    http.refuse(pk, 'dev1')
    http.refuse(pk, 'dev2', { reason: 'switch-off' })
    http.advance(60_000)
    http.refuse(`${pk}b`, 'dev3', { outcome: 'closed', reason: 'connect-timeout' })
    await http.registry.journal.flush()
    const names = async (query: string) => (await page(query)).items.map(({ deviceName }) => deviceName)
    expect((await names('limit=3')).sort()).toEqual(['dev1', 'dev2', 'dev3'])
    expect(await names(`productKey=${pk}`)).toEqual(['dev2', 'dev1'])
    expect(await names(`productKey=${pk}&deviceName=dev1`)).toEqual(['dev1'])
    expect(await names('outcome=closed')).toEqual(['dev3'])
    expect(await names('reason=switch-off')).toEqual(['dev2'])
    expect(await names(`since=${http.nowIso()}`)).toEqual(['dev3'])
    expect(await names(`productKey=${pk}&since=2026-01-31`)).toHaveLength(2)
    expect(await names(`since=${encodeURIComponent('2026-01-31T13:01:00+01:00')}`)).toEqual(['dev3'])
  })

  test('comes page by page, newest first, and each entry once', async () => {
    for (let index = 0; index < 5; index++) http.refuse(pk, `dev${index}`)
    await http.registry.journal.flush()
    const seen: number[] = []
    let cursor = ''
    for (let pages = 0; pages < 3; pages++) {
      const { items, nextCursor } = await page(`productKey=${pk}&limit=2${cursor}`)
      seen.push(...items.map(({ id }) => id))
      cursor = `&cursor=${nextCursor}`
    }
    expect(seen).toHaveLength(5)
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => b - a))
    expect(cursor).toBe('&cursor=null')
  })
})

describe('explain', () => {
  let http: HttpFixture
  beforeAll(async () => {
    http = await startHttp()
    await http.createProduct('pk1')
    await http.createDevice('pk1', 'dev1')
  })
  afterAll(() => http.close())
  const explain = (body: object) => http.request({ method: 'POST', url: '/api/v1/explain', body })
  const connect = (productSecret: string) =>
    registrationConnect({
      productKey: 'pk1',
      deviceName: 'dev1',
      productSecret,
      mode: 'register',
      random: '1',
      signMethod: 'hmacsha256',
    })

  test('says what a CONNECT would get, step by step, and changes nothing', async () => {
    const reply = await explain(connect('psecret'))
    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject({
      decision: 'would-register',
      reason: 'registered',
      mode: 'register',
      productKey: 'pk1',
      deviceName: 'dev1',
      connackCode: 0,
      steps: expect.arrayContaining([
        { step: 'parse', ok: true, sentence: { en: expect.any(String), zh: expect.any(String) } },
      ]),
    })
    expect((await http.registry.device('pk1', 'dev1'))?.deviceSecret).toBeNull()
    await http.registry.journal.flush()
    expect((await http.request({ url: '/api/v1/journal' })).body).toMatchObject({ items: [] })
  })

  test('says why it would be refused', async () => {
    const wrong = await explain(connect('another'))
    expect(wrong.body).toMatchObject({ decision: 'would-refuse', reason: 'signature-mismatch', connackCode: 4 })
    expect(wrong.body).toMatchObject({ signedText: 'deviceNamedev1productKeypk1random1', signMethod: 'hmacsha256' })
    const plain = await explain({ ...connect('psecret'), transport: 'tcp' })
    expect(plain.body).toMatchObject({ decision: 'would-refuse', reason: 'tls-required', connackCode: 2 })
    expect((await explain({ clientId: 'nonsense' })).body).toMatchObject({ decision: 'would-refuse', connackCode: 2 })
  })

  test('takes the CONNECT as a hex dump, and shows what stands in it', async () => {
    const { clientId, userName, password } = connect('psecret')
    const packet = { type: 'connect', protocolLevel: 4, cleanStart: true, keepAliveSeconds: 60 } as const
    const bytes = encodeConnect({ ...packet, clientId, userName, password: Buffer.from(password) })
    const reply = await explain({ connectHex: bytes.toString('hex') })
    expect(reply.body).toMatchObject({
      decision: 'would-register',
      connect: {
        mqttVersion: '3.1.1',
        ...{ clientId, userName, hasPassword: true, keepAliveSeconds: 60, cleanStart: true, willTopic: null },
      },
    })
    expect(reply.text).not.toContain(password)
    expect((await explain(connect('psecret'))).body).toMatchObject({ connect: null })
  })

  test.each([
    ['neither fields nor dump', {}, 'clientId', /clientId is missing, and so is connectHex/],
    ['both', { connectHex: '10', userName: 'dev1&pk1' }, 'userName', /beside connectHex/],
    ['a dump that is none', { connectHex: 'hello' }, 'connectHex', /Line 1 .* not hexadecimal/],
  ])('is refused for %s', async (_, body, field, detail) => {
    expect(await explain(body)).toMatchObject({
      status: 422,
      body: {
        code: 'field-invalid',
        field,
        detail: expect.stringMatching(detail),
        fix: expect.stringMatching(/^Give /),
      },
    })
  })

  test('never repeats a secret or a password', async () => {
    const credentials = connect('another')
    const reply = await explain(credentials)
    expect(reply.text).not.toContain('psecret')
    expect(reply.text).not.toContain(credentials.password)
  })
})
