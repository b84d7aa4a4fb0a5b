import { describe, expect, it } from 'vitest'
import { encode } from '../../mqtt/index.ts'
import { application, device, type FakeClient, publishPacket, rig } from './fake-client.suite.ts'

const up = '/pk1/dev1/user/update'

function bytesOf(count: number, { qos = 0, size = 100 }: { qos?: 0 | 1 | 2; size?: number } = {}): Buffer {
  const packets = Array.from({ length: count }, (_, index) =>
    publishPacket(up, `${index}`.padEnd(size, '.'), { qos, packetId: index + 1 }),
  )
  return Buffer.concat(packets.map(packet => encode(packet, 4)))
}

/** Answers every message of QoS 1 that came; returns how many there were. */
function acknowledge(client: FakeClient): number {
  const messages = client.received().filter(packet => packet.type === 'publish')
  client.send(...messages.map(({ packetId = 0 }) => ({ type: 'puback', packetId, reasonCode: 0 }) as const))
  return messages.length
}

describe('QoS 1 to a client that acknowledges late', () => {
  it('stays within the window that the client asked for, and goes on in order [MQTT-3.3.4-9]', () => {
    const { client } = rig()
    const subscriber = client(application(), { level: 5, connect: { properties: { receiveMaximum: 2 } } })
    subscriber.subscribe('/pk1/#')
    const publisher = client(device())
    publisher.sendBytes(bytesOf(5, { qos: 1, size: 1 }))
    expect(publisher.received()).toHaveLength(5)
    const seen: string[] = []
    for (let round = 0; round < 3; round++) {
      const packets = subscriber.received().filter(packet => packet.type === 'publish')
      seen.push(packets.map(({ payload }) => payload.toString()).join())
      subscriber.send(...packets.map(({ packetId = 0 }) => ({ type: 'puback', packetId, reasonCode: 0 }) as const))
    }
    expect(seen).toEqual(['0,1', '2,3', '4'])
  })

  it('survives a client that sends more to itself than the window takes, before it reads', () => {
    const { client, broker } = rig()
    const own = client(device())
    own.subscribe('/pk1/dev1/#')
    own.sendBytes(bytesOf(4000, { qos: 1 }))
    let count = 0
    for (let got = acknowledge(own); got > 0; got = acknowledge(own)) count += got
    expect(count).toBe(4000)
    expect(own.isOpen).toBe(true)
    expect(broker.stats().queuedBytes).toBe(0)
  })

  it('ends the client when its queue is full, and drops what waited', () => {
    const { client, broker, incidents, presence, sweep } = rig({ inFlight: 10, queuedMessages: 100, patienceMs: 2000 })
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    const publisher = client(device())
    publisher.sendBytes(bytesOf(300, { qos: 1 }))
    expect(subscriber.isOpen).toBe(true)
    sweep(3)
    expect(subscriber.link.isDestroyed).toBe(true)
    expect(incidents).toMatchObject([{ reason: 'slow-reader', closed: true }])
    expect(presence.at(-1)).toMatchObject({ online: false, reason: 'slow-reader' })
    expect(broker.stats()).toMatchObject({ queuedBytes: 0, connections: 1, dropped: { 'session-ended': 100 } })
    expect(publisher.received()).toHaveLength(300)
    expect(publisher.link.isPaused).toBe(false)
  })

  it('keeps queues short when all of them together are over their bound', () => {
    const { client, incidents, sweep } = rig({ inFlight: 1, queuedMessages: 1000, queuedBytesTotal: 1000 })
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    client(device()).sendBytes(bytesOf(100, { qos: 1 }))
    sweep()
    expect(incidents).toMatchObject([{ reason: 'slow-reader' }])
  })
})

describe('a client that does not read', () => {
  it('slows its publisher, which goes on where it stopped when the client has read', () => {
    const { client, broker, runTurns } = rig()
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    subscriber.link.isRead = false
    const publisher = client(device())
    publisher.sendBytes(bytesOf(10_000))
    expect(publisher.link.isPaused).toBe(true)
    expect(subscriber.link.pendingBytes).toBeLessThan(600 * 1024)
    publisher.sendBytes(bytesOf(1))
    subscriber.link.drain()
    runTurns()
    expect(publisher.link.isPaused).toBe(false)
    expect(subscriber.messages()).toHaveLength(10_001)
    expect(broker.stats().dropped['slow-reader']).toBe(0)
  })

  it('holds its publishers for a while only; then QoS 0 to it is dropped and its memory stays bounded', () => {
    const { client, broker, sweep } = rig({ patienceMs: 2000 })
    const subscriber = client(application(), { keepAliveSeconds: 0 })
    subscriber.subscribe('/pk1/#')
    subscriber.link.isRead = false
    const publishers = Array.from({ length: 200 }, (_, index) => client(device(`dev${index + 1}`)))
    publishers[0]?.sendBytes(bytesOf(10_000))
    expect(publishers[0]?.link.isPaused).toBe(true)
    sweep(2)
    expect(publishers[0]?.link.isPaused).toBe(true)
    sweep(1)
    expect(publishers[0]?.link.isPaused).toBe(false)
    expect(subscriber.link.pendingBytes).toBeLessThan(1.2 * 1024 * 1024)
    expect(broker.stats().dropped['slow-reader']).toBeGreaterThan(0)
    expect(subscriber.isOpen).toBe(true)
    publishers[0]?.sendBytes(bytesOf(100))
    expect(publishers[0]?.link.isPaused).toBe(false)
  })

  it('is not waited for again once its publishers lost patience, also when another becomes congested', () => {
    const { client, sweep, runTurns } = rig({ patienceMs: 2000 })
    const [stuck, reader] = ['a', 'b'].map(id => client(application('all', id), { keepAliveSeconds: 0 }))
    if (stuck === undefined || reader === undefined) throw new Error('no subscribers')
    const publisher = client(device(), { keepAliveSeconds: 0 })
    stuck.subscribe('/pk1/#')
    stuck.link.isRead = false
    publisher.sendBytes(bytesOf(10_000))
    sweep(3)
    expect(publisher.link.isPaused).toBe(false)
    reader.subscribe('/pk1/#')
    reader.link.isRead = false
    publisher.sendBytes(bytesOf(10_000))
    expect(publisher.link.isPaused).toBe(true)
    reader.link.drain()
    runTurns()
    expect(publisher.link.isPaused).toBe(false)
  })

  it('does not hold up a publisher whose other subscribers read', () => {
    const { client } = rig()
    const subscribers = ['a', 'b', 'c'].map(id => client(application('all', id)))
    for (const subscriber of subscribers) subscriber.subscribe('/pk1/#')
    const [slow, ...others] = subscribers
    if (slow === undefined) throw new Error('no subscriber')
    slow.link.isRead = false
    const publisher = client(device())
    for (let chunk = 0; chunk < 20; chunk++) publisher.sendBytes(bytesOf(1000))
    expect(publisher.link.isPaused).toBe(false)
    for (const other of others) expect(other.messages()).toHaveLength(20_000)
    expect(slow.link.pendingBytes).toBeLessThan(1.2 * 1024 * 1024)
  })

  it('is not paused itself, so that two who wait for each other go on', () => {
    const { client, broker } = rig()
    const one = client(device('dev1'))
    const other = client(application())
    one.subscribe('/pk1/dev1/user/get')
    other.subscribe(up)
    for (const { link } of [one, other]) link.isRead = false
    one.sendBytes(bytesOf(10_000))
    expect(one.link.isPaused).toBe(true)
    const down = encode(publishPacket('/pk1/dev1/user/get', 'x'.repeat(1000)), 4)
    for (let count = 0; count < 1000; count++) other.sendBytes(down)
    expect([one.link.isPaused, other.link.isPaused]).toEqual([false, false])
    expect(broker.stats().connections).toBe(2)
  })

  it('is ended when even its acknowledgements pile up', () => {
    const { client, incidents } = rig({ unsentBytesMax: 10_000 })
    const publisher = client(device())
    publisher.link.isRead = false
    for (let chunk = 0; chunk < 30; chunk++) publisher.sendBytes(bytesOf(100, { qos: 1 }))
    expect(publisher.link.isDestroyed).toBe(true)
    expect(incidents).toMatchObject([{ reason: 'slow-reader' }])
  })

  it('frees its publishers when it leaves', () => {
    const { client } = rig()
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    subscriber.link.isRead = false
    const publisher = client(device())
    publisher.sendBytes(bytesOf(10_000))
    expect(publisher.link.isPaused).toBe(true)
    subscriber.hangUp()
    expect(publisher.link.isPaused).toBe(false)
  })

  it('forgets a publisher that leaves while it waits', () => {
    const { client, runTurns, errors } = rig()
    const subscriber = client(application())
    subscriber.subscribe('/pk1/#')
    subscriber.link.isRead = false
    const publisher = client(device())
    publisher.sendBytes(bytesOf(10_000))
    publisher.hangUp()
    subscriber.link.drain()
    runTurns()
    expect(publisher.link.isPaused).toBe(true)
    expect(errors).toEqual([])
  })

  it('does not make a paused publisher miss its keep alive', () => {
    const { client, sweep } = rig({ patienceMs: 1_000_000 })
    const subscriber = client(application(), { keepAliveSeconds: 0 })
    subscriber.subscribe('/pk1/#')
    subscriber.link.isRead = false
    const publisher = client(device(), { keepAliveSeconds: 30 })
    publisher.sendBytes(bytesOf(10_000))
    sweep(100)
    expect(publisher.isOpen).toBe(true)
  })
})

it('goes on after a link that sent everything without being blocked, and so had no drain to tell of', () => {
  const { client, runTurn } = rig()
  const subscriber = client(application())
  subscriber.subscribe('/pk1/#')
  subscriber.link.isRead = false
  const publisher = client(device())
  publisher.push(bytesOf(10_000))
  expect(publisher.link.isPaused).toBe(true)
  for (let turn = 0; turn < 10; turn++) {
    runTurn()
    subscriber.link.pendingBytes = 0
  }
  expect(publisher.link.isPaused).toBe(false)
  expect(subscriber.messages()).toHaveLength(10_000)
})
