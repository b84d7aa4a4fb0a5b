import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BrokerFixture, DEVICE, REGISTRATION_CLIENT_ID, startWithBroker } from './brokers.suite.ts'

let http: BrokerFixture
beforeAll(async () => {
  http = await startWithBroker()
})
afterAll(() => http.close())

const OWN = '/al123456789/device1/user/update'
const OTHERS = '/al123456789/device2/user/update'
const { clientId, userName, password } = DEVICE
const signature = (other: string): string => `${other}${password.slice(other.length)}`

/** What a login may be refused for, by the fields that change. */
const REFUSED: readonly [string, { clientId?: string; userName?: string; password?: string }, string][] = [
  ['a wrong signature', { password: signature('00') }, 'signature-mismatch'],
  ['no password', { password: '' }, 'password-missing'],
  [
    'an unknown device',
    { userName: 'nobody1&al123456789', clientId: clientId.replace('device1', 'nobody1') },
    'device-unknown',
  ],
  [
    'a disabled device with a wrong signature',
    { userName: 'disabled1&al123456789', clientId: clientId.replace('device1', 'disabled1') },
    'signature-mismatch',
  ],
  ['another device’s clientId', { userName: 'device2&al123456789' }, 'client-id-not-own'],
  ['a registration', { clientId: REGISTRATION_CLIENT_ID }, 'registration-not-here'],
  ['no clientId', { clientId: '' }, 'user-name-malformed'],
]

describe('EMQX', () => {
  const allow = { result: 'allow', is_superuser: false }
  const deny = { result: 'deny', is_superuser: false }
  const login = (change: Record<string, unknown> = {}) =>
    http.ask('emqx', {
      body: { clientid: clientId, username: userName, password, peerhost: '198.51.100.9', ...change },
    })
  const access = (action: string, topic: string, username: string = userName) =>
    http.ask('emqx', { body: { clientid: clientId, username, peerhost: '198.51.100.9', topic, action } })

  test('lets a device in with its DeviceSecret, and a unit with its DeviceToken', async () => {
    const reply = await login()
    expect([reply.status, reply.body]).toEqual([200, allow])
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
    expect((await http.registry.device('al123456789', 'device1'))?.secretActivatedAt).not.toBeNull()
    const { unit } = http
    expect((await login({ clientid: unit.clientId, username: unit.userName, password: unit.password })).body).toEqual(
      allow,
    )
  })

  test.each(REFUSED.slice(0, 6))('refuses %s, and the journal says why', async (_, change, reason) => {
    const { clientId: clientid = clientId, userName: username = userName, password: given = password } = change
    const reply = await login({ clientid, username, password: given })
    expect([reply.status, reply.body]).toEqual([200, deny])
    expect(await http.journaled()).toMatchObject({ reason, address: '198.51.100.9', detail: { broker: 'emqx' } })
    expect(JSON.stringify(await http.journaled())).not.toContain(password.slice(2))
  })

  test.each([
    ['publish', OWN, allow],
    ['publish', OTHERS, deny],
    ['publish', '/al123456789/device1/#', deny],
    ['subscribe', '/al123456789/device1/#', allow],
    ['subscribe', '/broadcast/al123456789/news', allow],
    ['subscribe', '$share/g/sys/al123456789/device1/#', deny],
    ['subscribe', '/al123456789/+/user/get', deny],
    ['subscribe', '#', deny],
  ])('%s %s: %j', async (action, topic, answer) => {
    const reply = await access(action, topic)
    expect([reply.status, reply.body]).toEqual([200, answer])
    if (answer === allow) return
    const reason = `topic-not-allowed-${action}`
    expect(await http.journaled()).toMatchObject({ reason, deviceName: 'device1', detail: { topic, broker: 'emqx' } })
  })

  test('lets an application have the topics of its products, and nobody else any', async () => {
    const { id } = http.application
    expect((await access('subscribe', '/al123456789/+/user/#', id)).body).toEqual(allow)
    expect((await access('subscribe', '/other/+/user/#', id)).body).toEqual(deny)
    expect((await access('publish', `${OWN}/${'x'.repeat(5000)}`, id)).body).toEqual(deny)
    expect((await access('publish', OWN, 'undefined')).body).toEqual(deny)
    expect((await access('publish', OWN, '')).body).toEqual(deny)
    expect((await access('publish', OWN, 'device1&al123456789&x')).body).toEqual(deny)
  })

  test.each([
    ['a number as password', { clientid: clientId, username: userName, password: 5 }, 'password'],
    ['an unknown action', { username: userName, action: 'own', topic: OWN }, 'action'],
    ['an access without topic', { username: userName, action: 'publish' }, 'topic'],
    ['a topic without action', { username: userName, topic: OWN }, 'action'],
  ])('says no to %s, and names the field', async (_, body, field) => {
    const reply = await http.ask('emqx', { body })
    expect([reply.status, reply.body]).toEqual([200, { ...deny, message: expect.stringContaining(field) }])
    expect(await http.journaled()).toMatchObject({ reason: 'field-invalid', detail: { field, broker: 'emqx' } })
  })

  test('a template that forgot the client id is told from a client that has none', async () => {
    await http.ask('emqx', { body: { username: userName, password } })
    const problem = expect.stringContaining('the broker sent none')
    expect(await http.journaled()).toMatchObject({ reason: 'client-id-missing', detail: { problem } })
  })
})

describe('RabbitMQ', () => {
  const vhost = '/'
  const base = { username: userName, vhost, tags: '', client_id: clientId }
  const ask = async (part: string, fields: Record<string, string>, query = '') => {
    const { status, text, headers } = await http.askByForm(`rabbitmq/${part}${query}`, fields)
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8'])
    return text
  }
  const user = (change: Record<string, string> = {}) =>
    ask('user', { username: userName, password, vhost, client_id: clientId, ...change })

  test('lets a device in with its DeviceSecret, and a unit with its DeviceToken', async () => {
    expect(await user()).toBe('allow')
    const { unit } = http
    expect(await user({ username: unit.userName, password: unit.password, client_id: unit.clientId })).toBe('allow')
  })

  test.each(REFUSED.slice(0, 6))('refuses %s, and the journal says why', async (_, change, reason) => {
    const { clientId: client_id = clientId, userName: username = userName, password: given = password } = change
    expect(await user({ client_id, username, password: given })).toBe('deny')
    expect(await http.journaled()).toMatchObject({ reason, detail: { broker: 'rabbitmq' } })
  })

  test('refuses whoever has no client id, as AMQP clients and users of the management page', async () => {
    expect(await ask('user', { username: userName, password, vhost })).toBe('deny')
    expect(await http.journaled()).toMatchObject({ reason: 'client-id-missing' })
  })

  test('refuses a DeviceName with a dot, which RabbitMQ takes for a slash', async () => {
    expect(await user({ username: 'de.vice1&al123456789' })).toBe('deny')
    expect(await http.journaled()).toMatchObject({ reason: 'device-name-malformed', detail: { field: 'username' } })
  })

  test('lets clients into one virtual host', async () => {
    expect(await ask('vhost', { ...base, ip: '198.51.100.9' })).toBe('allow')
    expect(await ask('vhost', { ...base, vhost: 'other' })).toBe('deny')
    expect(await ask('vhost', { ...base, vhost: 'iot' }, '?vhost=iot')).toBe('allow')
    expect(await ask('vhost', base, '?vhost=iot')).toBe('deny')
  })

  const queue = `mqtt-subscription-${clientId}qos1`
  test.each([
    ['queue', queue, 'configure', 'allow'],
    ['queue', queue, 'read', 'allow'],
    ['queue', queue, 'write', 'allow'],
    ['queue', `mqtt-will-${clientId}`, 'configure', 'allow'],
    ['queue', queue.replace('device1', 'device2'), 'read', 'deny'],
    ['queue', 'mqtt-subscription-device1qos1', 'read', 'deny'],
    ['queue', 'orders', 'read', 'deny'],
    ['queue', `x${queue}`, 'read', 'deny'],
    ['exchange', 'amq.topic', 'read', 'allow'],
    ['exchange', 'amq.topic', 'write', 'allow'],
    ['exchange', 'amq.topic', 'configure', 'deny'],
    ['exchange', 'amq.fanout', 'write', 'deny'],
    ['topic', 'amq.topic', 'write', 'deny'],
  ])('%s %s, %s: %s', async (resource, name, permission, answer) => {
    expect(await ask('resource', { ...base, resource, name, permission })).toBe(answer)
  })

  test.each([
    ['write', '.al123456789.device1.user.update', 'allow'],
    ['write', '.al123456789.device2.user.update', 'deny'],
    ['write', '.al123456789.device1.user.*', 'allow'],
    ['read', '.al123456789.device1.#', 'allow'],
    ['read', '.al123456789.*.user.get', 'deny'],
    ['read', '.sys.al123456789.device1.thing.*.post_reply', 'allow'],
    ['read', '#', 'deny'],
    ['read', '.al123456789.device1.#.x', 'deny'],
  ])('%s %s: %s', async (permission, routing_key, answer) => {
    const topic = { ...base, resource: 'topic', name: 'amq.topic', permission, routing_key }
    expect(await ask('topic', { ...topic, 'variable_map.client_id': clientId })).toBe(answer)
  })

  test('topics of another exchange or virtual host are nobody’s', async () => {
    const topic = { ...base, resource: 'topic', permission: 'read', routing_key: '.al123456789.device1.user.get' }
    expect(await ask('topic', { ...topic, name: 'amq.topic' })).toBe('allow')
    expect(await ask('topic', { ...topic, name: 'other' })).toBe('deny')
    expect(await ask('topic', { ...topic, name: 'other' }, '?exchange=other')).toBe('allow')
    expect(await ask('topic', { ...topic, name: 'amq.topic', vhost: 'other' })).toBe('deny')
    expect(await ask('resource', { ...base, vhost: 'other', resource: 'queue', name: queue, permission: 'read' })).toBe(
      'deny',
    )
  })

  test.each([
    ['vhost', { username: userName }, 'vhost'],
    ['topic', { ...base, resource: 'topic', name: 'amq.topic', permission: 'read' }, 'routing_key'],
    ['resource', { ...base, resource: 'queue', name: queue, permission: 'all' }, 'permission'],
  ])(
    'a request for %s without what it needs is refused, and the journal names the field',
    async (part, fields, field) => {
      expect(await ask(part, fields)).toBe('deny')
      expect(await http.journaled()).toMatchObject({ reason: 'field-invalid', detail: { field, broker: 'rabbitmq' } })
    },
  )

  test('is not answered by GET, which would put the password into the address', async () => {
    const { status, headers } = await http.ask(`rabbitmq/user?username=x&password=y`, { method: 'GET' })
    expect([status, headers['allow']]).toEqual([405, 'POST'])
  })
})

describe('mosquitto-go-auth', () => {
  const yes = { ok: true, error: '' }
  const login = (change: Record<string, unknown> = {}) =>
    http.ask('mosquitto-go-auth/user', { body: { username: userName, password, clientid: clientId, ...change } })
  const acl = (acc: number, topic: string) =>
    http.ask('mosquitto-go-auth/acl', { body: { username: userName, clientid: clientId, topic, acc } })

  test('lets a device in, by JSON and by form', async () => {
    const reply = await login()
    expect([reply.status, reply.body]).toEqual([200, yes])
    const form = await http.askByForm('mosquitto-go-auth/user', { username: userName, password, clientid: clientId })
    expect([form.status, form.text]).toEqual([200, 'ok'])
  })

  test.each(REFUSED.slice(0, 6))('refuses %s with status 403 and the reason', async (_, change, reason) => {
    const { clientId: clientid = clientId, userName: username = userName, password: given = password } = change
    const reply = await login({ clientid, username, password: given })
    expect([reply.status, reply.body]).toEqual([403, { ok: false, error: reason }])
    const form = await http.askByForm('mosquitto-go-auth/user', { username, password: given, clientid })
    expect([form.status, form.text]).toEqual([403, reason])
  })

  test('makes nobody a superuser', async () => {
    expect((await http.ask('mosquitto-go-auth/superuser', { body: { username: userName } })).status).toBe(403)
  })

  test.each([
    [2, OWN, 200],
    [2, OTHERS, 403],
    [4, '/al123456789/device1/#', 200],
    [4, '/al123456789/#', 403],
    [1, '/broadcast/al123456789/news', 200],
    [1, OTHERS, 403],
    [3, OWN, 422],
    [5, OWN, 422],
  ])('acc %d on %s: %d', async (acc, topic, status) => {
    expect((await acl(acc, topic)).status).toBe(status)
    const fields = { username: userName, clientid: clientId, topic, acc: String(acc) }
    expect((await http.askByForm('mosquitto-go-auth/acl', fields)).status).toBe(status)
  })
})

describe('VerneMQ', () => {
  const no = { result: { error: 'not_allowed' } }
  const client = { client_id: clientId, username: userName, mountpoint: '' }
  const ask = (hook: string, body: object) => http.ask('verneMQ', { headers: { 'vernemq-hook': hook }, body })
  const register = (hook: string, change: Record<string, unknown> = {}) =>
    ask(hook, { peer_addr: '198.51.100.9', peer_port: 8888, ...client, password, clean_session: false, ...change })

  test.each(['auth_on_register', 'auth_on_register_m5'])('%s lets a device in', async hook => {
    const reply = await register(hook)
    expect([reply.status, reply.body]).toEqual([200, { result: 'ok' }])
  })

  test.each(REFUSED.slice(0, 6))('refuses %s, and the journal says why', async (_, change, reason) => {
    const { clientId: client_id = clientId, userName: username = userName, password: given = password } = change
    const reply = await register('auth_on_register', { client_id, username, password: given })
    expect([reply.status, reply.body]).toEqual([200, no])
    expect(await http.journaled()).toMatchObject({ reason, address: '198.51.100.9', detail: { broker: 'vernemq' } })
  })

  test.each(['auth_on_publish', 'auth_on_publish_m5'])('%s allows the device’s own topics only', async hook => {
    const publish = { ...client, qos: 1, topic: OWN, payload: 'aGVsbG8=', retain: false }
    expect((await ask(hook, publish)).body).toEqual({ result: 'ok' })
    expect((await ask(hook, { ...publish, topic: OTHERS })).body).toEqual(no)
    expect((await ask(hook, { ...publish, username: null })).body).toEqual(no)
  })

  test('takes a publish with the largest payload that a device may send', async () => {
    const payload = Buffer.alloc(262_144).toString('base64')
    expect((await ask('auth_on_publish', { ...client, qos: 0, topic: OWN, payload })).body).toEqual({ result: 'ok' })
  })

  test('auth_on_subscribe refuses single topics and leaves the rest as they are', async () => {
    const topics = [
      { topic: '/al123456789/device1/user/get', qos: 1 },
      { topic: OTHERS, qos: 2 },
    ]
    expect((await ask('auth_on_subscribe', { ...client, topics: topics.slice(0, 1) })).body).toEqual({ result: 'ok' })
    const expected = [topics[0], { topic: OTHERS, qos: 128 }]
    expect((await ask('auth_on_subscribe', { ...client, topics })).body).toEqual({ result: 'ok', topics: expected })
  })

  test('auth_on_subscribe_m5 does so among its modifiers, with the code of MQTT 5', async () => {
    const own = {
      topic: '/al123456789/device1/user/get',
      qos: 1,
      no_local: true,
      rap: false,
      retain_handling: 'dont_send',
    }
    const topics = [own, { ...own, topic: OTHERS }]
    const modifiers = { topics: [own, { topic: OTHERS, qos: 135 }] }
    expect((await ask('auth_on_subscribe_m5', { ...client, topics })).body).toEqual({ result: 'ok', modifiers })
  })

  test.each([
    ['another hook', 'on_register', {}, 'vernemq-hook'],
    ['no topics', 'auth_on_subscribe', { topics: [] }, 'topics'],
    ['topics that are texts', 'auth_on_subscribe', { topics: ['x'] }, 'topics'],
    [
      'too many topics',
      'auth_on_subscribe',
      { topics: Array.from({ length: 1001 }, () => ({ topic: 'x' })) },
      'topics',
    ],
  ])('says no to %s, and names the field', async (_, hook, change, field) => {
    const reply = await ask(hook, { ...client, ...change })
    expect([reply.status, reply.body]).toEqual([200, { ...no, message: expect.stringContaining(field) }])
    expect(await http.journaled()).toMatchObject({ reason: 'field-invalid', detail: { field } })
  })
})
