import { secretLoginConnect, tokenLoginConnect } from '@hatchway/protocol'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registerDevice } from './harness/devices.ts'
import { eventually, Hatchway, type Product } from './harness/hatchway.ts'

let hatchway: Hatchway
let gateways: Product
let lamps: Product
let gateway: Record<'tls' | 'tcp', MqttClient>
const opened: MqttClient[] = []
beforeAll(async () => {
  hatchway = await Hatchway.start()
  gateways = await hatchway.createProduct()
  lamps = await hatchway.createProduct({ preregistrationFree: false, registrationByGateways: true })
  for (const name of ['lamp1', 'lamp2', 'lamp3']) await hatchway.createDevice(lamps.productKey, name)
  gateway = { tls: await connectGateway('gate1', 'mqtts'), tcp: await connectGateway('gate2', 'mqtt') }
})
afterAll(async () => {
  await Promise.all(opened.map(client => client.endAsync(true)))
  await hatchway.close()
})

async function connectGateway(deviceName: string, scheme: 'mqtts' | 'mqtt'): Promise<MqttClient> {
  const { endpoint } = hatchway
  const device = { productKey: gateways.productKey, deviceName }
  const { clientId = '', deviceToken = '' } = await registerDevice(endpoint, {
    ...gateways,
    deviceName,
    mode: 'regnwl',
  })
  return connect(`${scheme}://localhost:${endpoint.port}`, tokenLoginConnect({ ...device, clientId, deviceToken }))
}

async function connect(url: string, login: { clientId: string; userName: string; password: string }) {
  const { clientId, userName: username, password } = login
  const client = await connectAsync(url, {
    ...{ ca: hatchway.endpoint.ca, clientId, username, password, reconnectPeriod: 0 },
  })
  opened.push(client)
  return client
}

const lamp = (deviceName: string) => ({ productKey: lamps.productKey, deviceName })
const topicOf = (deviceName: string) => `/sys/${gateways.productKey}/${deviceName}/thing/sub/register`

async function ask(client: MqttClient, deviceName: string, params: unknown) {
  const topic = topicOf(deviceName)
  const answer = new Promise<string>(resolve => {
    client.once('message', (from, payload) => resolve(`${from} ${payload}`))
  })
  await client.publishAsync(topic, JSON.stringify({ id: '1', version: '1.0', params, method: 'thing.sub.register' }))
  const [from, ...json] = (await answer).split(' ')
  expect(from).toBe(`${topic}_reply`)
  return JSON.parse(json.join(' '))
}

describe('a gateway', () => {
  it('registers its sub-devices over TLS, and they log in with what it got', async () => {
    const reply = await ask(gateway.tls, 'gate1', [lamp('lamp1'), lamp('lamp2'), lamp('nobody')])
    expect(reply).toMatchObject({ id: '1', code: 200, data: [lamp('lamp1'), lamp('lamp2')] })
    const entry = await hatchway.journalEntry({ productKey: lamps.productKey, outcome: 'registered' })
    expect(entry).toMatchObject({ mode: 'register', transport: 'tls', gateway: `${gateways.productKey}/gate1` })
    const refused = await hatchway.journalEntry({ productKey: lamps.productKey, reason: 'device-unknown' })
    expect(refused).toMatchObject({ deviceName: 'nobody', gateway: `${gateways.productKey}/gate1`, connackCode: null })

    const login = secretLoginConnect({ ...lamp('lamp1'), deviceSecret: reply.data[0].deviceSecret })
    await connect(`mqtts://localhost:${hatchway.endpoint.port}`, login)
    await eventually(async () => (await hatchway.device(lamps.productKey, 'lamp1')).status === 'ONLINE')
    expect(await ask(gateway.tls, 'gate1', [lamp('lamp1')])).toMatchObject({ code: 460, data: [] })
    await hatchway.journalEntry({ productKey: lamps.productKey, reason: 'already-activated' })
  })

  it('gets its answer alone: an application that hears all of its topics sees no DeviceSecret', async () => {
    const key = (await hatchway.api('POST', '/keys', { name: 'all', role: 'application' })).body
    const url = `mqtts://localhost:${hatchway.endpoint.port}`
    const application = await connect(url, { clientId: 'app', userName: key.id, password: key.secret })
    const seen: string[] = []
    application.on('message', topic => seen.push(topic))
    await application.subscribeAsync(`/sys/${gateways.productKey}/#`)
    const reply = await ask(gateway.tls, 'gate1', [lamp('lamp3')])
    expect(reply).toMatchObject({ code: 200 })
    // What is published after it comes after it.
    await gateway.tls.publishAsync(`/sys/${gateways.productKey}/gate1/marker`, '')
    await expect.poll(() => seen).toContain(`/sys/${gateways.productKey}/gate1/marker`)
    expect(seen).toEqual([topicOf('gate1'), `/sys/${gateways.productKey}/gate1/marker`])
  })

  it('gets no secret over plain TCP', async () => {
    expect(await ask(gateway.tcp, 'gate2', [lamp('lamp3')])).toMatchObject({ code: 460, data: [] })
    const entry = await hatchway.journalEntry({ productKey: lamps.productKey, reason: 'tls-required' })
    expect(entry).toMatchObject({ transport: 'tcp', deviceName: 'lamp3' })
  })

  it('is refused where the product does not allow it, and where it names itself', async () => {
    const others = await hatchway.createProduct()
    await hatchway.createDevice(others.productKey, 'lamp1')
    const other = { productKey: others.productKey, deviceName: 'lamp1' }
    expect(await ask(gateway.tls, 'gate1', [other])).toMatchObject({ code: 6288, data: [] })
    const itself = { productKey: gateways.productKey, deviceName: 'gate1' }
    expect(await ask(gateway.tls, 'gate1', [itself])).toMatchObject({ code: 6402, data: [] })
  })
})
