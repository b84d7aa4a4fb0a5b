import { afterEach, describe, expect, test } from 'vitest'
import type { Attachment, AttachRequest } from '../broker/port.ts'
import { createTunnelBroker, decodePreface, type TunnelBroker } from '../broker/tunnel/index.ts'
import { encodePreface } from '../broker/tunnel/preface.ts'
import { type Door, enter, openDoor } from '../ipc/index.ts'
import { type Connect, decodeConnack, encodeConnack, encodePingreq, encodePingresp, Framer } from '../mqtt/index.ts'
import {
  acceptedBytes,
  admittedAs,
  connectBytes,
  FakeBroker,
  type RunningGateway,
  tcpClient,
  tlsClient,
  until,
  useGateways,
} from './gateway-fakes.suite.ts'
import { TunnelHall } from './tunnel-hall.ts'

const { start, certificates } = useGateways()
const MEBIBYTE = 1_048_576
const CONNACK_SIZE_BYTES = 4
const connectPacket: Connect = {
  type: 'connect',
  protocolLevel: 5,
  cleanStart: true,
  keepAliveSeconds: 60,
  clientId: 'c',
  userName: 'k',
  password: Buffer.from('a secret'),
}

interface Rig {
  gateway: RunningGateway
  broker: FakeBroker
  door: Door
  hall: TunnelHall
  errors: Error[]
  /** What the hall has told of being occupied. */
  occupied: readonly boolean[]
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A gateway whose broker is on the other side of a local socket; `broker` stands there. */
async function startRig(
  broker: { attach(request: AttachRequest): Attachment } = new FakeBroker(),
  closeTimeoutMs = 5000,
): Promise<Rig> {
  const errors: Error[] = []
  let tunnels: TunnelBroker | undefined
  const log = { info: () => {}, warn: () => {}, error: (values: object) => errors.push(values as Error) }
  const onCut = (_worker: number, tunnel: number): void => tunnels?.cut(tunnel)
  const occupied: boolean[] = []
  const onOccupied = (isOccupied: boolean): void => void occupied.push(isOccupied)
  const hall = new TunnelHall({ broker, log, closeTimeoutMs, onCut, onOccupied })
  const handlers = {
    tunnel: hall.take.bind(hall),
    line: () => {
      throw new Error('nobody asks for a line')
    },
  }
  const door = await openDoor({ handlers, onError: error => errors.push(error) })
  closing.push(() => {
    hall.close()
    door.close()
  })
  const onError = (error: Error): void => void errors.push(error)
  tunnels = createTunnelBroker({ worker: 1, enter: preface => enter(door.place, 'tunnel', preface), onError })
  const gateway = await start({ broker: tunnels })
  return { gateway, broker: broker as FakeBroker, door, hall, errors, occupied }
}

test('a connection is known beyond the tunnel as it is known here, but for its password', async () => {
  const { gateway, broker } = await startRig()
  const client = await tlsClient(gateway.port, certificates())
  const will = { topic: '/pk1/dev1/will', payload: Buffer.from('gone'), qos: 1, retain: false } as const
  client.socket.write(connectBytes('pk1/dev1', { will: { ...will, properties: undefined } }))
  expect(await client.read(CONNACK_SIZE_BYTES)).toEqual(acceptedBytes)
  const { link, connect, ...rest } = broker.attached[0]?.request ?? expect.fail('nobody is attached')
  const { kind: _, ...admission } = admittedAs('pk1/dev1') as ReturnType<typeof admittedAs> & { kind: 'admitted' }
  expect(rest).toEqual(admission)
  expect(link).toMatchObject({ address: '127.0.0.1', transport: 'tls' })
  expect(connect).toMatchObject({ clientId: 'pk1/dev1', userName: 'dev1&pk1', will, keepAliveSeconds: 60 })
  expect(connect.password).toBeUndefined()
  client.socket.destroy()
})

test('that anyone is connected is told once, and so is that nobody is any more', async () => {
  const { gateway, occupied } = await startRig()
  const clients = [await tcpClient(gateway.port), await tcpClient(gateway.port)]
  for (const [at, client] of clients.entries()) {
    client.socket.write(connectBytes(`pk1/dev${at}`))
    await client.read(CONNACK_SIZE_BYTES)
  }
  expect(occupied).toEqual([true])
  for (const client of clients) client.socket.destroy()
  await until(() => occupied.length > 1, 'word of the last one’s going')
  expect(occupied).toEqual([true, false])
})

test('what is no preface ends that connection, and the log says so', async () => {
  const { door, errors, broker } = await startRig()
  for (const wrong of [Buffer.of(0, 0, 0, 1), Buffer.from('\0\0\0\x02{}'), Buffer.from('\0\0\0\x01{')]) {
    const socket = enter(door.place, 'tunnel', wrong)
    socket.on('error', () => {}) // a reset is one way of being closed
    await new Promise(resolve => socket.once('close', resolve))
  }
  expect(errors).toHaveLength(3)
  expect(broker.attached).toEqual([])
})

test('the products of an application arrive as a set', () => {
  const identity = { kind: 'application', sessionId: '@k/c', keyId: 'k', products: new Set(['pk1', 'pk2']) } as const
  const connect = connectPacket
  const preface = { identity, connect, worker: 1, tunnel: 2, address: '::1', transport: 'tls' } as const
  const keepAlive = { keepAliveSeconds: 60, keepAliveChanged: false, serverSubscriptions: [] }
  expect(decodePreface(encodePreface({ ...preface, ...keepAlive }))).toEqual({
    ...preface,
    ...keepAlive,
    connect: { ...connect, password: undefined },
  })
})

test('bytes that came with the CONNECT follow it', async () => {
  const { gateway, broker } = await startRig()
  const client = await tcpClient(gateway.port)
  client.socket.write(Buffer.concat([connectBytes('a'), encodePingreq()]))
  expect(await client.read(6)).toEqual(Buffer.concat([acceptedBytes, encodePingresp()]))
  expect(broker.attached[0]?.received).toEqual([encodePingreq()])
  client.socket.destroy()
})

test('the end of the client arrives once, after all that it sent', async () => {
  const { gateway, broker } = await startRig()
  const client = await tcpClient(gateway.port)
  client.socket.write(connectBytes('a'))
  await client.read(CONNACK_SIZE_BYTES)
  client.socket.end(Buffer.alloc(3 * MEBIBYTE, 1))
  await until(() => broker.attached[0]?.closedTimes === 1, 'the end')
  expect(Buffer.concat(broker.attached[0]?.received ?? []).length).toBe(3 * MEBIBYTE)
})

/** The link beyond the tunnel, of a client that is connected. */
async function linkOf(rig: Rig, client: { read(count: number): Promise<Buffer> }) {
  await client.read(CONNACK_SIZE_BYTES)
  return rig.broker.attached[0]?.request.link ?? expect.fail('nobody is attached')
}

test('what is sent before the end of the link arrives before the end', async () => {
  const rig = await startRig()
  const client = await tcpClient(rig.gateway.port)
  client.socket.write(connectBytes('a'))
  const link = await linkOf(rig, client)
  for (let index = 0; index < 48; index++) link.write(Buffer.alloc(65_536, index))
  link.end()
  const received = await client.closed()
  expect(received.length).toBe(CONNACK_SIZE_BYTES + 3 * MEBIBYTE)
  expect(received.at(-1)).toBe(47)
  await until(() => rig.broker.attached[0]?.closedTimes === 1, 'the end')
})

test('a client that reads nothing leaves bytes pending beyond the tunnel, and its link drains when it reads', async () => {
  const rig = await startRig()
  const client = await tcpClient(rig.gateway.port)
  client.socket.write(connectBytes('a'))
  const link = await linkOf(rig, client)
  client.socket.pause()
  let drained = 0
  link.drainListener = { drained: () => void drained++ }
  const sizeBytes = 64 * MEBIBYTE
  for (let sent = 0; sent < sizeBytes; sent += MEBIBYTE) link.write(Buffer.alloc(MEBIBYTE))
  await until(() => link.pendingBytes > 0, 'bytes under way')
  expect(drained).toBe(0)
  client.socket.removeAllListeners('data').resume() // kept bytes would be copied with each that comes
  await until(() => drained > 0, 'the drain')
  expect(link.pendingBytes).toBe(0)
  expect(rig.gateway.gateway.stats().connections.tcp).toBe(1)
  client.socket.destroy()
})

describe('a client that reads nothing', () => {
  test.each([
    ['destroyed', (link: AttachRequest['link']) => link.destroy()],
    ['ended, and does not come to its end in time', (link: AttachRequest['link']) => link.end()],
  ])('is cut when its link is %s beyond the tunnel', async (_, finish) => {
    const rig = await startRig(new FakeBroker(), 50)
    const client = await tcpClient(rig.gateway.port)
    client.socket.write(connectBytes('a'))
    const link = await linkOf(rig, client)
    client.socket.pause()
    link.write(Buffer.alloc(64 * MEBIBYTE))
    await until(() => link.pendingBytes > 0, 'bytes under way')
    finish(link)
    await until(() => rig.gateway.gateway.stats().connections.tcp === 0, 'the end of the connection')
    await until(() => rig.broker.attached[0]?.closedTimes === 1, 'the end beyond the tunnel')
    client.socket.destroy()
  })
})

test('a broker that takes its time slows the client', async () => {
  const rig = await startRig()
  const client = await tcpClient(rig.gateway.port)
  client.socket.write(connectBytes('a'))
  const link = await linkOf(rig, client)
  link.pauseReading()
  const sizeBytes = 64 * MEBIBYTE
  client.socket.write(Buffer.alloc(sizeBytes, 1))
  const taken = (): number => (rig.broker.attached[0]?.received ?? []).reduce((sum, { length }) => sum + length, 0)
  // Once nothing moves any more, the client still holds most of it.
  let before = -1
  await until(() => {
    const { bytesWritten, writableLength } = client.socket
    const isStill = before === bytesWritten - writableLength && writableLength > sizeBytes / 2
    before = bytesWritten - writableLength
    return isStill
  }, 'a client that is slowed')
  expect(taken()).toBe(0)
  link.resumeReading()
  await until(() => taken() === sizeBytes, 'all bytes')
  client.socket.destroy()
})

describe('a broker that can not be reached', () => {
  test.each([
    [4, 3],
    [5, 0x88],
  ] as const)('turns a client of level %i away with code %i, and the log says why', async (level, code) => {
    const rig = await startRig()
    rig.door.close()
    const client = await tcpClient(rig.gateway.port)
    client.socket.write(connectBytes('a', { protocolLevel: level }))
    const framer = new Framer({ maxPacketSizeBytes: 100 })
    framer.push(await client.closed())
    expect(framer.next()).toBe(true)
    expect(decodeConnack(framer, level).reasonCode).toBe(code)
    expect(rig.errors).toMatchObject([{ code: 'ENOENT' }])
  })
})

test('clients are cut when the process of the broker is gone', async () => {
  const rig = await startRig()
  const client = await tcpClient(rig.gateway.port)
  client.socket.write(connectBytes('a'))
  await client.read(CONNACK_SIZE_BYTES)
  rig.hall.close()
  expect(await client.closed()).toEqual(acceptedBytes)
})

test('a broker that throws ends that connection only', async () => {
  const rig = await startRig({
    attach({ link, connect }) {
      if (connect.clientId === 'bad') throw new Error('thrown by attach')
      link.write(encodeConnack({ type: 'connack', sessionPresent: false, reasonCode: 0 }, 4))
      return { receive: () => expect.fail('thrown by receive'), closed: () => {} }
    },
  })
  const bad = await tcpClient(rig.gateway.port)
  bad.socket.write(connectBytes('bad'))
  await bad.closed()
  const worse = await tcpClient(rig.gateway.port)
  worse.socket.write(connectBytes('good'))
  await worse.read(CONNACK_SIZE_BYTES)
  const good = await tcpClient(rig.gateway.port)
  good.socket.write(connectBytes('good'))
  await good.read(CONNACK_SIZE_BYTES)
  worse.socket.write(encodePingreq())
  await worse.closed()
  expect(good.socket.destroyed).toBe(false)
  good.socket.destroy()
})

test('nobody comes in without the secret, or with more than a hello', async () => {
  const rig = await startRig()
  const { place } = rig.door
  for (const wrong of [
    enter({ ...place, secret: Buffer.alloc(32) }, 'tunnel', Buffer.of(1)),
    enter(place, 'tunnel', Buffer.alloc(5 * MEBIBYTE)),
    enter(place, 'nothing of ours' as 'tunnel'),
  ]) {
    wrong.on('error', () => {}) // a reset is one way of being closed
    await new Promise(resolve => wrong.once('close', resolve))
  }
  expect(rig.broker.attached).toEqual([])
})
