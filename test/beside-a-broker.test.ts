import { type ConnectCredentials, registrationConnect, secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registerDevice } from './harness/devices.ts'
import { codeBlocks, readDocument, runBash } from './harness/documents.ts'
import { Hatchway, type Product } from './harness/hatchway.ts'
import { RabbitMq } from './harness/rabbitmq.ts'

let hatchway: Hatchway
let product: Product
beforeAll(async () => {
  hatchway = await Hatchway.start()
  product = await hatchway.createProduct()
})
afterAll(() => hatchway.close())

const journaled = (reason: string) =>
  hatchway.journalEntry({ reason }, ({ broker }: { broker: string | null }) => broker === 'rabbitmq')

describe('RabbitMQ, as docs/beside-a-broker.md sets it up', () => {
  let rabbitmq: RabbitMq
  const clients: MqttClient[] = []
  beforeAll(async () => {
    rabbitmq = await RabbitMq.start(hatchway.http)
  })
  afterAll(async () => {
    for (const client of clients) await client.endAsync(true)
    await rabbitmq.close()
  })

  const logIn = async ({ clientId, userName, password }: ConnectCredentials): Promise<MqttClient> => {
    const options = { clientId, username: userName, password, reconnectPeriod: 0, connectTimeout: 20_000 } as const
    const client = await connectAsync(`mqtt://127.0.0.1:${rabbitmq.mqttPort}`, options)
    clients.push(client)
    client.on('error', () => undefined) // a refused topic ends the connection; `close` tells
    return client
  }
  const refusal = async (credentials: ConnectCredentials): Promise<number> =>
    logIn(credentials).then(
      () => 0,
      error => error.code,
    )
  /** Registers at Hatchway, over TLS, and gives the CONNECT of the login. */
  const register = async (deviceName: string) => {
    const { productKey, productSecret } = product
    await hatchway.createDevice(productKey, deviceName)
    const device = { productKey, productSecret, deviceName, mode: 'register' } as const
    const { deviceSecret = '' } = await registerDevice(hatchway.endpoint, device)
    return { productKey, deviceName, deviceSecret, timestamp: '2524608000000' }
  }

  it('takes a device that registered at Hatchway, and carries messages on its own topics', async () => {
    const device = await register('SN-0001')
    const client = await logIn(secretLoginConnect(device))
    const topic = `/${product.productKey}/SN-0001/user/get`
    expect(await client.subscribeAsync(topic, { qos: 1 })).toMatchObject([{ topic, qos: 1 }])
    const message = new Promise<[string, string]>(resolve =>
      client.once('message', (at, payload) => resolve([at, String(payload)])),
    )
    await client.publishAsync(topic, 'hello', { qos: 1 })
    expect(await message).toEqual([topic, 'hello'])
    expect((await hatchway.device(product.productKey, 'SN-0001')).activatedAt).toEqual(expect.any(String))
  })

  it('takes a unit with its DeviceToken, and a device whose name is a MAC address', async () => {
    const { productKey, productSecret } = product
    const device = { productKey, productSecret, deviceName: 'SN-0002', mode: 'regnwl' } as const
    const { clientId = '', deviceToken = '' } = await registerDevice(hatchway.endpoint, device)
    await logIn(tokenLoginConnect({ productKey, deviceName: 'SN-0002', clientId, deviceToken }))
    await logIn(secretLoginConnect(await register('00:1A:2B:3C:4D:5E')))
  })

  it.each([
    [
      'publishes',
      'topic-not-allowed-publish',
      (client: MqttClient, topic: string) => client.publish(topic, 'x', { qos: 1 }),
    ],
    [
      'subscribes',
      'topic-not-allowed-subscribe',
      (client: MqttClient, topic: string) => client.subscribe(topic, () => {}),
    ],
  ])('ends the connection of a device that %s outside of its own topics', async (_, reason, act) => {
    const client = await logIn(secretLoginConnect(await register(`OUT-${reason.slice(-7)}`)))
    const closed = new Promise<void>(resolve => client.once('close', resolve))
    const topic = `/${product.productKey}/SN-0001/user/update`
    act(client, topic)
    await closed
    expect(await journaled(reason)).toMatchObject({ deviceName: `OUT-${reason.slice(-7)}`, topic })
  })

  it('refuses a wrong signature with code 4, and the journal has the text that counts', async () => {
    const { clientId, userName, password } = secretLoginConnect(await register('SN-0003'))
    expect(await refusal({ clientId, userName, password: password.replaceAll(/[0-7]/g, '8') })).toBe(4)
    const signedText = expect.stringContaining('deviceNameSN-0003')
    expect(await journaled('signature-mismatch')).toMatchObject({ deviceName: 'SN-0003', signedText })
  })

  it('refuses a disabled device, a registration, and another one’s clientId', async () => {
    const device = await register('SN-0004')
    await hatchway.api('POST', `/products/${product.productKey}/devices/SN-0004/disable`)
    expect(await refusal(secretLoginConnect(device))).toBe(4)
    expect(await journaled('device-disabled')).toMatchObject({ deviceName: 'SN-0004' })
    const { productKey, productSecret } = product
    const again = { productKey, productSecret, deviceName: 'SN-0004', mode: 'register', random: '1' } as const
    expect(await refusal(registrationConnect(again))).toBe(4)
    expect(await journaled('registration-not-here')).toMatchObject({ mode: 'register' })
    expect(await refusal(secretLoginConnect({ ...device, id: `${productKey}.SN-0001` }))).toBe(4)
    expect(await journaled('client-id-not-own')).toMatchObject({ deviceName: 'SN-0004' })
  })
})

it('the question in docs/beside-a-broker.md is answered in EMQX’s form, and journaled', async () => {
  const [block] = codeBlocks(readDocument('docs/beside-a-broker.md')).filter(({ language }) => language === 'sh')
  const script = block?.content.replace('http://127.0.0.1:8080', hatchway.http) ?? ''
  const { output } = await runBash(script, { cwd: hatchway.dataDir, env: process.env })
  expect(JSON.parse(output)).toEqual({ result: 'deny', is_superuser: false })
  const entry = await hatchway.journalEntry({ reason: 'product-unknown' })
  expect(entry).toMatchObject({ deviceName: 'SN-0001', broker: 'emqx', address: '127.0.0.1' })
})
