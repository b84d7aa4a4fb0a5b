import { afterEach, describe, expect, it } from 'vitest'
import { connectAs, connectDevice } from './connect.ts'
import type { Credentials } from './credentials.ts'
import { LoginRefused } from './errors.ts'
import { type Answer, type FakePlatform, makeCertificate, startFakePlatform } from './testing/fake-platform.ts'

const secret: Credentials = { mode: 'register', productKey: 'pk1', deviceName: 'dev1', deviceSecret: 'ds' }
const token: Credentials = {
  mode: 'regnwl',
  productKey: 'pk1',
  deviceName: 'dev1',
  clientId: 'K19u',
  deviceToken: 'tok3n',
}

const opened: FakePlatform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})
const platform = async (answers: Answer[], tls?: { cert: string; key: string }): Promise<FakePlatform> => {
  const started = await startFakePlatform({ answers, ...(tls === undefined ? {} : { tls }) })
  opened.push(started)
  return started
}

describe('connectDevice', () => {
  it('logs in with a DeviceToken as it is, over plain TCP', async () => {
    const fake = await platform([{ kind: 'accept' }])
    const client = await connectDevice({ url: fake.url, credentials: token, keepalive: 90 })
    expect(client.connected).toBe(true)
    expect(fake.connects[0]).toMatchObject({
      clientId: 'K19u|securemode=-2,authType=connwl|',
      username: 'dev1&pk1',
      password: Buffer.from('tok3n'),
      keepalive: 90,
    })
    await client.endAsync()
  })

  it('sends the fields of connectAs as they are, and shows each packet to a listener', async () => {
    const fake = await platform([{ kind: 'accept' }])
    const seen: string[] = []
    const client = await connectAs({
      ...{ url: fake.url, clientId: 'any', userName: 'hk1', password: 's' },
      onPacket: (direction, packet) => seen.push(`${direction} ${packet.cmd}`),
    })
    expect(fake.connects[0]).toMatchObject({ clientId: 'any', username: 'hk1', password: Buffer.from('s') })
    expect(seen).toEqual(['sent connect', 'received connack'])
    await client.endAsync()
  })

  it('hands over what comes in one write with CONNACK', async () => {
    const fake = await platform([{ kind: 'push', topic: '/pk1/dev1/user/get', payload: 'on' }])
    const got: string[] = []
    const onMessage = (topic: string, payload: Buffer): unknown => got.push(`${topic} ${payload}`)
    const client = await connectDevice({ url: fake.url, credentials: token, onMessage })
    await expect.poll(() => got).toEqual(['/pk1/dev1/user/get on'])
    await client.endAsync()
  })

  it.each([
    ['securemode=3 over plain TCP', false, 3],
    ['securemode=2 over TLS', true, 2],
  ])('signs a login with the DeviceSecret, %s', async (_, withTls, secureMode) => {
    const fake = await platform([{ kind: 'accept' }], withTls ? await makeCertificate() : undefined)
    const client = await connectDevice({ url: fake.url, ca: Buffer.from(fake.ca), credentials: secret })
    expect(fake.connects[0]?.clientId).toBe(`pk1.dev1|securemode=${secureMode},signmethod=hmacsha256|`)
    expect(String(fake.connects[0]?.password)).toMatch(/^[0-9a-f]{64}$/)
    await client.endAsync()
  })

  it('rejects a refused login and does not try again by itself', async () => {
    const fake = await platform([{ kind: 'refuse', code: 4 }, { kind: 'accept' }])
    const login = connectDevice({ url: fake.url, credentials: token, reconnectPeriod: 10 })
    await expect(login).rejects.toBeInstanceOf(LoginRefused)
    await expect(login).rejects.toMatchObject({ code: 4, retryable: false })
    expect(fake.connects).toHaveLength(1)
  })

  it('comes back after a lost connection, past a server that refuses for a while', async () => {
    const fake = await platform([
      { kind: 'accept' },
      { kind: 'refuse', code: 3 },
      { kind: 'refuse', code: 3 },
      { kind: 'accept' },
    ])
    const client = await connectDevice({ url: fake.url, credentials: token, reconnectPeriod: 10 })
    const back = new Promise(resolve => client.once('connect', resolve))
    fake.dropAll()
    await back
    expect(fake.connects).toHaveLength(4)
    await client.endAsync()
  })
})
