import { createServer } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ConnectionFailed, InvalidOption, RegistrationRefused } from './errors.ts'
import { type RegisterOptions, register } from './register.ts'
import { type Answer, type FakePlatform, makeCertificate, startFakePlatform } from './testing/fake-platform.ts'

let tls: { cert: string; key: string }
beforeAll(async () => {
  tls = await makeCertificate()
})

const opened: FakePlatform[] = []
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
})
const platform = async (...answers: Answer[]): Promise<FakePlatform> => {
  const started = await startFakePlatform({ answers, tls })
  opened.push(started)
  return started
}

const SECRET = '0123456789abcdef0123456789abcdef'
const pushed: Answer = {
  kind: 'push',
  topic: '/ext/register',
  payload: `{"productKey":"al123456789","deviceName":"device1","deviceSecret":"${SECRET}"}`,
}
const device = (to: { url: string; ca?: string }): RegisterOptions => ({
  url: to.url,
  ...(to.ca === undefined ? {} : { ca: to.ca }),
  productKey: 'al123456789',
  productSecret: 'psecret',
  deviceName: 'device1',
  mode: 'register',
  timeoutMs: 10_000,
})
const failure = async (options: RegisterOptions): Promise<Error> => {
  try {
    await register(options)
  } catch (error) {
    return error as Error
  }
  throw new Error('the registration went through')
}

describe('register', () => {
  it('returns the DeviceSecret that is pushed, without subscribing, and hangs up', async () => {
    const fake = await platform(pushed)
    expect(await register(device(fake))).toEqual({
      mode: 'register',
      productKey: 'al123456789',
      deviceName: 'device1',
      deviceSecret: SECRET,
    })
    await expect.poll(() => fake.openConnections()).toBe(0)
    expect(fake.received.map(packet => packet.cmd)).toEqual(['connect', 'disconnect'])
    expect(fake.connects[0]?.clientId).toMatch(
      /^al123456789\.device1\|securemode=2,authType=register,random=[0-9a-f]{32},signmethod=hmacsha256\|$/,
    )
    expect(fake.connects[0]?.username).toBe('device1&al123456789')
  })

  it('returns the ClientID and DeviceToken of mode regnwl, with the parameters it was given', async () => {
    const payload = '{"productKey":"al123456789","deviceName":"device1","clientId":"K19u","deviceToken":"tok3n"}'
    const fake = await platform({ kind: 'push', topic: '/ext/regnwl', payload })
    const options = { mode: 'regnwl', signMethod: 'hmacmd5', instanceId: 'iot-1', protocolVersion: 5 } as const
    expect(await register({ ...device(fake), ...options })).toEqual({
      mode: 'regnwl',
      productKey: 'al123456789',
      deviceName: 'device1',
      clientId: 'K19u',
      deviceToken: 'tok3n',
    })
    expect(fake.connects[0]?.clientId).toMatch(/authType=regnwl,.*signmethod=hmacmd5,instanceId=iot-1\|$/)
    expect(fake.connects[0]?.protocolVersion).toBe(5)
  })

  it.each([
    [4, 2, false, /not TLS/],
    [4, 3, true, /try again later/i],
    [4, 4, false, /wrong ProductKey or ProductSecret/],
    [5, 0x85, false, /not TLS/],
    [5, 0x88, true, /try again later/i],
    [5, 0x97, true, /try again later/i],
    [5, 0x86, false, /wrong ProductKey or ProductSecret/],
    [4, 5, false, /does not use/],
  ] as const)('with protocol level %i tells what code %i may mean and whether it may pass later', async (...row) => {
    const [protocolVersion, code, retryable, meaning] = row
    const fake = await platform({ kind: 'refuse', code })
    const error = await failure({ ...device(fake), protocolVersion })
    expect(error).toBeInstanceOf(RegistrationRefused)
    expect(error).toMatchObject({ code, retryable })
    expect(error.message).toMatch(meaning)
    expect(fake.connects).toHaveLength(1)
  })

  it('says that the CA is missing when the certificate is not trusted', async () => {
    const fake = await platform(pushed)
    const error = await failure(device({ url: fake.url }))
    expect(error).toBeInstanceOf(ConnectionFailed)
    expect(error).toMatchObject({ retryable: false })
    expect(error.message).toMatch(/not signed by a trusted CA; give the server's ca.pem/)
    expect(fake.connects).toHaveLength(0)
  })

  it('says that the certificate names another host', async () => {
    const fake = await platform(pushed)
    const error = await failure(device({ url: fake.url.replace('127.0.0.1', 'localhost'), ca: fake.ca }))
    expect(error.message).toMatch(/does not name this host/)
  })

  it('says that the port speaks no TLS', async () => {
    const plain = await startFakePlatform({ answers: [pushed] })
    opened.push(plain)
    const error = await failure(device({ url: plain.url.replace('mqtt:', 'mqtts:') }))
    expect(error).toBeInstanceOf(ConnectionFailed)
    expect(error.message).toMatch(/the TLS handshake failed; is this port a TLS one/)
  })

  it('says that nothing listens there', async () => {
    const server = createServer()
    const port = await new Promise<number>(resolve => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
    })
    await new Promise(resolve => server.close(resolve))
    const error = await failure(device({ url: `mqtts://127.0.0.1:${port}` }))
    expect(error).toMatchObject({ retryable: true })
    expect(error.message).toMatch(/nothing listens there.*ECONNREFUSED/)
  })

  it.each([
    ['closes without an answer', { kind: 'close' }, /closed the connection without an answer/],
    ['never answers', { kind: 'silence' }, /no answer within 300 ms/],
    ['accepts and pushes nothing', { kind: 'accept' }, /no answer within 300 ms/],
  ] as const)('fails as retryable when the server %s', async (_, answer, message) => {
    const fake = await platform(answer)
    const error = await failure({ ...device(fake), timeoutMs: answer.kind === 'close' ? 10_000 : 300 })
    expect(error).toBeInstanceOf(ConnectionFailed)
    expect(error).toMatchObject({ retryable: true })
    expect(error.message).toMatch(message)
    await expect.poll(() => fake.openConnections()).toBe(0)
  })

  it.each([
    ['no JSON', 'nope', /not a JSON object/],
    ['no secret', '{"productKey":"al123456789","deviceName":"device1"}', /deviceSecret/],
    ['another device', pushed.payload.replace('device1', 'device2'), /another device/],
  ])('refuses a push with %s, never showing a value', async (_, payload, problem) => {
    const fake = await platform({ kind: 'push', topic: '/ext/register', payload })
    const error = await failure(device(fake))
    expect(error.message).toMatch(problem)
    expect(error.message).not.toContain(SECRET)
  })

  it.each([
    ['url', { url: 'mqtt://127.0.0.1:1883' }, /TLS/],
    ['url', { url: 'https://127.0.0.1' }, /mqtts/],
    ['url', { url: 'nonsense' }, /not a URL/],
    ['productKey', { productKey: 'a b' }, /letters and digits/],
    ['productSecret', { productSecret: '' }, /1-64/],
    ['deviceName', { deviceName: 'x' }, /4-32/],
  ])('finds a bad %s before it sends anything', async (option, change, problem) => {
    const fake = await platform(pushed)
    const error = await failure({ ...device(fake), ...change })
    expect(error).toBeInstanceOf(InvalidOption)
    expect(error).toMatchObject({ option })
    expect(error.message).toMatch(problem)
    expect(fake.connects).toHaveLength(0)
  })

  it('ends a wait that is aborted', async () => {
    const fake = await platform({ kind: 'silence' })
    const stop = new AbortController()
    const failed = failure({ ...device(fake), signal: stop.signal })
    await expect.poll(() => fake.connects.length).toBe(1)
    stop.abort()
    expect((await failed).message).toBe('stopped')
  })
})
