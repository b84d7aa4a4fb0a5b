import { describe, expect, it } from 'vitest'
import { application, device, type FakeClient, plainSubscription } from '../fake-client.suite.ts'
import { type DurableRig, durableRig, lasting } from './durable-rig.suite.ts'

const up = '/pk1/dev1/user/update'
const shared = '$share/workers//pk1/#'

function join(client: FakeClient, qos: 1 | 2 = 1, filter = shared): void {
  client.send({ type: 'subscribe', packetId: 1, subscriptions: [{ ...plainSubscription, filter, qos }] })
}

it('gives an absent member of a shared group what those on line have no room for', async () => {
  const made = await durableRig({ inFlight: 1, queuedMessages: 2 })
  const absent = made.client(application('all', 'absent'), lasting(4))
  join(absent)
  await made.commit()
  absent.hangUp()
  const present = made.client(application('all', 'present'))
  present.subscribe(shared)
  const publisher = made.client(device())
  for (const payload of ['0', '1', '2', '3', '4']) publisher.publish(up, payload, { qos: 1 })
  made.pass(3) // the publisher is slowed no longer than that
  await made.commit()
  expect(present.isOpen).toBe(true)
  const back = made.client(application('all', 'absent'), lasting(4))
  expect(back.messages()).toEqual([`${up} 3 1`])
  back.send({ type: 'puback', packetId: 1, reasonCode: 0 })
  expect(back.messages()).toEqual([`${up} 4 1`])
  expect(made.broker.stats().dropped).toMatchObject({ 'slow-reader': 0, 'queue-full': 0 })
})

describe.each([
  ['before', 0],
  ['after', 1],
  ['after more than', 2],
] as const)('a member that ends %s a restart', (_when, restarts) => {
  const absent = application('all', 'absent')

  async function restarted(made: DurableRig): Promise<DurableRig> {
    let now = made
    for (let count = 0; count < restarts; count++) {
      await now.commit()
      now = await now.restart()
    }
    return now
  }

  /** A member goes with three messages in its queue. */
  async function gone(): Promise<DurableRig> {
    const made = await durableRig()
    const member = made.client(absent, lasting(5))
    join(member)
    await made.commit()
    member.hangUp()
    const publisher = made.client(device())
    for (const payload of ['0', '1', '2']) publisher.publish(up, payload, { qos: 1 })
    await made.commit()
    return restarted(made)
  }

  it.each([
    ['because its time is over', made => made.pass(101)],
    ['because it is forgotten', made => made.broker.forget('@key1/absent', 'device-deleted')],
    ['because its client starts clean', made => made.client(absent)],
  ] as [string, (made: DurableRig) => unknown][])('leaves its queue to the others %s', async (_why, end) => {
    const made = await gone()
    const other = made.client(application('all', 'other'), { keepAliveSeconds: 0 })
    join(other)
    other.received()
    end(made)
    made.runTurns()
    expect(other.messages()).toEqual([0, 1, 2].map(payload => `${up} ${payload} 1`))
    expect(made.broker.stats().dropped['session-ended']).toBe(0)
    await made.commit()
    expect((await made.store.load()).messages.size).toBe(0)
  })

  it('leaves it to another that is away, which has it after a crash', async () => {
    const made = await gone()
    const other = made.client(application('all', 'other'), lasting(5, 1000))
    join(other)
    await made.commit()
    other.hangUp()
    made.pass(101)
    await made.commit()
    const back = (await made.restart()).client(application('all', 'other'), lasting(5, 1000))
    expect(back.messages()).toEqual([0, 1, 2].map(payload => `${up} ${payload} 1`))
  })

  it('leaves none of it to members of other groups, and has it counted as lost', async () => {
    const made = await gone()
    const other = made.client(application('all', 'other'), { keepAliveSeconds: 0 })
    join(other, 1, '$share/others//pk1/#')
    other.received()
    made.pass(101)
    expect(other.messages()).toEqual([])
    expect(made.broker.stats().dropped['session-ended']).toBe(3)
  })

  it('keeps to itself what may have been sent to it with QoS 2 [MQTT-4.8.2-5]', async () => {
    const first = await durableRig({ inFlight: 1 })
    const member = first.client(absent, lasting(5))
    join(member, 2)
    await first.commit()
    const publisher = first.client(device())
    for (const packetId of [1, 2]) publisher.publish(up, String(packetId), { qos: 2, packetId })
    await first.commit()
    member.hangUp()
    const made = await restarted(first)
    const other = made.client(application('all', 'other'), { keepAliveSeconds: 0 })
    join(other, 2)
    other.received()
    made.pass(101)
    expect(other.messages()).toEqual([`${up} 2 2`])
  })
})
