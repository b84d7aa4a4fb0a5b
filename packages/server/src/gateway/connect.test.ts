import { expect, test } from 'vitest'
import { encodePingreq, encodePublish, encodeSubscribe } from '../mqtt/index.ts'
import type { Admission } from '../onboarding/admission.ts'
import {
  acceptedBytes,
  admittedAs,
  connectBytes,
  push,
  type RawClient,
  tcpClient,
  tlsClient,
  until,
  useGateways,
} from './gateway-fakes.suite.ts'
import { openingBytes } from './registration-session.ts'

const { start, certificates } = useGateways()

/** Connects, sends, and waits for the server's close; what the server said. */
async function exchange(port: number, bytes: Buffer): Promise<string> {
  const client = await tcpClient(port)
  client.socket.write(bytes)
  return (await client.closed()).toString('hex')
}

/** Two writes that the server reads apart. */
async function sendApart(client: RawClient, bytes: Buffer, at: number): Promise<void> {
  await new Promise(resolve => client.socket.write(bytes.subarray(0, at), resolve))
  await new Promise(resolve => setImmediate(resolve))
  client.socket.write(bytes.subarray(at))
}

test('a CONNECT split at any byte is one CONNECT', async () => {
  const { port, broker } = await start()
  const bytes = connectBytes('split')
  const splits = Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)
  await Promise.all(
    splits.map(async at => {
      const client = await tcpClient(port)
      await sendApart(client, bytes, at)
      expect(await client.read(4)).toEqual(acceptedBytes)
      client.socket.destroy()
    }),
  )
  expect(broker.attached).toHaveLength(splits.length)
  for (const { request } of broker.attached) expect(request.connect.clientId).toBe('split')
})

test('a CONNECT split at any byte is one CONNECT inside TLS', async () => {
  const { port } = await start()
  const bytes = connectBytes('s')
  for (let at = 1; at < bytes.length; at += 3) {
    const client = await tlsClient(port, certificates())
    await sendApart(client, bytes, at)
    expect(await client.read(4)).toEqual(acceptedBytes)
    client.socket.destroy()
  }
})

test('a CONNECT sent byte by byte is one CONNECT', async () => {
  const { port } = await start()
  const client = await tcpClient(port)
  for (const byte of connectBytes('trickle')) {
    await new Promise(resolve => client.socket.write(Buffer.from([byte]), resolve))
  }
  expect(await client.read(4)).toEqual(acceptedBytes)
  client.socket.destroy()
})

test('what follows the CONNECT in the same segment goes to the broker', async () => {
  const { port, broker } = await start()
  const client = await tcpClient(port)
  client.socket.write(Buffer.concat([connectBytes('eager'), encodePingreq()]))
  expect(await client.read(6)).toEqual(Buffer.concat([acceptedBytes, Buffer.from('d000', 'hex')]))
  expect(broker.attached[0]?.received).toEqual([encodePingreq()])
  client.socket.destroy()
})

test('what comes while onboarding thinks goes to the broker afterwards, whole and in order', async () => {
  const { resolve, promise } = Promise.withResolvers<Admission>()
  const { port, broker, asked } = await start({ admit: () => promise })
  const client = await tcpClient(port)
  client.socket.write(connectBytes('early'))
  await until(() => asked.length === 1, 'a question to onboarding')
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
  client.socket.write(bytes)
  expect(broker.attached).toEqual([])
  resolve(admittedAs('early'))
  await client.read(4)
  const received = await until(() => {
    const all = Buffer.concat(broker.attached[0]?.received ?? [])
    return all.length === bytes.length && all
  }, 'all the bytes')
  expect(received.equals(bytes)).toBe(true)
  client.socket.destroy()
})

test.each([
  [3, '20020004'],
  [4, '20020004'],
  [5, '2003008600'],
] as const)(
  'a refusal at level %i is its CONNACK and the close, and nothing of it is journaled here',
  async (level, hex) => {
    const { port, journal } = await start()
    expect(await exchange(port, connectBytes('refuse', { protocolLevel: level }))).toBe(hex)
    expect(journal).toEqual([])
  },
)

const named = (name: string, level: number): Buffer =>
  Buffer.from(`100c0004${Buffer.from(name).toString('hex')}${level.toString(16).padStart(2, '0')}02003c0000`, 'hex')

const badFirstPackets = [
  ['an unknown level', named('MQTT', 6), '2003008400', 'protocol-version-unsupported', 132],
  ['an old level under the new name', named('MQTT', 3), '20020001', 'protocol-version-unsupported', 1],
  ['another protocol name', named('XXXX', 4), '', 'protocol-version-unsupported', null],
  [
    'reserved flags',
    Buffer.from('100c00044d51545404030000000000', 'hex').subarray(0, 14),
    '',
    'packet-malformed',
    null,
  ],
  [
    'reserved flags in MQTT 5',
    Buffer.from('100d00044d515454050300000000'.padEnd(30, '0'), 'hex'),
    '2003008100',
    'packet-malformed',
    129,
  ],
  ['a remaining length of five bytes', Buffer.from('10ffffffff7f', 'hex'), '', 'packet-malformed', null],
  ['a remaining length of 256 MiB', Buffer.from('10ffffff7f', 'hex'), '', 'packet-too-large', null],
  ['more than 8 KiB', connectBytes('x'.repeat(8192)), '', 'packet-too-large', null],
  ['PINGREQ first', encodePingreq(), '', 'first-packet-not-connect', null],
] as const

test.each(badFirstPackets)('%s is no CONNECT to go on with', async (_, bytes, answer, reason, connackCode) => {
  const { port, entry, journal, gateway } = await start()
  expect(await exchange(port, bytes)).toBe(answer)
  expect(await entry(reason)).toMatchObject({ address: '127.0.0.1', transport: 'tcp', outcome: 'closed', connackCode })
  expect(journal).toHaveLength(1)
  expect(gateway.stats().connections.tcp).toBe(0)
})

test('what is not MQTT is closed, with its first bytes in the journal', async () => {
  const { port, entry } = await start()
  const bytes = Buffer.from(`SSH-2.0-OpenSSH_9.2p1${'x'.repeat(100)}`)
  expect(await exchange(port, bytes)).toBe('')
  expect((await entry('not-mqtt')).detail).toEqual({ firstBytes: bytes.subarray(0, 32).toString('hex') })
})

test('what is not MQTT inside TLS is closed, and TLS inside TLS is not MQTT', async () => {
  const { port, entry } = await start()
  const client = await tlsClient(port, certificates())
  client.socket.write(Buffer.from('160301', 'hex'))
  await client.closed()
  expect(await entry('not-mqtt')).toMatchObject({
    transport: 'tls',
    tlsVersion: 'TLSv1.3',
    detail: { firstBytes: '160301' },
  })
})

test('a health check that connects and closes leaves no trace', async () => {
  const { port, journal, gateway, entry } = await start()
  const check = await tcpClient(port)
  check.socket.end()
  await check.closed()
  const secure = await tlsClient(port, certificates())
  secure.socket.end()
  await secure.closed()
  await exchange(port, Buffer.from([0]))
  await entry('not-mqtt')
  expect(journal).toHaveLength(1)
  await until(() => gateway.stats().connections.arriving === 0, 'all gone')
})

test('a peer that hangs up inside its CONNECT is journaled', async () => {
  const { port, entry } = await start()
  const client = await tcpClient(port)
  client.socket.end(connectBytes('half').subarray(0, 20))
  expect((await entry('packet-malformed')).detail?.problem).toContain('hung up')
})

test('silence, half a CONNECT and a trickle of bytes all end at the same time-out', async () => {
  const { port, journal, gateway } = await start({ settings: { connectTimeoutMs: 150 } })
  const silent = await tcpClient(port)
  const half = await tcpClient(port)
  half.socket.write(connectBytes('half').subarray(0, 10))
  const secure = await tlsClient(port, certificates())
  const trickling = await tcpClient(port)
  const bytes = connectBytes('x'.repeat(2000))
  let sent = 0
  const drip = setInterval(() => trickling.socket.write(bytes.subarray(sent, ++sent)), 5)
  const answers = await Promise.all([silent, half, secure, trickling].map(client => client.closed()))
  clearInterval(drip)
  expect(answers.map(answer => answer.length)).toEqual([0, 0, 0, 0])
  expect(sent).toBeLessThan(bytes.length)
  expect(journal.map(entry => entry.reason)).toEqual(Array(4).fill('connect-timeout'))
  expect(gateway.stats().connections).toEqual({ tcp: 0, tls: 0, ws: 0, wss: 0, arriving: 0 })
})

test('the time-out for the CONNECT does not end a connection that has sent it', async () => {
  const { port, journal } = await start({ settings: { connectTimeoutMs: 100 } })
  const device = await tcpClient(port)
  device.socket.write(connectBytes('stays'))
  await device.read(4)
  const silent = await tcpClient(port)
  await silent.closed()
  device.socket.write(encodePingreq())
  expect((await device.read(6)).subarray(4).toString('hex')).toBe('d000')
  expect(journal).toHaveLength(1)
  device.socket.destroy()
})

test('a peer that vanishes while onboarding thinks gets nothing and leaves nothing', async () => {
  const { resolve, promise } = Promise.withResolvers<Admission>()
  const { port, broker, asked, gateway, journal, logged } = await start({ admit: () => promise })
  const client = await tcpClient(port)
  client.socket.write(connectBytes('gone'))
  await until(() => asked.length === 1, 'a question to onboarding')
  client.socket.resetAndDestroy()
  await until(() => gateway.stats().connections.tcp === 0, 'its end')
  resolve(admittedAs('gone'))
  await promise
  await new Promise(resolveTurn => setImmediate(resolveTurn))
  expect(broker.attached).toEqual([])
  expect([journal, logged]).toEqual([[], []])
})

test('a crash in onboarding means no, for now', async () => {
  const admit = (): Admission => {
    throw new Error('broken check')
  }
  const { port, entry, logged } = await start({ admit })
  expect(await exchange(port, connectBytes('any'))).toBe('20020003')
  expect(await entry('internal-error')).toMatchObject({ mqttVersion: '3.1.1', connackCode: 3 })
  expect(logged).toHaveLength(1)
})

test('onboarding that never answers is waited for as long as the setting says', async () => {
  const { port, entry, broker } = await start({
    settings: { admissionTimeoutMs: 50 },
    admit: () => new Promise<Admission>(() => {}),
  })
  expect(await exchange(port, connectBytes('any'))).toBe('20020003')
  expect((await entry('internal-error')).detail?.problem).toContain('in time')
  expect(broker.attached).toEqual([])
})

test('a fault in the broker ends that one connection', async () => {
  const { port, logged } = await start({
    broker: {
      attach: () => ({
        receive: () => {
          throw new Error('broken engine')
        },
        closed: () => {},
      }),
    },
  })
  const client = await tcpClient(port)
  client.socket.write(Buffer.concat([connectBytes('any'), encodePingreq()]))
  await client.closed()
  expect(logged).toHaveLength(1)
})

test('the broker hears of the end once, also when both sides end at the same time', async () => {
  const { port, broker } = await start()
  const client = await tcpClient(port)
  client.socket.write(connectBytes('ending'))
  await client.read(4)
  client.socket.end(Buffer.from('e000', 'hex'))
  await client.closed()
  await until(() => broker.attached[0]?.closedTimes === 1, 'its end')
})

test('CONNACK and push of a registration leave in one write', async () => {
  const { port } = await start()
  const client = await tlsClient(port, certificates())
  const segments: Buffer[] = []
  client.socket.on('data', (segment: Buffer) => segments.push(segment))
  client.socket.write(connectBytes('register'))
  const opening = openingBytes(push, 4)
  await client.read(opening.length)
  expect(segments).toEqual([opening])
  client.socket.destroy()
})

test('a registered device may subscribe and ping, and is gone after its DISCONNECT', async () => {
  const { port, journal } = await start()
  const client = await tcpClient(port)
  const subscription = {
    filter: '/ext/register',
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
  } as const
  const opening = openingBytes(push, 4)
  client.socket.write(
    Buffer.concat([
      connectBytes('register'),
      encodeSubscribe({ type: 'subscribe', packetId: 1, subscriptions: [subscription] }, 4),
      encodePingreq(),
    ]),
  )
  const answers = Buffer.from('9003000100d000', 'hex')
  expect(await client.read(opening.length + answers.length)).toEqual(Buffer.concat([opening, answers]))
  client.socket.write(Buffer.from('e000', 'hex'))
  await client.closed()
  expect(journal).toEqual([])
})

test('a registered device that publishes is closed', async () => {
  const { port, entry, broker } = await start()
  const client = await tcpClient(port)
  const publish = {
    type: 'publish',
    topic: '/pk1/dev1/user/x',
    payload: Buffer.from('1'),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
  } as const
  client.socket.write(Buffer.concat([connectBytes('register'), encodePublish(publish, 4)]))
  await client.closed()
  expect(await entry('publish-on-registration')).toMatchObject({
    mqttVersion: '3.1.1',
    detail: { topic: publish.topic },
  })
  expect(broker.attached).toEqual([])
})

test('a registered device that does not hang up is closed after the set time', async () => {
  const { port, entry } = await start({ settings: { registrationTimeoutMs: 50 } })
  const client = await tcpClient(port)
  client.socket.write(connectBytes('register', { protocolLevel: 5 }))
  expect(await client.closed()).toEqual(openingBytes(push, 5))
  expect(await entry('registration-timeout')).toMatchObject({ mqttVersion: '5.0', outcome: 'closed' })
})

test('garbage on a registration connection closes it', async () => {
  const { port, entry } = await start()
  expect(await exchange(port, Buffer.concat([connectBytes('register'), Buffer.from('82000000', 'hex')]))).not.toBe('')
  await entry('packet-malformed')
})

test('a peer that never closes its side is cut after the close time-out', async () => {
  const { port, gateway } = await start({ settings: { closeTimeoutMs: 50 } })
  const client = await tcpClient(port)
  client.socket.pause() // so it never sees our end
  client.socket.write(connectBytes('refuse'))
  await until(() => gateway.stats().connections.tcp === 0 && gateway.stats().connections.arriving === 0, 'the cut')
  client.socket.destroy()
})
