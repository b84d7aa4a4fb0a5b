import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMemoryRegistry, type MemoryRegistry } from '../onboarding/memory-registry.suite.ts'
import { rules } from '../onboarding/rules.ts'
import type { RegistryChange } from '../registry/registry.ts'
import { application, createFakeBroker, device, type FakeBroker } from './fake-broker.suite.ts'
import { createPlatform, type Platform } from './platform.ts'

const names = { productKey: 'pk1', deviceName: 'dev1' }
const issued = (clientId: string) => ({ clientId, tokenHash: 'hash', createdAt: 1, usedAt: 2, forbiddenAt: null })

let broker: FakeBroker
let registry: MemoryRegistry
let platform: Platform
let errors: unknown[]
let now: number

beforeEach(() => {
  broker = createFakeBroker()
  registry = createMemoryRegistry(rules)
  registry.addProduct({ productKey: 'pk1' })
  registry.addDevice({ ...names, deviceSecret: 'secret', secretActivatedAt: 2, clientIds: [issued('a'), issued('b')] })
  registry.addKey({ id: 'hk1', secretHash: 'hash' })
  errors = []
  now = 5000
  platform = createPlatform({ broker, registry, clock: () => now++, onError: error => errors.push(error) })
})

afterEach(async () => {
  await platform.close()
})

const ask = (topic: string, request: string, from = device(), qos: 0 | 1 | 2 = 0) =>
  broker.receive({ topic, payload: Buffer.from(request), from, qos })
const answers = () => broker.published.map(({ topic, payload }) => ({ topic, payload: JSON.parse(payload) }))
/** All that promises had to do is done once a turn of the event loop is over. */
const turn = () => new Promise(resolve => setImmediate(resolve))

describe('clock', () => {
  const topic = '/ext/ntp/pk1/dev1/request'
  const response = '/ext/ntp/pk1/dev1/response'

  test('a request gets the times of its receipt and of the answer, as strings if it came so', () => {
    ask(topic, '{"deviceSendTime":"100"}')
    expect(answers()).toEqual([
      { topic: response, payload: { deviceSendTime: '100', serverRecvTime: '5000', serverSendTime: '5001' } },
    ])
  })

  test('and as numbers if it came as a number', () => {
    ask(topic, '{"deviceSendTime":100}')
    expect(answers()).toEqual([
      { topic: response, payload: { deviceSendTime: 100, serverRecvTime: 5000, serverSendTime: 5001 } },
    ])
  })

  test.each(['', 'x', '[]', 'null', '{}', '{"deviceSendTime":true}', '{"deviceSendTime"'])(
    '%j gets no answer',
    request => {
      ask(topic, request)
      expect(broker.published).toEqual([])
    },
  )
})

describe('property post', () => {
  test('and that of any event are answered with their own id and code 200', () => {
    ask('/sys/pk1/dev1/thing/event/lowPower/post', '{"id":8,"params":{}}')
    expect(answers()).toEqual([
      {
        topic: '/sys/pk1/dev1/thing/event/lowPower/post_reply',
        payload: {
          code: 200,
          data: {},
          id: 8,
          message: 'success',
          method: 'thing.event.lowPower.post',
          version: '1.0',
        },
      },
    ])
    broker.published.length = 0
    ask('/sys/pk1/dev1/thing/event/property/post', '{"id":"7","version":"1.0","params":{"t":1},"method":"x"}')
    expect(answers()).toEqual([
      {
        topic: '/sys/pk1/dev1/thing/event/property/post_reply',
        payload: {
          code: 200,
          data: {},
          id: '7',
          message: 'success',
          method: 'thing.event.property.post',
          version: '1.0',
        },
      },
    ])
  })
})

describe('answers', () => {
  const topics = [
    '/ext/ntp/pk1/dev1/request',
    '/sys/pk1/dev1/thing/event/property/post',
    '/sys/pk1/dev1/thing/event/e1/post',
  ]
  const request = '{"deviceSendTime":1,"id":"1"}'

  test.each(topics)('%s: only the device itself is answered', topic => {
    ask(topic, request, device('dev2'))
    broker.receive({ topic, payload: Buffer.from(request), from: application() })
    expect(broker.published).toEqual([])
  })

  test.each(topics)('%s: a question of QoS 0 is answered with QoS 0, others with QoS 1, never retained', topic => {
    for (const qos of [0, 1, 2] as const) ask(topic, request, device(), qos)
    expect(broker.published.map(({ qos, retain }) => [qos, retain])).toEqual([
      [0, false],
      [1, false],
      [1, false],
    ])
  })

  test('a broker that can’t publish is reported once a second, not once a message', async () => {
    broker.failPublishing(new Error('closing'))
    for (let count = 0; count < 5; count += 1) ask('/ext/ntp/pk1/dev1/request', request)
    await turn()
    expect(errors).toHaveLength(1)
    now += 1000
    ask('/ext/ntp/pk1/dev1/request', request)
    await turn()
    expect(errors).toHaveLength(2)
  })
})

describe('status', () => {
  test('coming and going is published with local and UTC times and the address', () => {
    broker.tellPresence({ identity: device(), online: true })
    broker.tellPresence({ identity: device(), online: false, reason: 'connection-lost' })
    const told = (status: string) => ({
      topic: '/as/mqtt/status/pk1/dev1',
      payload: {
        status,
        ...names,
        time: '2018-08-31 15:32:28.205',
        utcTime: '2018-08-31T07:32:28.205Z',
        lastTime: '2018-08-31 15:32:28.205',
        utcLastTime: '2018-08-31T07:32:28.205Z',
        clientIp: '10.0.0.7',
      },
    })
    expect(answers()).toEqual([told('online'), told('offline')])
  })

  test('a connection that was taken over is not called off line, neither outside nor in the registry', async () => {
    broker.tellPresence({ identity: device(), online: false, takenOver: true, reason: 'session-taken-over' })
    broker.tellPresence({ identity: device(), online: true, at: 9 })
    await turn()
    expect(answers().map(({ payload }) => payload.status)).toEqual(['online'])
    expect(registry.presence).toMatchObject([{ ...names, online: true, at: 9, address: '10.0.0.7' }])
  })

  test('applications have no status', async () => {
    broker.tellPresence({ identity: application(), online: true })
    await turn()
    expect(broker.published).toEqual([])
    expect(registry.presence).toEqual([])
  })

  test('the registry is told of all who came and went in a turn at once', async () => {
    broker.tellPresence({ identity: device('dev1'), online: true, at: 1 })
    broker.tellPresence({ identity: device('dev2'), online: true, at: 2 })
    broker.tellPresence({ identity: device('dev1'), online: false, at: 3 })
    expect(registry.presence).toEqual([])
    await turn()
    expect(registry.presence.map(({ deviceName, online }) => [deviceName, online])).toEqual([
      ['dev1', true],
      ['dev2', true],
      ['dev1', false],
    ])
  })

  test('closing writes what has not been written', async () => {
    broker.tellPresence({ identity: device(), online: false })
    await platform.close()
    expect(registry.presence).toHaveLength(1)
  })
})

describe('lifecycle', () => {
  const table = [
    ['device-created', 'create'],
    ['device-deleted', 'delete'],
    ['device-enabled', 'enable'],
    ['device-disabled', 'disable'],
  ] as const
  test.each(table)('%s is told as %s', (kind, action) => {
    registry.announce({ kind, ...names, at: 77 })
    expect(answers()).toEqual([
      { topic: '/pk1/dev1/thing/lifecycle', payload: { action, ...names, messageCreateTime: 77 } },
    ])
  })

  test('what another gateway has changed is told there', () => {
    for (const [kind] of table) registry.announce({ kind, ...names, at: 77, elsewhere: true })
    expect(broker.published).toEqual([])
  })

  test('other changes are not told', () => {
    registry.announce({ kind: 'credentials-revoked', ...names, clientIds: 'all', at: 1 })
    registry.announce({ kind: 'product-changed', productKey: 'pk1', at: 1 })
    registry.announce({ kind: 'product-deleted', productKey: 'pk1', at: 1 })
    registry.announce({ kind: 'key-revoked', keyId: 'hk1', at: 1 })
    expect(broker.published).toEqual([])
  })
})

describe('cutting connections', () => {
  const revoked = (
    clientIds: Extract<RegistryChange, { kind: 'credentials-revoked' }>['clientIds'],
  ): RegistryChange => ({
    kind: 'credentials-revoked',
    ...names,
    clientIds,
    at: 1,
  })
  const bySecret = device('dev1', null)
  const byToken = device('dev1', 'a')
  const other = device('dev2', 'a')
  const cutDev1 = (reason: string) => [{ sessionId: 'pk1/dev1', reason }]
  const table: [rule: string, live: ReturnType<typeof device>, change: RegistryChange, cut: unknown[]][] = [
    ['a deleted device is cut', bySecret, { kind: 'device-deleted', ...names, at: 1 }, cutDev1('device-deleted')],
    ['a disabled device is cut', byToken, { kind: 'device-disabled', ...names, at: 1 }, cutDev1('device-disabled-now')],
    ['an enabled device is left', bySecret, { kind: 'device-enabled', ...names, at: 1 }, []],
    ['a created device is left', bySecret, { kind: 'device-created', ...names, at: 1 }, []],
    [
      'a replaced secret cuts who logged in with a secret',
      bySecret,
      revoked('secret'),
      cutDev1('credential-revoked-now'),
    ],
    ['a replaced secret leaves who logged in with a token', byToken, revoked('secret'), []],
    ['a dropped ClientID cuts its unit', byToken, revoked(['x', 'a']), cutDev1('credential-revoked-now')],
    ['a dropped ClientID leaves other units', byToken, revoked(['x']), []],
    ['a dropped ClientID leaves who logged in with a secret', bySecret, revoked(['a']), []],
    ['dropping all ClientIDs cuts any unit', byToken, revoked('all'), cutDev1('credential-revoked-now')],
    ['dropping all ClientIDs leaves who logged in with a secret', bySecret, revoked('all'), []],
    [
      'a deleted product cuts its devices',
      byToken,
      { kind: 'product-deleted', productKey: 'pk1', at: 1 },
      cutDev1('device-deleted'),
    ],
    ['another product’s deletion leaves them', byToken, { kind: 'product-deleted', productKey: 'pk2', at: 1 }, []],
    ['a changed product leaves its devices', byToken, { kind: 'product-changed', productKey: 'pk1', at: 1 }, []],
    [
      'another device’s deletion leaves it',
      byToken,
      { kind: 'device-deleted', ...names, deviceName: 'dev3', at: 1 },
      [],
    ],
  ]
  test.each(table)('%s', (_rule, live, change, cut) => {
    broker.connect(live)
    broker.connect(application())
    registry.announce(change)
    expect(broker.cut).toEqual(cut)
  })

  test.each<[rule: string, change: RegistryChange, forgotten: string[]]>([
    ['a deleted device', { kind: 'device-deleted', ...names, at: 1 }, ['pk1/dev1']],
    ['a deleted product', { kind: 'product-deleted', productKey: 'pk1', at: 1 }, ['pk1/dev1']],
    ['a revoked key', { kind: 'key-revoked', keyId: 'hk1', at: 1 }, ['@hk1/dashboard']],
    ['a disabled device', { kind: 'device-disabled', ...names, at: 1 }, []],
    ['a device with a new secret', revoked('secret'), []],
  ])('the session goes with what is gone for good, and only then: %s', (_what, change, forgotten) => {
    broker.connect(bySecret)
    broker.connect(application())
    registry.announce(change)
    expect(broker.forgotten).toEqual(forgotten)
  })

  test('a created device finds no session of an earlier one', () => {
    registry.announce({ kind: 'device-created', ...names, at: 1 })
    expect(broker.forgotten).toEqual(['pk1/dev1'])
  })

  test('one device’s change leaves the others', () => {
    for (const change of [revoked('all'), { kind: 'device-disabled', ...names, at: 1 } as const]) {
      broker.connect(other)
      registry.announce(change)
      expect(broker.connected(other.sessionId)).toBe(other)
    }
  })

  test('a revoked key cuts every connection of that key and no other', () => {
    broker.connect(application('hk1'))
    broker.connect(application('hk2'))
    broker.connect(bySecret)
    registry.announce({ kind: 'key-revoked', keyId: 'hk1', at: 1 })
    expect(broker.cut).toEqual([{ sessionId: '@hk1/dashboard', reason: 'credential-revoked-now' }])
  })

  const late: [rule: string, who: Parameters<FakeBroker['connect']>[0], before: () => void, reason: string | null][] = [
    ['a device that is in order stays', byToken, () => {}, null],
    ['a device with its secret stays', bySecret, () => {}, null],
    ['an application stays', application(), () => {}, null],
    [
      'DeviceSecret replaced',
      bySecret,
      () => registry.addDevice({ ...names, deviceSecret: 'newer' }),
      'credential-revoked-now',
    ],
    ['deleted', bySecret, () => registry.removeDevice('pk1', 'dev1'), 'device-deleted'],
    ['disabled', byToken, () => registry.change('pk1', 'dev1', { kind: 'disable' }), 'device-disabled-now'],
    [
      'ClientID dropped',
      byToken,
      () => registry.change('pk1', 'dev1', { kind: 'drop-all-client-ids' }),
      'credential-revoked-now',
    ],
    [
      'ClientID forbidden',
      byToken,
      () => registry.change('pk1', 'dev1', { kind: 'keep-client-id', clientId: 'b', now: 3 }),
      'credential-revoked-now',
    ],
    [
      'key revoked',
      application(),
      () => registry.addKey({ id: 'hk1', secretHash: 'hash', revokedAt: 3 }),
      'credential-revoked-now',
    ],
  ]
  test.each(late)(
    'who comes on line just after the change is looked at once more: %s',
    async (_rule, who, before, reason) => {
      before()
      broker.connect(who)
      broker.tellPresence({ identity: who, online: true })
      await turn()
      expect(broker.cut).toEqual(reason === null ? [] : [{ sessionId: who.sessionId, reason }])
    },
  )

  test('and a newer connection by another credential is left', async () => {
    registry.change('pk1', 'dev1', { kind: 'drop-client-id', clientId: 'a' })
    broker.connect(device('dev1', 'b'))
    broker.tellPresence({ identity: byToken, online: true })
    await turn()
    expect(broker.cut).toEqual([])
  })

  test('a store that can’t be asked leaves the connection, and the error is told', async () => {
    registry.fail(new Error('down'))
    broker.connect(application())
    broker.tellPresence({ identity: application(), online: true })
    await turn()
    expect(broker.cut).toEqual([])
    expect(errors).toHaveLength(1)
  })
})

describe('incidents', () => {
  const incident = {
    address: '10.0.0.7',
    transport: 'wss',
    reason: 'topic-not-allowed-publish',
    closed: false,
    protocolLevel: 5,
  } as const

  test('a dropped publish is journaled with its topic', () => {
    broker.tellIncident({ ...incident, identity: device('dev1', 'a'), topic: '/other' })
    expect(registry.entries).toEqual([
      {
        time: 5000,
        outcome: 'dropped',
        reason: 'topic-not-allowed-publish',
        ...names,
        mode: 'token',
        address: '10.0.0.7',
        transport: 'wss',
        tlsVersion: null,
        tlsCipher: null,
        mqttVersion: '5.0',
        connackCode: null,
        detail: { clientId: 'a', topic: '/other' },
      },
    ])
  })

  test('a connection that was closed over it is journaled as closed, with its problem', () => {
    broker.tellIncident({ ...incident, identity: device(), closed: true, protocolLevel: 3, problem: 'p'.repeat(999) })
    expect(registry.entries[0]).toMatchObject({
      outcome: 'closed',
      mode: 'secret',
      mqttVersion: '3.1',
      detail: { problem: 'p'.repeat(256) },
    })
  })

  test('an application is journaled by its session', () => {
    broker.tellIncident({ ...incident, identity: application(), protocolLevel: 4 })
    expect(registry.entries[0]).toMatchObject({
      productKey: null,
      deviceName: null,
      mode: 'application',
      mqttVersion: '3.1.1',
      detail: { clientId: '@hk1/dashboard' },
    })
  })
})

test('closing leaves no listener behind', async () => {
  expect(broker.listeners()).toBeGreaterThan(0)
  await platform.close()
  expect(broker.listeners()).toBe(0)
  registry.announce({ kind: 'device-created', ...names, at: 1 })
  expect(broker.published).toEqual([])
})
