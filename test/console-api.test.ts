import { secretLoginConnect } from '@hatchway/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, Hatchway } from './harness/hatchway.ts'
import { MqttConnection } from './harness/mqtt-connection.ts'

let hatchway: Hatchway
beforeAll(async () => {
  hatchway = await Hatchway.start({ publicHost: 'mqtt.example', instanceId: 'iot-060a0abc', journalLimit: '5000' })
})
afterAll(() => hatchway.close())

describe('the page of the system', () => {
  it('shows where the server listens, what it presents, where it keeps things and how full it is', async () => {
    const { body } = await hatchway.api('GET', '/system')
    expect(body).toMatchObject({
      instanceId: 'iot-060a0abc',
      publicHosts: ['mqtt.example'],
      endpoints: [
        { kind: 'mqtt', url: `mqtt://127.0.0.1:${hatchway.endpoint.port}` },
        { kind: 'http', url: hatchway.http },
      ],
      storage: { kind: 'sqlite', ok: true, problem: null },
      ...{ broker: { kind: 'embedded', upstream: [] }, gateways: [], workers: [] },
    })
    expect(body.storage.sizeBytes).toBeGreaterThan(10_000)
    const [ca, rsa, ec] = body.certificates
    expect([ca, rsa, ec].map(({ kind }) => kind)).toEqual(['ca', 'rsa', 'ec'])
    expect(rsa.names).toContain('mqtt.example')
    expect(ca.daysLeft).toBeGreaterThan(rsa.daysLeft)
    expect(ec.sha256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    expect(body.limits).toContainEqual(
      expect.objectContaining({ name: 'journal-entries', limit: 5000, setting: 'HATCHWAY_JOURNAL_LIMIT' }),
    )
  })
})

describe('a device that is connected', () => {
  it('is watched while it speaks, is asked, and answers', async () => {
    const product = await hatchway.createProduct()
    const names = { productKey: product.productKey, deviceName: 'lamp-0001' }
    const deviceSecret = '0f1e2d3c4b5a69788796a5b4c3d2e1f0'
    await hatchway.createDevice(names.productKey, names.deviceName, deviceSecret)
    const route = `/products/${names.productKey}/devices/${names.deviceName}`
    const { clientId, userName, password } = secretLoginConnect({ ...names, deviceSecret, id: 'lamp' })
    const device = await MqttConnection.open(hatchway.endpoint, 'tls', { level: 4 })
    expect((await hatchway.api('POST', `${route}/rrpc`, { payload: '?' })).body.code).toBe('device-offline')
    await device.connect({ clientId, userName, password: Buffer.from(password) })
    const filter = `/sys/${names.productKey}/${names.deviceName}/rrpc/request/+`
    const deaf = await hatchway.api('POST', `${route}/rrpc`, { payload: '?' })
    expect(deaf).toMatchObject({ status: 504, body: { fix: expect.stringContaining(filter) } })
    const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    device.send({ type: 'subscribe', packetId: 1, subscriptions: [{ filter, ...options }] })
    await device.expect('suback')

    const stream = await fetch(`${hatchway.http}/api/v1${route}/messages`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      signal: AbortSignal.timeout(20_000),
    })
    const asked = hatchway.api('POST', `${route}/rrpc`, { payload: 'how warm?' })
    const request = await device.expect('publish')
    device.send({ ...request, topic: request.topic.replace('/request/', '/response/'), payload: Buffer.from('21.5') })
    expect(await asked).toMatchObject({ status: 200, body: { payload: '21.5', encoding: 'utf8' } })
    let seen = ''
    for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      seen += chunk
      if (seen.includes('"direction":"up"')) break
    }
    expect(seen).toContain('"connected":true')
    expect(seen).toContain(`"direction":"down","topic":"${request.topic}"`)
    device.end()
  })
})
