import { MAX_PUSH_BYTES, registrationConnect, secretLoginConnect, sign, tokenLoginConnect } from '@hatchway/protocol'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProtocolLevel } from '../packages/server/src/mqtt/index.ts'
import { registerDevice } from './harness/devices.ts'
import { eventually, Hatchway, type Product } from './harness/hatchway.ts'
import { MqttConnection, type Transport } from './harness/mqtt-connection.ts'

let hatchway: Hatchway
let product: Product
beforeAll(async () => {
  hatchway = await Hatchway.start()
  product = await hatchway.createProduct()
})
afterAll(() => hatchway.close())

const TRANSPORTS: readonly Transport[] = ['tls', 'tcp', 'ws', 'wss']
const LEVELS: readonly ProtocolLevel[] = [3, 4, 5]
const bytes = (fields: { clientId: string; userName: string; password: string }) => ({
  ...fields,
  password: Buffer.from(fields.password),
})

async function open(transport: Transport, level: ProtocolLevel = 4): Promise<MqttConnection> {
  return MqttConnection.open(hatchway.endpoint, transport, { level })
}

async function loggedIn(
  deviceName: string,
  deviceSecret: string,
  options: { transport?: Transport; level?: ProtocolLevel; serverSubscribe?: boolean } = {},
) {
  const { transport = 'tcp', level = 4, serverSubscribe = false } = options
  const connection = await open(transport, level)
  const fields = secretLoginConnect({ productKey: product.productKey, deviceName, deviceSecret, serverSubscribe })
  expect((await connection.connect(bytes(fields))).reasonCode).toBe(0)
  return connection
}

async function newDevice(deviceName: string): Promise<string> {
  const deviceSecret = 'e'.repeat(32)
  await hatchway.createDevice(product.productKey, deviceName, deviceSecret)
  return deviceSecret
}

async function application(settings: Record<string, unknown> = {}) {
  const key = (await hatchway.api('POST', '/keys', { name: 'app', role: 'application', ...settings })).body
  return connectAsync(`mqtts://localhost:${hatchway.endpoint.port}`, {
    ...{
      ca: hatchway.endpoint.ca,
      username: key.id,
      password: key.secret,
      clientId: `app-${key.id}`,
      reconnectPeriod: 0,
    },
  })
}

describe.each(['register', 'regnwl'] as const)('a device registers by %s', mode => {
  it.each(['tls', 'wss'] as const)(
    'over %s in MQTT 3.1, 3.1.1 and 5.0, and logs in over every transport',
    async transport => {
      for (const level of LEVELS) {
        const deviceName = `${mode}-${transport}-${level}`
        if (mode === 'register') await hatchway.createDevice(product.productKey, deviceName)
        const {
          deviceSecret = '',
          clientId = '',
          deviceToken = '',
        } = await registerDevice(hatchway.endpoint, { ...product, mode, deviceName, transport, level })
        expect((await hatchway.device(product.productKey, deviceName)).status).toBe('UNACTIVE')
        for (const loginTransport of TRANSPORTS) {
          const { productKey } = product
          const fields =
            mode === 'register'
              ? secretLoginConnect({ productKey, deviceName, deviceSecret })
              : tokenLoginConnect({ productKey, deviceName, clientId, deviceToken })
          const connection = await open(loginTransport, level)
          expect((await connection.connect(bytes(fields))).reasonCode).toBe(0)
          await eventually(async () => (await hatchway.device(productKey, deviceName)).status === 'ONLINE')
          connection.send({ type: 'disconnect', reasonCode: 0 })
          await connection.closed
        }
        await eventually(async () => (await hatchway.device(product.productKey, deviceName)).status === 'OFFLINE')
        expect(await hatchway.journalEntry({ deviceName })).toMatchObject({
          outcome: 'registered',
          reason: 'registered',
          mode,
          connackCode: 0,
        })
      }
    },
  )

  it('gets CONNACK and push in one write, is answered when it subscribes or pings, and is closed when it publishes', async () => {
    const deviceName = `onewrite-${mode}`
    if (mode === 'register') await hatchway.createDevice(product.productKey, deviceName)
    const connection = await open('tls')
    await connection.connect(bytes(registrationConnect({ ...product, mode, deviceName, random: '123' })))
    const push = await connection.expect('publish')
    expect(connection.chunks).toHaveLength(1)
    expect(push).toMatchObject({ topic: `/ext/${mode}`, qos: 0, retain: false, dup: false })
    expect(push.payload.length).toBeLessThanOrEqual(MAX_PUSH_BYTES)
    expect(JSON.stringify(JSON.parse(push.payload.toString()))).toBe(push.payload.toString())
    connection.send({
      type: 'subscribe',
      packetId: 7,
      subscriptions: [{ filter: `/ext/${mode}`, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    })
    const suback = await connection.expect('suback')
    expect(suback.packetId).toBe(7)
    expect(suback.reasonCodes[0]).toBeLessThanOrEqual(1)
    expect(await connection.untilPingresp()).toEqual([])
    connection.send({ type: 'publish', topic: '/a/b', payload: Buffer.from('x'), qos: 0, retain: false, dup: false })
    await connection.closed
    expect(await hatchway.journalEntry({ reason: 'publish-on-registration', deviceName })).toBeDefined()
  })

  it('may log in before it hangs up, as MicroPython firmware does in the handler of the push', async () => {
    const deviceName = `before-${mode}`
    if (mode === 'register') await hatchway.createDevice(product.productKey, deviceName)
    const registration = await open('tls')
    await registration.connect(bytes(registrationConnect({ ...product, mode, deviceName, random: '48151' })))
    const issued = JSON.parse((await registration.expect('publish')).payload.toString())
    const login = await open('tcp')
    const fields = mode === 'register' ? secretLoginConnect(issued) : tokenLoginConnect(issued)
    expect((await login.connect(bytes(fields))).reasonCode).toBe(0)
    registration.send({ type: 'disconnect', reasonCode: 0 })
    await registration.closed
    expect(await login.untilPingresp()).toEqual([])
    login.destroy()
  })
})

describe('the clientIds of fielded devices', () => {
  const registrations = [
    [
      'dev1.pk1|random=2660082039,authType=regnwl,securemode=2,signmethod=hmacsha256|',
      '2660082039',
      'hmacsha256',
      true,
    ],
    [
      'dev1.pk1|random=77,authType=regnwl,securemode=2,signmethod=hmacsha256,instanceId=iot-060a0abc|',
      '77',
      'hmacsha256',
      true,
    ],
    ['pk1.dev1|authType=regnwl,random=D2249570,signmethod=hmacsha256,securemode=2|', 'D2249570', 'hmacsha256', true],
    [
      '1700000000000|securemode=2,authType=regnwl,random=1700000000000,signmethod=hmacsha1|',
      '1700000000000',
      'hmacsha1',
      false,
    ],
    ['dev1|securemode=-2,authType=regnwl,random=123,signmethod=hmacmd5,instanceId=iot-x|', '123', 'hmacmd5', true],
    ['dev1|SecureMode=2, AUTHTYPE = RegNwl ,random=123,signMethod=HmacMD5,lan=JS|Ali,_v=1,,|', '123', 'hmacmd5', false],
  ] as const
  it.each(registrations)('register: %s', async (clientId, random, method, upperCase) => {
    const deviceName = `fielded-${registrations.findIndex(row => row[0] === clientId)}`
    const signature = sign(
      method,
      product.productSecret,
      `deviceName${deviceName}productKey${product.productKey}random${random}`,
    )
    const connection = await open('tls')
    const password = Buffer.from(upperCase ? signature.toUpperCase() : signature)
    const { reasonCode } = await connection.connect({
      clientId,
      userName: `${deviceName}&${product.productKey}`,
      password,
      keepAliveSeconds: 0,
      cleanStart: false,
    })
    expect(reasonCode).toBe(0)
    await connection.expect('publish')
    connection.destroy()
  })

  const logins = [
    [
      'pk1.dev1',
      'timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,_conn=tls_2a',
      '2524608000000',
      'hmacsha256',
    ],
    [
      'pk1.dev1',
      'timestamp=2524608000000,_v=sdk-c-3.2.0,securemode=2,signmethod=hmacsha256,lan=C,_ss=1,gw=0,ext=0',
      '2524608000000',
      'hmacsha256',
    ],
    [
      'pk1&dev1',
      'securemode=3,signmethod=hmacsha1,timestamp=1795367831918,lan=NodeJS,_v=1.2.8',
      '1795367831918',
      'hmacsha1',
    ],
    ['pk1&dev1', 'securemode=3,signmethod=hmacsha1,timestamp=1,lan=JS|Ali,_v=1.2.8', '1', 'hmacsha1'],
    ['pk1.dev1', 'securemode=2,signmethod=hmacsha256,timestamp=1,ext=3,', '1', 'hmacsha256'],
    ['12345', 'securemode=3', null, 'hmacmd5'],
    ['dev1', 'securemode=3,signmethod=hmacsha256', null, 'hmacsha256'],
    ['dev1', 'securemode=3,signmethod=hmacsha256,timestamp=5231', '5231', 'hmacsha256'],
  ] as const
  it.each(logins)('log in: %s|%s|', async (id, block, timestamp, method) => {
    const deviceName = 'fielded-login'
    const secret = 'f'.repeat(32)
    await hatchway.api('POST', `/products/${product.productKey}/devices`, { deviceName, deviceSecret: secret })
    const text = `clientId${id}deviceName${deviceName}productKey${product.productKey}${timestamp === null ? '' : `timestamp${timestamp}`}`
    for (const transport of ['tls', 'tcp'] as const) {
      const connection = await open(transport)
      const { reasonCode } = await connection.connect({
        clientId: `${id}|${block}|`,
        userName: `${deviceName}&${product.productKey}`,
        password: Buffer.from(sign(method, secret, text)),
      })
      expect(reasonCode).toBe(0)
      connection.destroy()
    }
  })
})

describe('registering again', () => {
  it('gives an unactivated device a new secret each time, the last one counts, and activation ends it', async () => {
    const deviceName = 'again-register'
    await hatchway.createDevice(product.productKey, deviceName)
    const register = async () =>
      (await registerDevice(hatchway.endpoint, { ...product, mode: 'register', deviceName })).deviceSecret ?? ''
    const [first, second, third] = [await register(), await register(), await register()]
    expect(new Set([first, second, third]).size).toBe(3)
    for (const lost of [first, second]) {
      const connection = await open('tcp')
      const fields = secretLoginConnect({ productKey: product.productKey, deviceName, deviceSecret: lost })
      expect((await connection.connect(bytes(fields))).reasonCode).toBe(4)
    }
    const connection = await loggedIn(deviceName, third)
    await expect(register()).rejects.toThrow('code 4')
    expect(await hatchway.journalEntry({ deviceName, reason: 'already-activated' })).toMatchObject({
      mode: 'register',
      connackCode: 4,
    })
    await hatchway.api('POST', `/products/${product.productKey}/devices/${deviceName}/reset`)
    // Reset re-opens registration and leaves the present secret alone.
    expect(await connection.untilPingresp()).toEqual([])
    ;(await loggedIn(deviceName, third)).destroy()
    const fourth = await register()
    const old = await open('tcp')
    expect(
      (
        await old.connect(
          bytes(secretLoginConnect({ productKey: product.productKey, deviceName, deviceSecret: third })),
        )
      ).reasonCode,
    ).toBe(4)
    ;(await loggedIn(deviceName, fourth)).destroy()
  })

  it('replaces the oldest pending ClientID when all five slots are taken, and never a used one', async () => {
    const deviceName = 'again-regnwl'
    const { productKey } = product
    const register = async () => registerDevice(hatchway.endpoint, { ...product, mode: 'regnwl', deviceName })
    const logIn = async ({ clientId = '', deviceToken = '' }) => {
      const connection = await open('tcp')
      const { reasonCode } = await connection.connect(
        bytes(tokenLoginConnect({ productKey, deviceName, clientId, deviceToken })),
      )
      connection.destroy()
      return reasonCode
    }
    const used = await register()
    expect(await logIn(used)).toBe(0)
    const pending = []
    for (let count = 0; count < 12; count++) pending.push(await register())
    const { clientIds } = await hatchway.device(productKey, deviceName)
    expect(clientIds.map((slot: { clientId: string }) => slot.clientId).sort()).toEqual(
      [used, ...pending.slice(-4)].map(issued => issued.clientId).sort(),
    )
    for (const lost of pending.slice(0, -4)) expect(await logIn(lost)).toBe(4)
    for (const held of [used, ...pending.slice(-4)]) expect(await logIn(held)).toBe(0)
    await expect(register()).rejects.toThrow('code 4')
    await hatchway.api('DELETE', `/products/${productKey}/devices/${deviceName}/client-ids/${used.clientId}`)
    expect(await logIn(used)).toBe(4)
    await register()
  })

  it('at the same instant gives one device one last secret, and at most five slots', async () => {
    const deviceName = 'same-instant'
    await hatchway.createDevice(product.productKey, deviceName)
    const issued = await Promise.all(
      Array.from({ length: 20 }, () => registerDevice(hatchway.endpoint, { ...product, mode: 'register', deviceName })),
    )
    let good = 0
    for (const { deviceSecret = '' } of issued) {
      const connection = await open('tcp')
      const { reasonCode } = await connection.connect(
        bytes(secretLoginConnect({ productKey: product.productKey, deviceName, deviceSecret })),
      )
      if (reasonCode === 0) good += 1
      connection.destroy()
    }
    expect(good).toBe(1)
  })
})

describe('a connected device', () => {
  it('is taken over by its newest login, which is told nothing, while MQTT 5 tells the older why', async () => {
    const secret = await newDevice('takenover1')
    const older = await loggedIn('takenover1', secret, { level: 5 })
    const newer = await loggedIn('takenover1', secret)
    expect(await older.expect('disconnect')).toMatchObject({ reasonCode: 0x8e })
    await older.closed
    expect(await newer.untilPingresp()).toEqual([])
    await eventually(async () => (await hatchway.device(product.productKey, 'takenover1')).status === 'ONLINE')
    newer.destroy()
  })

  it('is answered: clock, property post, messages from the API, with _ss=1 and no SUBSCRIBE', async () => {
    const { productKey } = product
    const deviceName = 'answered1'
    const device = await loggedIn(deviceName, await newDevice(deviceName), { serverSubscribe: true })
    const publish = (topic: string, payload: string) =>
      device.send({ type: 'publish', topic, payload: Buffer.from(payload), qos: 0, retain: false, dup: false })
    const received = async () => {
      const { topic, payload, qos, packetId } = await device.expect('publish')
      if (qos === 1 && packetId !== undefined) device.send({ type: 'puback', packetId, reasonCode: 0 })
      return { topic, payload: JSON.parse(payload.toString()) }
    }
    publish(`/ext/ntp/${productKey}/${deviceName}/request`, '{"deviceSendTime":"100"}')
    const clock = await received()
    expect(clock.topic).toBe(`/ext/ntp/${productKey}/${deviceName}/response`)
    expect(clock.payload).toEqual({
      deviceSendTime: '100',
      serverRecvTime: expect.stringMatching(/^\d{13}$/),
      serverSendTime: expect.stringMatching(/^\d{13}$/),
    })
    publish(
      `/sys/${productKey}/${deviceName}/thing/event/property/post`,
      '{"id":"42","version":"1.0","params":{"t":1},"method":"thing.event.property.post"}',
    )
    expect(await received()).toEqual({
      topic: `/sys/${productKey}/${deviceName}/thing/event/property/post_reply`,
      payload: {
        code: 200,
        data: {},
        id: '42',
        message: 'success',
        method: 'thing.event.property.post',
        version: '1.0',
      },
    })
    const topic = `/${productKey}/${deviceName}/user/get`
    const sent = await hatchway.api('POST', `/products/${productKey}/devices/${deviceName}/messages`, {
      topic,
      payload: '{"on":true}',
      qos: 1,
    })
    expect(sent.status).toBeLessThan(300)
    expect(await received()).toEqual({ topic, payload: { on: true } })
    device.destroy()
  })

  it('may subscribe to its own topics only; the rest gets 0x80 and the connection stays', async () => {
    const { productKey } = product
    const deviceName = 'ownonly1'
    const device = await loggedIn(deviceName, await newDevice(deviceName))
    const own = [
      '/sys/{}/#',
      '/{}/user/+',
      '/ext/ntp/{}/response',
      '/ota/device/upgrade/{}',
      '/shadow/get/{}',
      '/ext/session/{}/x',
    ].map(filter => filter.replace('{}', `${productKey}/${deviceName}`))
    const others = [
      '#',
      '/sys/#',
      `/sys/${productKey}/+/x`,
      `/${productKey}/otherdevice/user/get`,
      '/ext/register',
      '/as/mqtt/status/#',
      '$SYS/#',
      `/+/${deviceName}/user/get`,
    ]
    const filters = [...own, ...others, `/broadcast/${productKey}/x`, `/ext/rrpc/+/${productKey}/${deviceName}/x`]
    const subscriptions = filters.map(filter => ({
      filter,
      qos: 1 as const,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0 as const,
    }))
    device.send({ type: 'subscribe', packetId: 1, subscriptions })
    const { reasonCodes } = await device.expect('suback')
    expect(filters.map((filter, index) => [filter, reasonCodes[index]])).toEqual(
      filters.map(filter => [filter, others.includes(filter) ? 0x80 : 1]),
    )
    device.send({
      type: 'publish',
      topic: `/${productKey}/otherdevice/user/update`,
      payload: Buffer.from('x'),
      qos: 1,
      packetId: 5,
      retain: false,
      dup: false,
    })
    expect(await device.expect('puback')).toMatchObject({ packetId: 5 })
    expect(await hatchway.journalEntry({ deviceName, reason: 'topic-not-allowed-publish' })).toBeDefined()
    expect(await device.untilPingresp()).toEqual([])
    device.destroy()
  })

  it.each(['disable', 'delete'])('is cut off at once when an operator says %s', async act => {
    const deviceName = `cutoff-${act}`
    const secret = await newDevice(deviceName)
    const device = await loggedIn(deviceName, secret, { level: 5 })
    const route = `/products/${product.productKey}/devices/${deviceName}`
    await (act === 'delete' ? hatchway.api('DELETE', route) : hatchway.api('POST', `${route}/disable`))
    expect((await device.expect('disconnect')).reasonCode).toBeGreaterThanOrEqual(0x80)
    await device.closed
    const again = await open('tcp')
    expect(
      (
        await again.connect(
          bytes(secretLoginConnect({ productKey: product.productKey, deviceName, deviceSecret: secret })),
        )
      ).reasonCode,
    ).toBe(4)
  })

  it('keeps its connection at Keep Alive 0 and learns of a clamped one by MQTT 5', async () => {
    const secret = await newDevice('keepalive1')
    const connection = await open('tcp', 5)
    const fields = secretLoginConnect({
      productKey: product.productKey,
      deviceName: 'keepalive1',
      deviceSecret: secret,
    })
    expect(await connection.connect({ ...bytes(fields), keepAliveSeconds: 5000 })).toMatchObject({
      reasonCode: 0,
      properties: { serverKeepAliveSeconds: 1200 },
    })
    connection.destroy()
  })

  it('is answered with code 3 beyond its connect rate, and with 4 before that when its signature is wrong', async () => {
    const secret = await newDevice('hasty-device')
    const attempt = async (deviceSecret: string) => {
      const connection = await open('tcp')
      const { reasonCode } = await connection.connect(
        bytes(secretLoginConnect({ productKey: product.productKey, deviceName: 'hasty-device', deviceSecret })),
      )
      connection.destroy()
      return reasonCode
    }
    for (let count = 0; count < 40; count++) expect(await attempt('0'.repeat(32))).toBe(4)
    const codes = []
    for (let count = 0; count < 33; count++) codes.push(await attempt(secret))
    expect(codes).toEqual([...Array(30).fill(0), 3, 3, 3])
    expect(await hatchway.journalEntry({ deviceName: 'hasty-device', reason: 'rate-limited' })).toBeDefined()
  })
})

describe('an application client', () => {
  it('hears telemetry, status and lifecycle of the products that its key covers, and only these', async () => {
    const other = await hatchway.createProduct({ name: 'other' })
    const client = await application({ products: [product.productKey] })
    const heard: { topic: string; payload: Record<string, unknown> }[] = []
    client.on('message', (topic, payload) => heard.push({ topic, payload: JSON.parse(payload.toString()) }))
    const { productKey } = product
    const granted = await client.subscribeAsync([`/${productKey}/#`, `/as/mqtt/status/${productKey}/+`], { qos: 1 })
    expect(granted.map(grant => grant.qos)).toEqual([1, 1])
    const refused = await client.subscribeAsync([`/${other.productKey}/#`, '#']).catch(error => error)
    expect(refused).toBeInstanceOf(Error)
    const secret = await newDevice('telemetry1')
    const device = await loggedIn('telemetry1', secret)
    device.send({
      type: 'publish',
      topic: `/${productKey}/telemetry1/user/update`,
      payload: Buffer.from('{"t":21.5}'),
      qos: 1,
      packetId: 1,
      retain: false,
      dup: false,
    })
    await device.expect('puback')
    device.send({ type: 'disconnect', reasonCode: 0 })
    const status = `/as/mqtt/status/${productKey}/telemetry1`
    await eventually(async () =>
      heard.some(({ topic, payload }) => topic === status && payload['status'] === 'offline'),
    )
    expect(heard.map(({ topic }) => topic)).toEqual([
      `/${productKey}/telemetry1/thing/lifecycle`,
      status,
      `/${productKey}/telemetry1/user/update`,
      status,
    ])
    expect(heard[0]?.payload).toMatchObject({
      action: 'create',
      productKey,
      deviceName: 'telemetry1',
      messageCreateTime: expect.any(Number),
    })
    expect(heard[1]?.payload).toMatchObject({
      ...{ status: 'online', productKey, deviceName: 'telemetry1', clientIp: '127.0.0.1' },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/),
      utcTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
    await client.endAsync()
  })

  it('is cut off when its key is revoked', async () => {
    const key = (await hatchway.api('POST', '/keys', { name: 'short-lived', role: 'application' })).body
    const connection = await open('tls', 5)
    expect(
      (await connection.connect({ clientId: 'a', userName: key.id, password: Buffer.from(key.secret) })).reasonCode,
    ).toBe(0)
    await hatchway.api('DELETE', `/keys/${key.id}`)
    await connection.expect('disconnect')
    await connection.closed
  })
})

describe('POST /auth/register/device', () => {
  it('registers by HTTP with the rules of register', async () => {
    const deviceName = 'byhttp-1'
    await hatchway.createDevice(product.productKey, deviceName)
    const post = async (fields: Record<string, string>) => {
      const response = await fetch(`${hatchway.http}/auth/register/device`, {
        method: 'POST',
        body: new URLSearchParams(fields),
      })
      return {
        status: response.status,
        body: (await response.json()) as { code: number; data: { deviceSecret: string }; message: string },
      }
    }
    const text = `deviceName${deviceName}productKey${product.productKey}random567`
    const good = {
      productKey: product.productKey,
      deviceName,
      random: '567',
      sign: sign('hmacsha1', product.productSecret, text),
      signMethod: 'HmacSHA1',
    }
    const { status, body } = await post(good)
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        code: 200,
        data: { productKey: product.productKey, deviceName, deviceSecret: expect.stringMatching(/^[0-9a-f]{32}$/) },
        message: 'success',
      },
    })
    const codes = {
      460: { ...good, random: '' },
      6250: { ...good, productKey: 'nosuchproduct' },
      6292: { ...good, signMethod: 'rot13' },
      6600: { ...good, sign: '00' },
    }
    for (const [code, fields] of Object.entries(codes))
      expect(await post(fields)).toMatchObject({ status: 200, body: { code: Number(code) } })
    ;(await loggedIn(deviceName, body.data.deviceSecret)).destroy()
    expect(await post(good)).toMatchObject({ body: { code: 6289 } })
    await hatchway.api('PATCH', `/products/${product.productKey}`, { dynamicRegistration: false })
    expect(await post(good)).toMatchObject({ body: { code: 6288 } })
    await hatchway.api('PATCH', `/products/${product.productKey}`, { dynamicRegistration: true })
  })
})
