import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../registry/store.ts'
import type { RequestOptions } from '../fixture.suite.ts'
import { type BrokerFixture, DEVICE, FORM, startWithBroker } from './brokers.suite.ts'

let http: BrokerFixture
beforeAll(async () => {
  http = await startWithBroker({ settings: { brokerAuthAddresses: ['127.0.0.2', '10.0.0.0/8', '2001:db8::/64'] } })
})
afterAll(() => http.close())

const { clientId, userName, password } = DEVICE
const emqx = { clientid: clientId, username: userName, password }
/** The login of a good device, as each broker asks about it, and each one’s no. */
const BROKERS: readonly [string, Partial<RequestOptions>, { status: number; text: unknown }][] = [
  ['emqx', { body: emqx }, { status: 200, text: expect.stringContaining('{"result":"deny","is_superuser":false') }],
  [
    'rabbitmq/user',
    { headers: FORM, text: new URLSearchParams({ username: userName, password, client_id: clientId }).toString() },
    { status: 401, text: 'deny' },
  ],
  ['mosquitto-go-auth/user', { body: emqx }, { status: 401, text: expect.stringContaining('{"ok":false,"error":"') }],
  [
    'vernemq',
    { headers: { 'vernemq-hook': 'auth_on_register' }, body: { client_id: clientId, username: userName, password } },
    { status: 200, text: expect.stringContaining('{"result":{"error":"not_allowed"}') },
  ],
]
const from = (address: string): Partial<RequestOptions> => ({ key: null, remoteAddress: address })
const isYes = (text: string): boolean => /"allow"|^allow$|"ok":true|"result":"ok"/.test(text)

describe.each(BROKERS)('%s', (path, question, no) => {
  test('is answered with an operator’s key, whatever its address', async () => {
    expect(isYes((await http.ask(path, question)).text)).toBe(true)
  })

  test.each(['127.0.0.2', '10.9.8.7', '::ffff:10.9.8.7', '2001:db8::7'])(
    'is answered at %s without a key',
    async address => {
      expect(isYes((await http.ask(path, { ...question, ...from(address) })).text)).toBe(true)
    },
  )

  test.each(['127.0.0.1', '192.0.2.7', '2001:db9::7'])(
    'hears no at %s without a key, before its body is read',
    async address => {
      const reply = await http.ask(path, { ...question, ...from(address) })
      expect(reply).toMatchObject(no)
      const detail = { field: 'Authorization', problem: expect.stringContaining('broker-auth-addresses') }
      expect(await http.journaled()).toMatchObject({ reason: 'unauthorized', address, transport: 'http', detail })
    },
  )

  test.each([
    ['a key that does not exist', { key: 'nobody' }],
    ['a key that does not exist, from an address that may ask', { key: 'nobody', remoteAddress: '10.0.0.1' }],
  ])('hears no with %s', async (_, change) => {
    expect(await http.ask(path, { ...question, ...change })).toMatchObject(no)
  })

  test('hears no with a key that may not answer for all products', async () => {
    const keys = [
      await http.createKey({ role: 'viewer' }),
      await http.createKey({ role: 'operator', products: ['al123456789'] }),
      http.application.secret,
    ]
    for (const key of keys) {
      expect(isYes((await http.ask(path, { ...question, key })).text)).toBe(false)
      expect(await http.journaled()).toMatchObject({ reason: 'forbidden' })
    }
  })

  test.each(['x-forwarded-for', 'forwarded', 'via', 'origin'])(
    'hears no without a key where a request has %s',
    async name => {
      const headers = { ...question.headers, [name]: 'x' }
      expect(await http.ask(path, { ...question, ...from('10.0.0.1'), headers })).toMatchObject(no)
    },
  )

  test('hears no to a body that is too large or no object', async () => {
    const large = await http.ask(path, { body: { username: 'x'.repeat(400_000) } })
    expect(isYes(large.text)).toBe(false)
    expect(await http.journaled()).toMatchObject({ reason: 'body-too-large' })
    for (const text of ['[]', '5', '{', '']) {
      const reply = await http.ask(path, { headers: { ...question.headers, 'content-type': 'application/json' }, text })
      expect(isYes(reply.text)).toBe(false)
      expect(await http.journaled()).toMatchObject({ reason: 'body-malformed' })
    }
  })

  test('hears no to a form whose field comes twice, and to another type', async () => {
    const twice = await http.ask(path, { headers: { ...question.headers, ...FORM }, text: 'username=a&username=b' })
    expect(isYes(twice.text)).toBe(false)
    expect(await http.journaled()).toMatchObject({ reason: 'field-invalid' })
    await http.ask(path, { headers: { ...question.headers, 'content-type': 'text/csv' }, text: 'x' })
    expect(await http.journaled()).toMatchObject({ reason: 'unsupported-media-type' })
  })

  test('hears no while the store is unavailable, and the journal has no password', async () => {
    const { registry } = http
    const { device } = registry
    registry.device = () => Promise.reject(new StoreUnavailable('down'))
    try {
      const { status, text } = await http.ask(path, question)
      expect([isYes(text), status]).toEqual([false, path.startsWith('mosquitto') ? 503 : 200])
    } finally {
      registry.device = device
    }
    expect(await http.journaled()).toMatchObject({ reason: 'store-unavailable' })
    expect(JSON.stringify(await http.journaled())).not.toContain(password)
    expect(JSON.stringify(http.logged)).not.toContain(password)
  })

  test('says what its clients come over in its address, and is corrected where it misspells that', async () => {
    expect(isYes((await http.ask(`${path}?transport=tls`, question)).text)).toBe(true)
    expect(isYes((await http.ask(`${path}?transport=TLS`, question)).text)).toBe(false)
    expect(await http.journaled()).toMatchObject({ reason: 'field-invalid', detail: { field: 'transport' } })
    expect(isYes((await http.ask(`${path}?password=x`, question)).text)).toBe(false)
  })
})

test.each([
  ['a broker that is not known', 'hivemq'],
  ['an address that a broker does not have', 'rabbitmq/acl'],
  ['a broker without the part that it needs', 'rabbitmq'],
])('%s is not found', async (_, path) => {
  const reply = await http.ask(path, { body: {} })
  expect(isYes(reply.text)).toBe(false)
  if (path === 'hivemq') expect([reply.status, reply.text]).toEqual([404, expect.stringContaining('emqx, rabbitmq')])
  else expect(await http.journaled()).toMatchObject({ reason: 'not-found' })
})
