import { describe, expect, it } from 'vitest'
import { application, device, type FakeClient, plainSubscription, publishPacket } from '../fake-client.suite.ts'
import { type DurableRig, durableRig, lasting } from './durable-rig.suite.ts'

const count = 10
const window = 3
const topicOf = (number: number): string => `/pk1/dev${number}/user/update`
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at)

/** As many messages as `count` are retained. */
async function retaining(qos: 0 | 1 | 2 = 1): Promise<DurableRig> {
  const made = await durableRig({ inFlight: window })
  const publisher = made.client(application('all', 'publisher'))
  for (const number of numbers(0, count)) {
    publisher.send(publishPacket(topicOf(number), String(number), { qos, packetId: number + 1, retain: true }))
  }
  await made.commit()
  publisher.hangUp()
  return made
}

function subscribe(client: FakeClient, options: Partial<typeof plainSubscription> & { filter?: string } = {}): void {
  const subscriptions = [{ ...plainSubscription, filter: '/pk1/#', qos: 1 as const, ...options }]
  client.send({ type: 'subscribe', packetId: 1, subscriptions })
}

/** Takes and acknowledges what comes until nothing more does; tells the numbers of the messages, in their order. */
async function takeAll(made: DurableRig, client: FakeClient): Promise<number[]> {
  const got: number[] = []
  for (;;) {
    const packets = client.received()
    if (packets.length === 0) return got
    for (const packet of packets) {
      if (packet.type === 'pubrel') client.send({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 })
      if (packet.type !== 'publish') continue
      const { packetId = 0, qos, payload, dup } = packet
      if (!dup) got.push(Number(payload.toString()))
      if (qos > 0) client.send({ type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode: 0 })
    }
    await made.commit()
  }
}

/** A new subscriber, which has got the first messages of all when its connection ends. */
async function cutOff(made: DurableRig, qos: 1 | 2 = 1): Promise<void> {
  const client = made.client(application(), lasting(5))
  await made.commit()
  subscribe(client, { qos: qos as 0 })
  await made.commit()
  expect(client.messages()).toHaveLength(window)
  client.hangUp()
}

const comeBack = (made: DurableRig): FakeClient => made.client(application(), lasting(5))

describe('a session cut off while its subscription’s retained messages come', () => {
  it.each([1, 2] as const)('gets the rest when it is back, each once (QoS %i)', async qos => {
    const made = await retaining(qos)
    await cutOff(made, qos)
    expect(await takeAll(made, comeBack(made))).toEqual(numbers(window, count))
  })

  it('gets it over as many connections as it needs', async () => {
    const made = await retaining()
    await cutOff(made)
    const got = new Set<string>()
    for (let connections = 0; connections < 4; connections++) {
      const client = comeBack(made)
      for (const packet of client.received()) {
        if (packet.type !== 'publish') continue
        got.add(packet.payload.toString())
        client.send({ type: 'puback', packetId: packet.packetId ?? 0, reasonCode: 0 })
      }
      client.hangUp() // before it has read what that made room for
    }
    expect([...got]).toEqual(numbers(0, count).map(String))
    await made.commit()
    expect(await takeAll(made, comeBack(made))).toEqual([])
  })

  it('gets all of it once more when the server was killed: nothing is missing', async () => {
    const made = await retaining()
    await cutOff(made)
    await made.commit()
    const next = await made.restart()
    expect(new Set(await takeAll(next, comeBack(next)))).toEqual(new Set(numbers(0, count)))
    expect(await takeAll(next, comeBack(next))).toEqual([])
  })

  it('gets it when the server was killed before the first of them left', async () => {
    const made = await retaining()
    const client = made.client(application(), lasting(5))
    subscribe(client)
    await made.commit()
    const next = await made.restart()
    expect(new Set(await takeAll(next, comeBack(next)))).toEqual(new Set(numbers(0, count)))
  })

  it('gets nothing again that it has got whole, killed or not', async () => {
    const made = await retaining()
    const client = made.client(application(), lasting(5))
    subscribe(client)
    await made.commit()
    expect(await takeAll(made, client)).toHaveLength(count)
    await made.commit()
    client.hangUp()
    expect(comeBack(made).messages()).toEqual([])
    const next = await made.restart()
    expect(comeBack(next).messages()).toEqual([])
  })

  it('goes on behind what has gone meanwhile, and gets what has come once more at most', async () => {
    const made = await retaining()
    await cutOff(made)
    const publisher = made.client(application('all', 'publisher'))
    for (const number of [1, 2, 7]) publisher.send(publishPacket(topicOf(number), '', { retain: true }))
    publisher.send(publishPacket(topicOf(20), '20', { qos: 1, retain: true }))
    await made.commit()
    const got = await takeAll(made, comeBack(made))
    const rest = numbers(window, count).filter(number => number !== 7)
    expect([...new Set(got)].toSorted((one, other) => one - other)).toEqual([0, ...rest, 20])
  })

  it('that has unsubscribed gets no more of it', async () => {
    const made = await retaining()
    await cutOff(made)
    const client = comeBack(made)
    client.send({ type: 'unsubscribe', packetId: 1, filters: ['/pk1/#'] })
    await made.commit()
    client.hangUp()
    expect(await takeAll(made, comeBack(made))).toEqual([])
    await made.commit()
    const next = await made.restart()
    expect(await takeAll(next, comeBack(next))).toEqual([])
  })

  it.each([
    [0, numbers(0, count)],
    [1, numbers(window, count)],
  ] as const)(
    'that subscribes anew gets what Retain Handling %i says, the rest at least [MQTT-3.3.1-9] [MQTT-3.3.1-10]',
    async (retainHandling, expected) => {
      const made = await retaining()
      await cutOff(made)
      const client = comeBack(made)
      client.received()
      for (const packetId of numbers(1, window + 1)) client.send({ type: 'puback', packetId, reasonCode: 0 })
      const early = client.messages().map(message => Number(message.split(' ')[1]))
      subscribe(client, { retainHandling: retainHandling as 0 })
      for (const packetId of numbers(window + 1, 2 * window + 1))
        client.send({ type: 'puback', packetId, reasonCode: 0 })
      await made.commit()
      const got = new Set([...(retainHandling === 0 ? [] : early), ...(await takeAll(made, client))])
      expect([...got].toSorted((one, other) => one - other)).toEqual(expected)
    },
  )

  it('that starts clean gets none of it', async () => {
    const made = await retaining()
    await cutOff(made)
    const clean = { level: 5, connect: { ...lasting(5).connect, cleanStart: true } } as const
    expect(made.client(application(), clean).messages()).toEqual([])
    await made.commit()
    const next = await made.restart()
    expect(comeBack(next).messages()).toEqual([])
  })

  it('of a device that the server subscribes gets the rest too', async () => {
    const made = await durableRig({ inFlight: window })
    const publisher = made.client(application('all', 'publisher'))
    for (const number of numbers(0, count)) {
      publisher.send(publishPacket(`/pk1/dev1/user/${number}`, String(number), { qos: 1, retain: true }))
    }
    const options = { ...lasting(5), serverSubscriptions: ['/pk1/dev1/#'] }
    const client = made.client(device(), options)
    await made.commit()
    expect(client.messages()).toHaveLength(window)
    client.hangUp()
    expect(await takeAll(made, made.client(device(), options))).toEqual(numbers(window, count))
  })
})

it('a subscription whose retained messages are all given at once is written once', async () => {
  const made = await retaining()
  made.client(device('dev1'), { ...lasting(5), serverSubscriptions: [topicOf(1)] })
  await made.commit()
  const written = made.store.commits.flat().filter(change => change.do === 'subscribe')
  expect(written).toMatchObject([{ filter: topicOf(1), owesRetained: false }])
})

it('a client that does not acknowledge large retained messages is waited for, and not taken for a slow reader', async () => {
  const made = await durableRig({ queuedBytes: 100_000 })
  const publisher = made.client(application('all', 'publisher'))
  for (const number of numbers(0, count)) {
    publisher.send(publishPacket(topicOf(number), String(number).padStart(30_000), { qos: 1, retain: true }))
  }
  await made.commit()
  const client = made.client(application(), lasting(5))
  await made.commit()
  subscribe(client)
  await made.commit()
  expect(client.isOpen).toBe(true)
  expect(await takeAll(made, client)).toEqual(numbers(0, count))
})
